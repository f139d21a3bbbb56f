"""Reads and writes the formats of a table: CSV, JSONL and Parquet.

CSV and JSONL are read with the standard library, which, unlike a data frame, tells the number of a bad row and reads on
behind it; every CSV value stays the text it was.
"""

from __future__ import annotations

import codecs
import csv
import importlib
import io
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any, BinaryIO

from clienttone.errors import DataError, MissingExtra, explain
from clienttone.integrations.rows import LISTS, Cell, Chunk, Result, TableOptions
from clienttone.results import LABELS

_CHUNK_CHARACTERS = 8_000_000  # a chunk of huge messages is closed before it has all its rows
_FIELD_CHARACTERS = 16_000_000  # a quote that is never closed ends here and not with the memory
_LOOK_AHEAD = 100  # JSONL rows whose keys are taken as the columns
_JOINED_BY = "; "

Write = Callable[[Chunk, list[Result]], None]


class Table(ABC):
    """An open input of one format, and the writer that belongs to it; ``total`` is its size in ``unit``."""

    unit = "B"
    total: int
    columns: Sequence[str]

    def __init__(self, source: BinaryIO, options: TableOptions) -> None:
        self.source, self.options = source, options
        self.total = os.fstat(source.fileno()).st_size

    @abstractmethod
    def chunks(self) -> Iterator[Chunk]:
        """The rows in order, at most ``chunk_size`` at a time."""

    @abstractmethod
    def writing(self, target: BinaryIO) -> AbstractContextManager[Write]:
        """A function that appends a chunk and its results to ``target``; what must stand around them is written too."""

    def _grouped(self, rows: Iterable[tuple[Any, Cell]]) -> Iterator[Chunk]:
        chunk, size = Chunk([], [], 0), 0
        for row, cell in rows:
            chunk.rows.append(row)
            chunk.cells.append(cell)
            size += len(cell.text)
            if len(chunk.cells) >= self.options.chunk_size or size >= _CHUNK_CHARACTERS:
                yield replace(chunk, position=self.source.tell())
                chunk, size = Chunk([], [], 0), 0
        yield replace(chunk, position=self.total)


class _Csv(Table):
    """Bytes that are not UTF-8 pass through unchanged (surrogateescape); only a bad text makes a bad row."""

    def __init__(self, source: BinaryIO, options: TableOptions) -> None:
        super().__init__(source, options)
        csv.field_size_limit(_FIELD_CHARACTERS)
        self._text = io.TextIOWrapper(source, encoding="utf-8-sig", errors="surrogateescape", newline="")
        self._reader = csv.reader(self._text)
        try:
            self.columns = next(self._reader, [])
        except csv.Error as error:
            raise DataError(explain(source.name, "a CSV header", str(error), "Check the first line.")) from error

    def chunks(self) -> Iterator[Chunk]:
        return self._grouped(self._rows())

    def _rows(self) -> Iterator[tuple[list[str], Cell]]:
        while True:
            try:
                row = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield [""] * len(self.columns), Cell(problem=f"not CSV: {error}")
                continue
            if row:  # a blank line is no row
                yield self._fitted(row)

    def _fitted(self, row: list[str]) -> tuple[list[str], Cell]:
        size = len(self.columns)
        values = dict(zip(self.columns, row + [""] * size, strict=False))
        id_ = values[self.options.id_column] if self.options.id_column else ""
        text = values[self.options.text_column]
        problem = "the text is not UTF-8" if _has_surrogates(text) else ""
        if len(row) != size:
            problem = f"expected {size} fields, found {len(row)}"
        return list(values.values()), Cell("" if problem else text, problem, id_)

    @contextmanager
    def writing(self, target: BinaryIO) -> Iterator[Write]:
        writer = csv.writer(codecs.getwriter("utf-8")(target, "surrogateescape"))
        added = self.options.results()
        writer.writerow([*self.columns, *added])

        def write(chunk: Chunk, results: list[Result]) -> None:
            for row, result in zip(chunk.rows, results, strict=True):
                writer.writerow([*row, *(_as_text(result[name]) for name in added)])

        yield write


