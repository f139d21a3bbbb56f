"""The conditions of a policy's rules: what may be asked for, read strictly, and whether facts meet it."""

from __future__ import annotations

from itertools import product

from clienttone.errors import PolicyError
from clienttone.results import LABELS, PATTERNS, THREAT_KINDS
from clienttone.tomlfiles import check_keys, fail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import dataclass
    from typing import Any

    Facts = Mapping[str, frozenset[Any] | float | None]
else:
    from clienttone.records import dataclass

BANDS = ("low", "medium", "high")
CREDIBILITIES = ("low", "medium", "high", "treat_as_real")
REASONS = ("empty", "too_short", "unknown_language", "mostly_quoted")
CHOICES: dict[str, tuple[object, ...]] = {
    **dict.fromkeys(LABELS, BANDS),
    "threats": THREAT_KINDS,
    "credibility": CREDIBILITIES,
    "patterns": PATTERNS,
    "client_value": ("low", "high"),
    "written_contract": (True, False),
    "reliable": (True, False),
    "reason": REASONS,
    "severity": (0, 1, 2, 3, 4),
}
COUNTS = ("earlier_threats", "carried_out", "relationship_months")
_ALWAYS_KNOWN = (*LABELS, "reliable", "severity")  # listing every choice of these is no condition at all


@dataclass(frozen=True, slots=True)
class Condition:
    """One fact and what is wanted of it: one of a set, or a number to reach. ``asked`` says it in words."""

    fact: str
    wanted: frozenset[Any] | float
    asked: str

    def holds(self, facts: Facts) -> bool:
        """Whether ``facts`` meet the condition; an unknown fact never does."""
        found = facts.get(self.fact)
        if isinstance(self.wanted, frozenset):
            return isinstance(found, frozenset) and not self.wanted.isdisjoint(found)
        return isinstance(found, (int, float)) and found >= self.wanted

    def implies(self, other: Condition) -> bool:
        """Whether whatever meets this condition meets ``other`` too."""
        mine, theirs = self.wanted, other.wanted
        if self.fact != other.fact:
            return False
        if isinstance(mine, frozenset) and isinstance(theirs, frozenset):
            return mine <= theirs
        return isinstance(mine, (int, float)) and isinstance(theirs, (int, float)) and mine >= theirs

    def explain(self, facts: Facts) -> str:
        """The condition beside what was found, for a trace."""
        found = facts.get(self.fact)
        items = found if isinstance(found, frozenset) else () if found is None else (found,)
        words = sorted(" of credibility ".join(x) if isinstance(x, tuple) else str(x) for x in items)
        return f"{self.fact}: asked for {self.asked}, found {', '.join(words) or 'none'}"


def parse_conditions(where: str, table: object, also: bool) -> tuple[Condition, ...]:
    """The conditions of a ``when`` table; only an ``also`` rule may ask for a severity. Raises ``PolicyError``."""
    if not isinstance(table, dict):
        fail(PolicyError, where, "a table of conditions", table, 'Write it as { abuse = "high" }.')
    known = tuple(c for c in (*CHOICES, *COUNTS) if also or c != "severity")
    check_keys(where, table, (), known, PolicyError)
    found = {name: _condition(f"{where}.{name}", name, value) for name, value in table.items()}
    if "reason" in found and table.get("reliable") is True:
        fail(
            PolicyError,
            f"{where}.reason",
            "no reason beside reliable = true",
            table["reason"],
            "Such a rule never applies.",
        )
    if "threats" in found or "credibility" in found:
        found["threats"] = _threats(found.get("threats"), found.pop("credibility", None))
    return tuple(found.values())


def _threats(kinds: Condition | None, credibility: Condition | None) -> Condition:
    """Both conditions as one over (kind, credibility), because one and the same threat must meet them."""
    pairs = product(
        *(c.wanted if c and isinstance(c.wanted, frozenset) else CHOICES[n] for n, c in
          (("threats", kinds), ("credibility", credibility)))
    )  # fmt: skip
    asked = (kinds.asked if kinds else "any kind") + (f", of credibility {credibility.asked}" if credibility else "")
    return Condition("threats", frozenset(pairs), asked)


def _condition(where: str, name: str, value: object) -> Condition:
    if name in COUNTS:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
            fail(PolicyError, where, "a number above 0", value, "It is the least that is asked for.")
        return Condition(name, value, f"at least {value}")
    wanted = choices(where, value, CHOICES[name])
    if name in _ALWAYS_KNOWN and len(set(wanted)) == len(CHOICES[name]):
        fail(PolicyError, where, "fewer than all choices", value, "Leave the condition out: it always holds.")
    return Condition(name, frozenset(wanted), " or ".join(map(str, wanted)))


def choices(where: str, value: object, allowed: tuple[Any, ...]) -> list[Any]:
    """``value``, or the items of the list ``value``, each one of ``allowed`` (of the same type: true is not 1)."""
    items = value if isinstance(value, list) else [value]
    for item in items:
        if not any(type(item) is type(a) and item == a for a in allowed):
            fail(PolicyError, where, f"one of {', '.join(map(str, allowed))}", item, "Correct the name.")
    if not items or len(set(items)) < len(items):
        fail(PolicyError, where, "different choices", value, "Name each once, at least one.")
    return items
