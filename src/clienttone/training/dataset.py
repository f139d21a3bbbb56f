"""Training examples: our own messages and, where the corpora folder is at hand, public corpora beside them.

``data/`` holds our messages, our labels of public messages (ids only) and ``sources.toml``. The texts of public corpora
stay in a folder of the user's (``corpora``), under the file names that ``sources.toml`` gives.
"""

from __future__ import annotations

import csv
import glob
import hashlib
import html
import re
import tempfile
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from clienttone.errors import DataError, MissingExtra, explain
from clienttone.results import LABELS

Licence = Literal["all", "permissive"]
Row = Mapping[str, Any]
Found = Iterator[tuple[str, "Example"]]  # with the key of the source in sources.toml

# Chosen by grouped cross-validation; real messages are the nearest to what the model will meet, ours hold most rare cases.
OWN_WEIGHT, REAL_WEIGHT, ANNOTATED_WEIGHT = 2.0, 2.0, 1.0

_TEXT = ("id", "text", "lang")
_TAKE_AGAIN = "Take the file from the repository again."
_HANDLE_OR_LINK = re.compile(r"https?://\S+|www\.\S+|@\w+")
# \w leaves out combining marks, which carry the vowels of Devanagari
_NOT_WORD = re.compile(r"[^\w\u0300-\u036f\u0900-\u0963]+")


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled message.

    ``domain`` is own-<lang>, social, real-<lang>, annotated or aux-<corpus>; ``group`` keeps variants of one message or
    one conversation together, so that no split may cut it. ``split`` is train or dev; ``stratum`` says how the message
    was drawn (random is an unbiased sample of its source; own messages bear their collection; "" if unknown).
    ``labels`` maps the known ones of `LABELS` to 0 or 1, and ``weights`` the same names to sample weights (> 0).
    ``kinds`` (of `THREAT_KINDS`) and ``patterns`` (of `PATTERNS`) are None where nobody has looked for them.
    """

    id: str
    text: str
    lang: str
    domain: str
    group: str
    split: str
    stratum: str
    labels: Mapping[str, int]
    kinds: tuple[str, ...] | None
    patterns: tuple[str, ...] | None
    weights: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Source:
    """A corpus of ``sources.toml``: ``file`` inside the corpora folder, ``use`` a sample weight for each label used."""

    name: str
    original: str
    licence: str
    permissive: bool
    url: str
    file: str
    use: Mapping[str, float]


def load(data: Path, corpora: Path | None = None, licence: Licence = "all") -> list[Example]:
    """All examples, always in the same order: own, real, annotated, aux.

    Without ``corpora`` these are the messages of ``data`` alone. A train text that equals a dev text (but for case,
    handles, links and punctuation) is left out, and so is an annotated or aux text that was met before.
    ``licence="permissive"`` keeps only what is in the public domain, CC0, CC BY, MIT or ours, of the dev split too.
    Raises `DataError` for a file that is missing or damaged, `MissingExtra` without clienttone[train].
    """
    if licence not in ("all", "permissive"):
        raise ValueError(f'licence must be "all" or "permissive", not {licence!r}')
    sources = read_sources(data)
    found = list(_own(data))
    if corpora is not None:
        annotated = list(_annotated(data, corpora, sources))
        done = {example.id for _, example in annotated}
        found += [*_real(data, corpora), *annotated, *_aux(corpora, sources, done)]
    return [example for key, example in _without_repeats(found) if licence == "all" or sources[key].permissive]


def read_sources(data: Path) -> dict[str, Source]:
    """The corpora of ``sources.toml`` by key (own.messages, real.cfpb, aux.olid ...), in file order."""
    path = data / "sources.toml"
    fields = ("name", "original", "licence", "permissive", "url", "file")
    try:
        parts = tomllib.loads(path.read_text(encoding="utf-8"))
        tables = {f"{part}.{key}": table for part, tables in parts.items() for key, table in tables.items()}
        return {key: Source(**{field: t[field] for field in fields}, use=t.get("use", {})) for key, t in tables.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(explain(path, f"tables with {', '.join(fields)}", repr(error), _TAKE_AGAIN)) from error


def verify(data: Path) -> None:
    """Compare the files of ``data`` with ``SHA256SUMS``; `DataError` names the first that differs or is gone."""
    sums = data / "SHA256SUMS"
    if not sums.is_file():
        raise DataError(explain(sums, "the checksums of the data files", "no file", _TAKE_AGAIN))
    for line in sums.read_text(encoding="utf-8").splitlines():
        expected, _, name = line.partition("  ")
        path = data / name
        found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no file"
        if found != expected:
            remedy = f"{_TAKE_AGAIN} If you changed it on purpose, write SHA256SUMS anew."
            raise DataError(explain(path, f"SHA-256 {expected}", found, remedy))


def fold(text: str) -> str:
    """A text as compared for equality: without case, handles, links, punctuation; one without words keeps its signs."""
    lowered = unicodedata.normalize("NFC", html.unescape(text)).casefold()
    return _NOT_WORD.sub(" ", _HANDLE_OR_LINK.sub(" ", lowered)).strip() or " ".join(lowered.split())


def _without_repeats(found: list[tuple[str, Example]]) -> Found:
    """Keep all of dev; of train what is not in dev; of annotated and aux only what was not met before."""
    dev = {fold(example.text) for _, example in found if example.split == "dev"}
    seen: set[str] = set()
    for key, example in found:
        text = fold(example.text)
        new = text not in seen or not key.startswith("aux.")
        if example.split == "dev" or (text not in dev and new):
            yield key, example
        seen.add(text)


def _own(data: Path) -> Found:
    paths = sorted((data / "messages").glob("*.jsonl"))
    if not paths:
        raise DataError(explain(data / "messages", "files <language>.jsonl", "none", _TAKE_AGAIN))
    for path in paths:
        for row in _rows(path, (*_TEXT, *LABELS, "threat_kinds", "patterns", "collection", "family", "split")):
            domain = "social" if row["collection"] == "social" else f"own-{row['lang']}"
            place = (domain, row["family"], row["split"], row["collection"])
            kinds, patterns = tuple(row["threat_kinds"]), tuple(row["patterns"])
            yield "own.messages", _example(row, place, _labels(row, path), kinds, patterns, OWN_WEIGHT)


def _real(data: Path, corpora: Path) -> Found:
    table = data / "annotations" / "real.csv"
    texts = {row["id"]: row for row in _rows(corpora / "real" / "messages.jsonl.gz", _TEXT)}
    for row in _csv(table, ("id", *LABELS, "threat_kinds", "split", "stratum", "group")):
        message = _joined(texts, row["id"], table)
        source = row["group"].partition(":")[0]
        place = (f"real-{message['lang']}", row["group"], row["split"], row["stratum"])
        yield f"real.{source}", _example(message, place, _labels(row, table), _kinds(row), None, REAL_WEIGHT)


def _annotated(data: Path, corpora: Path, sources: Mapping[str, Source]) -> Found:
    table = data / "annotations" / "aux.csv"
    rows = _csv(table, ("corpus", "id", *LABELS, "threat_kinds"))
    names = dict.fromkeys(row["corpus"] for row in rows)
    files = {name: corpora / _joined(sources, f"aux.{name}", table).file for name in names}
    texts = {(name, row["id"]): row for name, path in files.items() for row in _rows(path, _TEXT)}
    for row in rows:
        id = f"{row['corpus']}:{row['id']}"
        message = {**_joined(texts, (row["corpus"], row["id"]), table), "id": id}
        place = ("annotated", id, "train", "")
        labels = _labels(row, table)
        yield f"aux.{row['corpus']}", _example(message, place, labels, _kinds(row), None, ANNOTATED_WEIGHT)


def _aux(corpora: Path, sources: Mapping[str, Source], done: set[str]) -> Found:
    """The corpora of which a label is used, with their own labels; ``done`` are the ids that we labelled ourselves."""
    for key, source in sources.items():
        if not (key.startswith("aux.") and source.use):
            continue
        name, path = key.removeprefix("aux."), corpora / source.file
        for row in _rows(path, (*_TEXT, *LABELS, "threat_kinds")):
            id = f"{name}:{row['id']}"
            labels = {label: value for label, value in _labels(row, path).items() if label in source.use}
            kinds = tuple(row["threat_kinds"]) if "threat" in labels else None
            if labels and id not in done:
                place = (f"aux-{name}", id, "train", "")
                yield key, _example({**row, "id": id}, place, labels, kinds, None, source.use)


def _example(
    message: Row,
    place: tuple[str, str, str, str],  # domain, group, split, stratum
    labels: Mapping[str, int],
    kinds: tuple[str, ...] | None,
    patterns: tuple[str, ...] | None,
    weight: float | Mapping[str, float],
) -> Example:
    weights = {label: weight if isinstance(weight, float) else weight[label] for label in labels}
    return Example(message["id"], message["text"], message["lang"], *place, labels, kinds, patterns, weights)


def _kinds(row: Row) -> tuple[str, ...]:
    return tuple(filter(None, row["threat_kinds"].split("+")))


def _labels(row: Row, where: Path) -> dict[str, int]:
    """The known labels of a row of JSON (0, 1, null) or CSV ("0", "1", "")."""
    values = {"0": 0, "1": 1, 0: 0, 1: 1, "": None, None: None}
    for label in LABELS:
        if row[label] not in values:
            raise DataError(explain(f"{where}, {row['id']}", f"{label} to be 0, 1 or empty", row[label], _TAKE_AGAIN))
    return {label: value for label in LABELS if (value := values[row[label]]) is not None}


def _joined(rows: Mapping[Any, Any], key: object, table: Path) -> Any:
    if key not in rows:
        remedy = "The corpora folder or sources.toml is of another version; get the corpus as sources.toml says."
        raise DataError(explain(table, "ids that are in their corpus", f"{key}, which is not", remedy))
    return rows[key]


def _csv(path: Path, columns: Iterable[str]) -> list[dict[str, str]]:
    _demand(path)
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        _demand(path, columns, reader.fieldnames or ())
        return list(reader)


def _rows(path: Path, columns: Iterable[str]) -> list[dict[str, Any]]:
    """The rows of a JSON-lines file, plain or gzipped.

    ``load_dataset`` would report its use over the network and leave a cache behind; ``Dataset.from_json`` does neither.
    """
    _demand(path)
    datasets = _datasets()
    with tempfile.TemporaryDirectory(prefix="clienttone-") as cache:
        try:
            table = datasets.Dataset.from_json(glob.escape(str(path)), cache_dir=cache, keep_in_memory=True)
        except datasets.exceptions.DatasetsError as error:
            raise DataError(explain(path, "JSON lines", error.__cause__ or error, "Get the file again.")) from error
    _demand(path, columns, table.column_names)
    return list(table.to_list())


def _demand(path: Path, columns: Iterable[str] = (), found: Iterable[str] = ()) -> None:
    if not path.is_file():
        remedy = "See sources.toml for where to get it, or train on data/ alone."
        raise DataError(explain(path, "a file of the training data", "no file", remedy))
    if missing := [column for column in columns if column not in set(found)]:
        raise DataError(explain(path, f"the columns {', '.join(columns)}", f"no {', '.join(missing)}", _TAKE_AGAIN))


def _datasets() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise MissingExtra("Training data are read by datasets: pip install 'clienttone[train]'") from error
    datasets.disable_progress_bars()  # a file takes less than a second; the caller shows one bar for the whole
    return datasets
