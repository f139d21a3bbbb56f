"""From advice ids to words in the reader's language.

Ids and their sources are in ``rules/advice.toml``, words in ``locales/<language>.toml``; the last room before an
`Assessment`, so that the language cannot change a decision.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any, NoReturn

from clienttone.errors import LocaleError, explain
from clienttone.results import Advice, read_only

PLACEHOLDERS = frozenset({
    "name", "issue", "action", "amount", "date", "time", "hours", "term", "option_a", "option_b", "contact",
    "crisis_line",
})  # fmt: skip
MAX_REPLIES = 3

_HERE = Path(__file__).parent
_STANDS_IN = {"no": "nb", "nn": "nb", "tl": "fil"}


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every advice in one language; ``entries`` maps each id to its `Advice`, in the order of ``rules/advice.toml``."""

    language: str
    entries: Mapping[str, Advice]

    def __iter__(self) -> Iterator[Advice]:
        return iter(self.entries.values())


@cache
def languages() -> tuple[str, ...]:
    """The languages that advice can be given in, sorted."""
    return tuple(sorted(p.stem for p in (_HERE / "locales").glob("*.toml")))


def resolve_language(tag: str) -> str:
    """The advice language for a BCP-47 tag, whatever its case: ``nb-NO``, ``no`` and ``nn`` give nb, ``tl`` gives fil.

    Raises ``LocaleError``, listing the languages there are, if none fits; ``TypeError`` if ``tag`` is not a str.
    """
    if not isinstance(tag, str):
        raise TypeError(f"language tag must be a str, not {type(tag).__name__}")
    base = tag.strip().replace("_", "-").partition("-")[0].lower()
    found = _STANDS_IN.get(base, base)
    if found not in languages():
        _fail("advice language", f"one of {', '.join(languages())}", repr(tag), "Name one of these.")
    return found


def load_catalog(language: str = "en") -> Catalog:
    """The advice in ``language``, a tag as in `resolve_language`.

    Read once. Raises ``LocaleError`` for an unknown language or a damaged file, ``TypeError`` for another type.
    """
    return _shipped(resolve_language(language))


@cache  # every assessment asks for its catalog
def _shipped(language: str) -> Catalog:
    return read_catalog(_HERE / "locales" / f"{language}.toml")


def read_catalog(path: Path) -> Catalog:
    """The catalog in the locale file ``path``, named after its language. Raises ``LocaleError`` for a damaged one."""
    data, sources = _read(path), _read(_HERE / "rules" / "advice.toml")
    _check_keys(path.name, data, ("language", "advice"))
    if data["language"] != path.stem:
        _fail(f"{path.name}: language", repr(path.stem), repr(data["language"]), "It must match the file's name.")
    if not isinstance(data["advice"], dict):
        _fail(f"{path.name}: advice", "tables headed [advice.<id>]", repr(data["advice"]), "Correct the heading.")
    _check_keys(f"{path.name}: advice", data["advice"], tuple(sources))
    entries = {i: _entry(f"{path.name}: {i}", i, data["advice"][i], tuple(s)) for i, s in sources.items()}
    return Catalog(path.stem, read_only(entries))


def render(ids: Iterable[str], catalog: Catalog) -> tuple[Advice, ...]:
    """The advice of ``ids`` in the catalog's language, in the same order. Raises ``LocaleError`` for an unknown id."""
    wanted = tuple(ids)
    for i in wanted:
        if i not in catalog.entries:
            _fail(f"advice in {catalog.language}", "an advice id", repr(i), "See the ids in rules/advice.toml.")
    return tuple(catalog.entries[i] for i in wanted)


def placeholders(text: str) -> frozenset[str]:
    """The names in braces in ``text``. Raises ``ValueError`` where the braces do not match."""
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as e:
        _fail(path, "a locale file", e.strerror or e, "Check the installation.")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        _fail(path.name, "TOML in UTF-8", e, "Mend the file at this place.")


def _entry(where: str, advice_id: str, table: object, source: tuple[str, ...]) -> Advice:
    if not isinstance(table, dict):
        _fail(where, "a table", repr(table), "Head it [advice.<id>].")
    _check_keys(where, table, ("text", "why", "reply", "avoid"))
    for key in ("text", "why", "avoid"):
        if not isinstance(table[key], str) or not (table[key].strip() or key == "avoid"):
            _fail(f"{where}: {key}", "a sentence", repr(table[key]), "Write one in quotes.")
        if "{" in table[key] or "}" in table[key]:
            _fail(f"{where}: {key}", "no placeholders", repr(table[key]), "Use them in reply only.")
    reply = table["reply"]
    if (
        not isinstance(reply, list)
        or len(reply) > MAX_REPLIES
        or not all(isinstance(r, str) and r.strip() for r in reply)
    ):
        _fail(f"{where}: reply", f"a list of 0 to {MAX_REPLIES} sentences", repr(reply), "Correct the list.")
    for text in reply:
        _check_placeholders(f"{where}: reply", text)
    return Advice(advice_id, table["text"], source, table["why"], tuple(reply), table["avoid"])


def _check_placeholders(where: str, text: str) -> None:
    known = ", ".join(sorted(PLACEHOLDERS))
    try:
        unknown = placeholders(text) - PLACEHOLDERS
    except ValueError as e:
        _fail(where, "matching braces", e, "Write placeholders as {name}.")
    if unknown:
        _fail(where, f"placeholders out of {known}", ", ".join(sorted(unknown)), "Placeholders are not translated.")


def _check_keys(where: str, table: dict[str, Any], keys: tuple[str, ...]) -> None:
    """Exactly ``keys``, no more and no fewer."""
    for key in table:
        if key not in keys:
            _fail(where, f"only the keys {', '.join(keys)}", repr(key), "Correct or remove it.")
    for key in keys:
        if key not in table:
            _fail(where, f"the key {key}", "none", "Add it.")


def _fail(where: object, expected: str, found: object, remedy: str) -> NoReturn:
    raise LocaleError(explain(where, expected, found, remedy))
