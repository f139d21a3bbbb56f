"""Assess a file of messages row by row: CSV, JSONL or Parquet, in the memory of a few chunks.

The output has the columns of the input and then `RESULT_COLUMNS`, in the order of the input. A row that cannot be read
or has no text keeps its place: its ``error`` says why, and so does a line on stderr.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from clienttone.errors import DataError, explain
from clienttone.integrations.formats import FORMATS, TABLES, Table, need
from clienttone.integrations.rows import RESULT_COLUMNS, AssessMany, Cell, Chunk, Result, TableOptions, score_cells
from clienttone.workers import in_order

__all__ = ["FORMATS", "RESULT_COLUMNS", "AssessMany", "Counts", "TableOptions", "assess_table"]

_REPORTED = 100  # lines on stderr; every bad row has its error in the output


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows written, and how many of them have an error."""

    rows: int
    failed: int


def _scored(
    assess_many: AssessMany, chunks: Iterator[Chunk], workers: int
) -> Generator[tuple[Chunk, list[Result]], None, None]:
    """Each chunk with its results, in order; with several workers, only a few chunks are under way at a time."""
    waiting: deque[Chunk] = deque()

    def cells() -> Iterator[list[Cell]]:
        for chunk in chunks:
            waiting.append(chunk)
            yield chunk.cells

    for results in in_order(partial(score_cells, assess_many), cells(), workers, threads=False):
        yield waiting.popleft(), results


def _format(source: Path, target: Path, named: str | None) -> str:
    suffixes = {path: path.suffix.lower().removeprefix(".") for path in (source, target)}
    found = named or suffixes[source]
    if found not in FORMATS:
        raise DataError(explain(source, f"a file of type {', '.join(FORMATS)}", f"{found!r}", "Use --format."))
    if suffixes[target] in FORMATS and suffixes[target] != found:
        raise DataError(
            explain(target, f"a name ending in .{found}", target.suffix, "Input and output have one format.")
        )
    return found


def _check_target(source: Path, target: Path, overwrite: bool) -> None:
    if not target.parent.is_dir():
        raise DataError(explain(target.parent, "a folder for the output", "none", "Make it first."))
    if target.is_dir():
        raise DataError(explain(target, "a file name", "a folder", "Add the name of the output file."))
    if target.exists() and target.samefile(source):
        raise DataError(explain(target, "an output of its own", "the input", "Name another output file."))
    if target.exists() and not overwrite:
        raise DataError(explain(target, "a new file", "one that exists", "Use --overwrite to replace it."))


def _check_columns(table: Table, options: TableOptions) -> None:
    # never names a column of the file: without a header, the first line is a message
    where, columns = table.source.name, table.columns
    for name in filter(None, (options.text_column, options.id_column)):
        if name not in columns:
            remedy = "Name the column with --text-column or --id-column."
            raise DataError(explain(where, f"a column {name!r}", f"{len(columns)} other columns", remedy))
    if repeated := [i + 1 for i, name in enumerate(columns) if name in columns[:i]]:
        found = f"an earlier name in column {repeated[0]}"
        raise DataError(explain(where, "every column name once", found, "Rename the column."))
    if clash := [name for name in options.results() if name in columns]:
        found = f"columns of these names: {', '.join(clash)}"
        raise DataError(explain(where, "room for the result columns", found, "Rename them in the input."))


@contextmanager
def _whole_or_nothing(target: Path, check: Callable[[], None]) -> Iterator[BinaryIO]:
    """A temporary file beside ``target`` that takes its name only when the block ends well."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("xb") as handle:
            yield handle
        check()  # once more: the name may have been taken since
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


class _Reporter:
    """The progress bar and the lines about bad rows, both on stderr."""

    def __init__(self, table: Table, progress: bool) -> None:
        hidden = None if progress else True  # None: shown on a terminal
        self._bar = need("tqdm").tqdm(
            total=table.total, unit=table.unit, unit_scale=True, file=sys.stderr, disable=hidden, dynamic_ncols=True
        )
        self.rows = self.failed = 0

    def add(self, chunk: Chunk) -> None:
        for cell in chunk.cells:
            self.rows += 1
            if cell.problem:
                self._bad(cell)
        self._bar.update(chunk.position - self._bar.n)

    def _bad(self, cell: Cell) -> None:
        self.failed += 1
        if self.failed <= _REPORTED:
            name = f" ({cell.id[:80]!a})" if cell.id else ""
            self._bar.write(f"row {self.rows}{name}: {cell.problem}", file=sys.stderr)
        elif self.failed == _REPORTED + 1:
            self._bar.write("more bad rows: see the error column of the output", file=sys.stderr)

    def close(self) -> None:
        self._bar.close()


def _run(table: Table, out: BinaryIO, assess_many: AssessMany, reporter: _Reporter) -> None:
    scoring = _scored(assess_many, table.chunks(), table.options.workers)
    with closing(scoring) as scored, table.writing(out) as write:
        for chunk, results in scored:
            write(chunk, results)
            reporter.add(chunk)


def assess_table(
    source: str | Path, target: str | Path, assess_many: AssessMany, options: TableOptions | None = None
) -> Counts:
    """Assess every row of ``source`` into ``target``; rows are counted from 1, without the header.

    ``target`` appears only when all rows are written: an error or an interrupt leaves nothing behind. CSV joins several
    values with "; ", JSONL and Parquet hold lists. Raises `DataError` before any work for a file that cannot be used,
    `MissingExtra` without tqdm or, for Parquet, pyarrow, and ``OSError``.
    """
    options, source, target = options or TableOptions(), Path(source), Path(target)
    kind = TABLES[_format(source, target, options.format)]
    check = partial(_check_target, source, target, options.overwrite)
    with source.open("rb") as handle:
        check()
        table = kind(handle, options)
        _check_columns(table, options)
        with closing(_Reporter(table, options.progress)) as reporter, _whole_or_nothing(target, check) as out:
            _run(table, out, assess_many, reporter)
    return Counts(reporter.rows, reporter.failed)
