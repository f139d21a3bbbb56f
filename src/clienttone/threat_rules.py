"""The rules by which threats are weighed, read strictly from the TOML files of ``clienttone/rules``."""

from __future__ import annotations

import os
from functools import cache

from clienttone.costs import Costs, parse_costs
from clienttone.errors import DataError
from clienttone.phrases import PhraseBook, parse
from clienttone.results import THREAT_KINDS
from clienttone.tomlfiles import fail, read_shipped, read_toml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import dataclass
    from typing import Any
else:
    from clienttone.records import dataclass

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
    """Everything `clienttone.threats.analyse` goes by; made by `load_rules`.

    ``checklist`` has the indicators that speak of a kind, with their scope for it; ``no_threat`` the groups that can
    show a threat of a kind to be none.
    """

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
    checklist: Mapping[str, tuple[Indicator, ...]]
    no_threat: Mapping[str, tuple[NotThreat, ...]]
    book: PhraseBook
    costs: Costs


def load_rules(costs_path: str | os.PathLike[str] | None = None) -> ThreatRules:
    """The shipped rules, with your own cost table in place of the shipped one if ``costs_path`` is given.

    Raises ``DataError`` if a file is missing, damaged or altered, ``TypeError`` if ``costs_path`` is no path.
    """
    if costs_path is None:
        return _shipped()
    if not isinstance(costs_path, (str, os.PathLike)):
        raise TypeError(f"costs_path must be a path, not {type(costs_path).__name__}")
    shipped = _shipped()
    fields = {name: getattr(shipped, name) for name in ThreatRules.__match_args__}
    costs = parse_costs(read_toml(costs_path, "a table of costs", DataError), str(costs_path))
    return ThreatRules(**{**fields, "costs": costs})


@cache
def _shipped() -> ThreatRules:
    rules = read_shipped("rules/threats.toml", DataError)
    floors, cheap = rules["floors"], frozenset(rules["cheap"]["kinds"])
    indicators = tuple(map(_indicator, rules["indicator"]))
    not_threats = tuple(map(_not_threat, rules["not_threat"]))
    real = frozenset(floors["treat_as_real"])
    return ThreatRules(
        high=rules["thresholds"]["high"],
        low=rules["thresholds"]["low"],
        treat_as_real=real,
        never_low_kinds=frozenset(floors["never_low_kinds"]),
        never_low=frozenset(floors["never_low"]),
        cheap_kinds=cheap,
        grand=tuple(rules["grand"]["groups"]),
        grand_at_least=rules["grand"]["at_least"],
        indicators=indicators,
        not_threats=not_threats,
        checklist={kind: _checklist(kind, indicators, kind in cheap) for kind in THREAT_KINDS},
        no_threat={kind: _no_threat(kind, not_threats, kind in real) for kind in THREAT_KINDS},
        book=make_book({language: phrase_groups(language) for language in rules["languages"]}),
        costs=parse_costs(read_shipped("rules/threat_costs.toml", DataError), "threat_costs.toml"),
    )


def phrase_groups(language: str) -> dict[str, Any]:
    """The phrase file of a language: its ``number_words`` and one table a group (phrases, examples, not_examples)."""
    return read_shipped(f"rules/threats_{language}.toml", DataError)


def make_book(languages: Mapping[str, Mapping[str, Any]]) -> PhraseBook:
    """One book of the phrases of all languages, since clients mix them."""
    groups: dict[str, list[str]] = {}
    for tables in languages.values():
        for group, table in tables.items():
            if group != "number_words":
                groups.setdefault(group, []).extend(table["phrases"])
    return PhraseBook(groups, [word for tables in languages.values() for word in tables["number_words"]])


def check_rules() -> None:
    """Hold the shipped rules to all that `load_rules` takes for granted; raises ``DataError`` for what is wrong."""
    rules = read_shipped("rules/threats.toml", DataError)
    for entry in rules["indicator"]:
        if not entry["points"]:
            fail(DataError, f"threats.toml: {entry['id']}", "points other than 0", 0, "Say which way it counts.")
    for language in rules["languages"]:
        for group, table in phrase_groups(language).items():
            for phrase in () if group == "number_words" else table["phrases"]:
                _check_phrase(phrase, f"threats_{language}.toml: {group}")


def _check_phrase(phrase: Any, where: str) -> None:
    try:
        parse(phrase)
    except (ValueError, AttributeError):
        expected = (
            "words, with _ only between them, and three letters before * or a word behind a sign at the beginning"
        )
        fail(DataError, where, expected, phrase, "Correct the phrase.")


def _indicator(entry: Mapping[str, Any]) -> Indicator:
    kinds = frozenset(entry.get("kinds", ()))
    return Indicator(entry["id"], entry["points"], entry["text"], entry["scope"] == "message", kinds)


def _not_threat(entry: Mapping[str, Any]) -> NotThreat:
    kinds = frozenset(entry.get("kinds", ()))
    whole = entry["scope"] == "message"
    return NotThreat(entry["id"], tuple(entry["guards"]), whole, entry.get("floored", False), kinds)


def _checklist(kind: str, indicators: tuple[Indicator, ...], cheap: bool) -> tuple[Indicator, ...]:
    """The indicators for a kind; what weakens a cheap act is only looked for in its own sentence."""
    return tuple(
        Indicator(x.id, x.points, x.text, x.whole_message and not (cheap and x.points < 0), x.kinds)
        for x in indicators
        if not x.kinds or kind in x.kinds
    )


def _no_threat(kind: str, groups: tuple[NotThreat, ...], real: bool) -> tuple[NotThreat, ...]:
    return tuple(x for x in groups if (not x.kinds or kind in x.kinds) and (x.floored or not real))