class _Jsonl(Table):
    """One object a line; the columns are those of the first lines, later lines may have others."""

    def __init__(self, source: BinaryIO, options: TableOptions) -> None:
        super().__init__(source, options)
        self.columns = list(dict.fromkeys(key for row, _ in islice(self._rows(), _LOOK_AHEAD) for key in row))
        source.seek(0)

    def chunks(self) -> Iterator[Chunk]:
        return self._grouped(self._rows())

    def _rows(self) -> Iterator[tuple[dict[str, Any], Cell]]:
        for line in iter(self.source.readline, b""):
            if not line.strip():
                continue
            try:
                row = json.loads(line.removeprefix(codecs.BOM_UTF8))
            except (ValueError, RecursionError) as error:
                yield {}, Cell(problem=f"not JSON: {_json_problem(error)}")
                continue
            yield (row, self._cell(row)) if isinstance(row, dict) else ({}, Cell(problem="not a JSON object"))

    def _cell(self, row: dict[str, Any]) -> Cell:
        id_ = str(row.get(self.options.id_column, "")) if self.options.id_column else ""
        clash = [name for name in self.options.results() if name in row]
        if clash:
            return Cell(problem=f"has a column {clash[0]!r} of its own, which was replaced", id=id_)
        return _text_cell(row.get(self.options.text_column), id_)

    @contextmanager
    def writing(self, target: BinaryIO) -> Iterator[Write]:
        added = self.options.results()

        def write(chunk: Chunk, results: list[Result]) -> None:
            for row, result in zip(chunk.rows, results, strict=True):
                target.write(_json_line({**row, **{name: result[name] for name in added}}))

        yield write


class _Parquet(Table):
    """Columns of the input keep their types; the text column must be of a string type."""

    unit = "row"

    def __init__(self, source: BinaryIO, options: TableOptions) -> None:
        super().__init__(source, options)
        self._arrow, self._parquet = need("pyarrow"), need("pyarrow.parquet")
        with self._sound():
            self._file = self._parquet.ParquetFile(source, pre_buffer=False)
        self._schema, self.total = self._file.schema_arrow, self._file.metadata.num_rows
        self.columns = self._schema.names
        if options.text_column in self.columns:
            self._check_type(self._schema.field(options.text_column).type)

    @contextmanager
    def _sound(self) -> Iterator[None]:
        try:
            yield
        except (self._arrow.ArrowException, OSError, ValueError) as error:
            found = f"a damaged or other one ({type(error).__name__})"
            raise DataError(explain(self.source.name, "a Parquet file", found, "Check it, or use --format.")) from error

    def _check_type(self, found: Any) -> None:
        types = self._arrow.types
        plain = found.value_type if types.is_dictionary(found) else found
        if not (types.is_string(plain) or types.is_large_string(plain) or types.is_string_view(plain)):
            where = f"{self.source.name}, column {self.options.text_column!r}"
            raise DataError(explain(where, "a string column", found, "Name the column of the messages."))

    def chunks(self) -> Iterator[Chunk]:
        position, id_column = 0, self.options.id_column
        with self._sound():
            for batch in self._file.iter_batches(batch_size=self.options.chunk_size):
                texts = batch.column(self.options.text_column).to_pylist()
                ids = batch.column(id_column).to_pylist() if id_column else [""] * len(texts)
                position += len(texts)
                yield Chunk(batch, [_text_cell(x, str(y)) for x, y in zip(texts, ids, strict=True)], position)

    @contextmanager
    def writing(self, target: BinaryIO) -> Iterator[Write]:
        added = [self._arrow.field(name, self._type(name)) for name in self.options.results()]
        schema = self._arrow.schema([*self._schema, *added], self._schema.metadata)

        def write(chunk: Chunk, results: list[Result]) -> None:
            new = [self._arrow.array([x[field.name] for x in results], field.type) for field in added]
            writer.write_batch(self._arrow.RecordBatch.from_arrays([*chunk.rows.columns, *new], schema=schema))

        with self._parquet.ParquetWriter(target, schema) as writer:
            yield write

    def _type(self, name: str) -> Any:
        if name in LABELS:
            return self._arrow.float64()
        if name == "reliable":
            return self._arrow.bool_()
        return self._arrow.list_(self._arrow.string()) if name in LISTS else self._arrow.string()


TABLES: dict[str, type[Table]] = {"csv": _Csv, "jsonl": _Jsonl, "parquet": _Parquet}
FORMATS = tuple(TABLES)


def need(module: str) -> Any:
    """Import an optional module; raises `MissingExtra` with the command that installs it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        raise MissingExtra(f"{name} is not installed. Run: pip install 'clienttone[batch]'") from error


def _has_surrogates(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= ch <= "\udfff" for ch in text)


def _text_cell(value: object, id_: str) -> Cell:
    if isinstance(value, str):
        return Cell(value, id=id_)
    problem = "the text is missing" if value is None else f"the text is of type {type(value).__name__}"
    return Cell(problem=problem, id=id_)


def _json_problem(error: Exception) -> str:
    """What is wrong with a line, without its words."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos + 1}"
    return "not UTF-8" if isinstance(error, UnicodeDecodeError) else "too deep or too long a value"


def _json_line(row: dict[str, Any]) -> bytes:
    try:
        return (json.dumps(row, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:  # lone surrogates have no UTF-8, but an escape
        return (json.dumps(row) + "\n").encode()


def _as_text(value: object) -> str:
    if isinstance(value, list):
        return _JOINED_BY.join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
