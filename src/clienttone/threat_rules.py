"""The rules by which threats are weighed, read strictly from the TOML files of ``clienttone/rules``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any

from clienttone.costs import Costs, parse_costs, read_toml
from clienttone.errors import DataError, explain
from clienttone.phrases import PhraseBook

# Groups that the code asks for by name, beside those of the indicators and of what is no threat.
HELPERS = frozenset({"conditional", "own_act", "own_side", "demand", "veiled", "claim", "speech"})


@dataclass(frozen=True, slots=True)
class Indicator:
    """An entry of the checklist: ``points`` up or down; ``kinds`` empty means all kinds."""

    id: str
    points: int
    text: str
    whole_message: bool
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class NotThreat:
    """A group of phrases that shows a candidate to be no threat, unless one of ``guards`` stands beside it."""

    id: str
    guards: tuple[str, ...]
    whole_message: bool
    floored: bool
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class ThreatRules:
    """Everything `clienttone.threats.analyse` goes by; made by `load_rules`."""

    high: int
    low: int
    treat_as_real: frozenset[str]
    never_low_kinds: frozenset[str]
    never_low: frozenset[str]
    cheap_kinds: frozenset[str]
    grand: tuple[str, ...]
    grand_at_least: int
    indicators: tuple[Indicator, ...]
    not_threats: tuple[NotThreat, ...]
    book: PhraseBook
    costs: Costs


def load_rules(costs_path: str | PathLike[str] | None = None) -> ThreatRules:
    """The shipped rules, with your own cost table in place of the shipped one if ``costs_path`` is given.

    Raises ``DataError`` if a file is missing or damaged, ``TypeError`` if ``costs_path`` is no path.
    """
    if costs_path is None:
        return _shipped()
    if not isinstance(costs_path, (str, PathLike)):
        raise TypeError(f"costs_path must be a path, not {type(costs_path).__name__}")
    shipped = _shipped()
    fields = {name: getattr(shipped, name) for name in ThreatRules.__slots__}
    return ThreatRules(**{**fields, "costs": parse_costs(read_toml(Path(costs_path)), str(costs_path))})


@cache
def _shipped() -> ThreatRules:
    rules = read_toml(files("clienttone.rules") / "threats.toml")
    languages = {language: phrase_groups(language) for language in rules["languages"]}
    where = "threats.toml"
    try:
        return _build(rules, languages)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(
            explain(where, "all tables of the threat rules", repr(error), "Reinstall clienttone.")
        ) from error


def _build(rules: Mapping[str, Any], languages: Mapping[str, Mapping[str, Any]]) -> ThreatRules:
    indicators = tuple(_indicator(entry) for entry in rules["indicator"])
    floors = rules["floors"]
    return ThreatRules(
        high=rules["thresholds"]["high"],
        low=rules["thresholds"]["low"],
        treat_as_real=frozenset(floors["treat_as_real"]),
        never_low_kinds=frozenset(floors["never_low_kinds"]),
        never_low=frozenset(floors["never_low"]),
        cheap_kinds=frozenset(rules["cheap"]["kinds"]),
        grand=tuple(rules["grand"]["groups"]),
        grand_at_least=rules["grand"]["at_least"],
        indicators=indicators,
        not_threats=tuple(_not_threat(entry) for entry in rules["not_threat"]),
        book=make_book(languages),
        costs=parse_costs(read_toml(files("clienttone.rules") / "threat_costs.toml"), "threat_costs.toml"),
    )


def phrase_groups(language: str) -> dict[str, Any]:
    """The phrase file of a language: its ``number_words`` and one table a group (phrases, examples, not_examples)."""
    return read_toml(files("clienttone.rules") / f"threats_{language}.toml")


def make_book(languages: Mapping[str, Mapping[str, Any]]) -> PhraseBook:
    """One book of the phrases of all languages, since clients mix them; raises ``DataError`` for an unusable phrase."""
    groups: dict[str, list[str]] = {}
    for language, tables in languages.items():
        for group, table in tables.items():
            if group != "number_words":
                groups.setdefault(group, []).extend(_phrases(table, f"threats_{language}.toml: {group}"))
    try:
        return PhraseBook(groups, [word for tables in languages.values() for word in tables["number_words"]])
    except ValueError as error:
        expected = "words, with _ only between them"
        raise DataError(explain("threats_*.toml", expected, repr(str(error)), "Correct the phrase.")) from error


def _phrases(table: Any, where: str) -> list[str]:
    found = table.get("phrases") if isinstance(table, dict) else table
    if not isinstance(found, list) or not all(isinstance(phrase, str) for phrase in found):
        raise DataError(explain(where, "a list of phrases", type(found).__name__, 'Write phrases = ["..."].'))
    return found


def _indicator(entry: Mapping[str, Any]) -> Indicator:
    if not entry["points"]:
        raise DataError(explain(f"threats.toml: {entry['id']}", "points other than 0", "0", "Say which way it counts."))
    kinds = frozenset(entry.get("kinds", ()))
    return Indicator(entry["id"], entry["points"], entry["text"], entry["scope"] == "message", kinds)


def _not_threat(entry: Mapping[str, Any]) -> NotThreat:
    kinds = frozenset(entry.get("kinds", ()))
    whole = entry["scope"] == "message"
    return NotThreat(entry["id"], tuple(entry["guards"]), whole, entry.get("floored", False), kinds)
