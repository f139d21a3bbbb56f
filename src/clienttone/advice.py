"""From advice ids to words in the reader's language.

Ids and their sources are in ``rules/advice.toml``, words in ``locales/<language>.toml``; the last room before an
`Assessment`, so that the language cannot change a decision.
"""

from __future__ import annotations

import os
from functools import cache, lru_cache

from clienttone.errors import LocaleError
from clienttone.results import Advice, read_only
from clienttone.tomlfiles import check_keys, fail, read_shipped, read_toml, shipped_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from dataclasses import dataclass
    from typing import Any
else:
    from clienttone.records import dataclass

PLACEHOLDERS = frozenset({
    "name", "issue", "action", "amount", "date", "time", "hours", "term", "option_a", "option_b", "contact",
    "crisis_line",
})  # fmt: skip
MAX_REPLIES = 3

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
    names = (name.partition("/") for name in shipped_names())
    return tuple(name.removesuffix(".toml") for folder, _, name in names if folder == "locales")


def resolve_language(tag: str) -> str:
    """The advice language for a BCP-47 tag, whatever its case: ``nb-NO``, ``no`` and ``nn`` give nb, ``tl`` gives fil.

    Raises ``LocaleError``, listing the languages there are, if none fits; ``TypeError`` if ``tag`` is not a str.
    """
    if not isinstance(tag, str):
        raise TypeError(f"language tag must be a str, not {type(tag).__name__}")
    return _resolved(tag)


@lru_cache(maxsize=64)  # every assessment asks
def _resolved(tag: str) -> str:
    base = tag.strip().replace("_", "-").partition("-")[0].lower()
    found = _STANDS_IN.get(base, base)
    if found not in languages():
        fail(LocaleError, "advice language", f"one of {', '.join(languages())}", repr(tag), "Name one of these.")
    return found


def load_catalog(language: str = "en") -> Catalog:
    """The advice in ``language``, a tag as in `resolve_language`.

    Read once. Raises ``LocaleError`` for an unknown language or a damaged or altered file, ``TypeError`` for another type.
    """
    return _shipped(resolve_language(language))


@cache
def _shipped(language: str) -> Catalog:
    return _catalog(language, read_shipped(f"locales/{language}.toml", LocaleError))


def read_catalog(path: str | os.PathLike[str]) -> Catalog:
    """The catalog in a locale file, named after its language, read strictly. Raises ``LocaleError`` for a damaged one."""
    data, file = read_toml(path, "a locale file", LocaleError), os.path.basename(path)
    language = file.removesuffix(".toml")
    check_keys(file, data, ("language", "advice"), (), LocaleError)
    if data["language"] != language:
        remedy = "It must match the file's name."
        fail(LocaleError, f"{file}: language", repr(language), repr(data["language"]), remedy)
    if not isinstance(data["advice"], dict):
        remedy = "Correct the heading."
        fail(LocaleError, f"{file}: advice", "tables headed [advice.<id>]", repr(data["advice"]), remedy)
    check_keys(f"{file}: advice", data["advice"], tuple(_sources()), (), LocaleError)
    for advice_id, table in data["advice"].items():
        _check_entry(f"{file}: {advice_id}", table)
    return _catalog(language, data)


def _catalog(language: str, data: Mapping[str, Any]) -> Catalog:
    tables = data["advice"]
    entries = {i: _entry(i, tables[i], tuple(source)) for i, source in _sources().items()}
    return Catalog(language, read_only(entries))


@cache
def _sources() -> dict[str, Any]:
    return read_shipped("rules/advice.toml", LocaleError)


def _entry(advice_id: str, table: Mapping[str, Any], source: tuple[str, ...]) -> Advice:
    return Advice(advice_id, table["text"], source, table["why"], tuple(table["reply"]), table["avoid"])


def render(ids: Iterable[str], catalog: Catalog) -> tuple[Advice, ...]:
    """The advice of ``ids`` in the catalog's language, in the same order. Raises ``LocaleError`` for an unknown id."""
    entries = catalog.entries
    try:
        return tuple([entries[i] for i in ids])
    except KeyError as error:
        found, remedy = repr(error.args[0]), "See the ids in rules/advice.toml."
        fail(LocaleError, f"advice in {catalog.language}", "an advice id", found, remedy)


def placeholders(text: str) -> frozenset[str]:
    """The names in braces in ``text``. Raises ``ValueError`` where the braces do not match."""
    from string import Formatter

    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def _check_entry(where: str, table: object) -> None:
    if not isinstance(table, dict):
        fail(LocaleError, where, "a table", repr(table), "Head it [advice.<id>].")
    check_keys(where, table, ("text", "why", "reply", "avoid"), (), LocaleError)
    for key in ("text", "why", "avoid"):
        if not isinstance(table[key], str) or not (table[key].strip() or key == "avoid"):
            fail(LocaleError, f"{where}: {key}", "a sentence", repr(table[key]), "Write one in quotes.")
        if "{" in table[key] or "}" in table[key]:
            fail(LocaleError, f"{where}: {key}", "no placeholders", repr(table[key]), "Use them in reply only.")
    reply = table["reply"]
    if (
        not isinstance(reply, list)
        or len(reply) > MAX_REPLIES
        or not all(isinstance(r, str) and r.strip() for r in reply)
    ):
        fail(
            LocaleError, f"{where}: reply", f"a list of 0 to {MAX_REPLIES} sentences", repr(reply), "Correct the list."
        )
    for text in reply:
        _check_placeholders(f"{where}: reply", text)


def _check_placeholders(where: str, text: str) -> None:
    known = ", ".join(sorted(PLACEHOLDERS))
    try:
        unknown = placeholders(text) - PLACEHOLDERS
    except ValueError as e:
        fail(LocaleError, where, "matching braces", e, "Write placeholders as {name}.")
    if unknown:
        fail(
            LocaleError,
            where,
            f"placeholders out of {known}",
            ", ".join(sorted(unknown)),
            "Placeholders are not translated.",
        )
