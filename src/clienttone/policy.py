"""What to do about a message: rules as data, read strictly, decided without a model.

A policy sees a `Prediction` and a `Context`, never the message. The first rule whose conditions all hold wins and gives
severity and next step; every ``also`` rule that applies adds its advice. ``rules/policy.toml`` describes the format.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clienttone.conditions import CHOICES, COUNTS, Condition, Facts, check_keys, choices, fail, parse_conditions
from clienttone.results import LABELS, Context, Decision, Prediction

NEXT_STEPS = (
    "continue", "acknowledge", "set_boundary", "pause", "get_it_in_writing", "evaluate_threat", "escalate_to_person",
    "safety", "consider_ending",
)  # fmt: skip
MAX_ADVICE = 5  # someone in the middle of a call reads a handful of lines

_RULES = Path(__file__).parent / "rules"
_NO_CONTEXT = Context()


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions that must all hold and the advice they bring; ``also`` rules have no severity and no next step."""

    id: str
    when: tuple[Condition, ...]
    advice: tuple[str, ...]
    severity: int | None = None
    next_step: str = ""

    def applies(self, facts: Facts) -> bool:
        """Whether every condition holds."""
        return all(c.holds(facts) for c in self.when)

    def hides(self, later: Rule) -> bool:
        """Whether this rule wins wherever ``later`` would."""
        return all(any(c.implies(mine) for c in later.when) for mine in self.when)


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """A rule that was tried: ``role`` is rule or also, ``why`` the conditions that held or, if it fails, that did not.

    ``str()`` puts it on one line.
    """

    rule: str
    role: str
    applies: bool
    why: tuple[str, ...]

    def __str__(self) -> str:
        outcome = "applies" if self.applies else "does not apply"
        return f"{self.role} {self.rule} {outcome}: {'; '.join(self.why) or 'it has no conditions'}"


@dataclass(frozen=True, slots=True)
class ClientValue:
    """Thresholds of a client's worth in units; ``units`` says how much of a currency makes one."""

    high_monthly: float
    high_total: float
    low_monthly: float
    units: Mapping[str, float]

    def of(self, context: Context) -> frozenset[str]:
        """{"high"}, {"low"}, or the empty set for a middling or unknown value."""
        unit = self.units.get(context.currency.upper()) if context.currency else 1.0
        if context.monthly_value is None or unit is None:
            return frozenset()
        monthly = context.monthly_value / unit
        if monthly >= self.high_monthly or monthly * (context.relationship_months or 0) >= self.high_total:
            return frozenset({"high"})
        return frozenset({"low"} if monthly < self.low_monthly else ())


@dataclass(frozen=True, slots=True)
class Policy:
    """Ordered rules and further advice, made by `load_policy`; the last rule has no conditions, so one always wins."""

    rules: tuple[Rule, ...]
    also: tuple[Rule, ...]
    client_value: ClientValue | None = None

    def decide(self, prediction: Prediction, context: Context = _NO_CONTEXT) -> Decision:
        """The decision for one message, with at most five advice ids, most urgent first.

        Pure: the same arguments give the same decision. Raises ``TypeError`` for an argument of another type.
        """
        facts = self._facts(prediction, context)
        winner = next(r for r in self.rules if r.applies(facts))
        facts["severity"] = frozenset({winner.severity})
        further = (i for r in self.also if r.applies(facts) for i in r.advice)
        advice = tuple(dict.fromkeys((*winner.advice, *further)))[:MAX_ADVICE]
        return Decision(winner.id, winner.severity or 0, winner.next_step, advice)

    def trace(self, prediction: Prediction, context: Context = _NO_CONTEXT) -> tuple[RuleTrace, ...]:
        """The rules tried, in order, the last of them the winner, then every ``also`` rule. Raises as `decide`."""
        facts = self._facts(prediction, context)
        won = next(n for n, r in enumerate(self.rules) if r.applies(facts))
        tried = [_traced(r, "rule", facts) for r in self.rules[: won + 1]]
        facts["severity"] = frozenset({self.rules[won].severity})
        return (*tried, *(_traced(r, "also", facts) for r in self.also))

    def _facts(self, prediction: Prediction, context: Context) -> dict[str, frozenset[Any] | float | None]:
        for name, value, kind in (("prediction", prediction, Prediction), ("context", context, Context)):
            if not isinstance(value, kind):
                raise TypeError(f"{name} must be a {kind.__name__}, not {type(value).__name__}")
        contract = context.written_contract
        return {
            **{label: frozenset({prediction.bands.get(label, "low")}) for label in LABELS},
            "threats": frozenset((t.kind, t.credibility) for t in prediction.threats),
            "patterns": frozenset(p.name for p in prediction.patterns),
            "client_value": self.client_value.of(context) if self.client_value else frozenset(),
            "written_contract": None if contract is None else frozenset({contract}),
            "reliable": frozenset({prediction.reliable}),
            "reason": frozenset({prediction.reason} if prediction.reason else ()),
            **{name: getattr(context, name) for name in COUNTS},
        }


def load_policy(path: str | os.PathLike[str] | None = None, extends_default: bool | None = None) -> Policy:
    """The default policy, or that of the TOML file at ``path``.

    A file that says ``extends = "default"`` puts its rules before the default ones, any other replaces them;
    ``extends_default`` overrides what the file says. Raises ``PolicyError`` saying where, what was expected, what was
    found and what to do; ``TypeError`` if ``path`` is no path.
    """
    if path is None:
        return _parse(_RULES / "policy.toml", extends=False)
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path must be a str or a path, not {type(path).__name__}")
    return _parse(Path(path), extends_default)


def _parse(path: Path, extends: bool | None) -> Policy:
    data, file = _read(path), path.name
    check_keys(file, data, (), ("extends", "client_value", "rule", "also"))
    if data.get("extends", "default") != "default":
        fail(f"{file}: extends", '"default"', data["extends"], "Leave it out to replace the default policy.")
    base = load_policy() if ("extends" in data if extends is None else extends) else None
    ids = tuple(tomllib.loads((_RULES / "advice.toml").read_text("utf-8")))
    rules = tuple(_rule(where, table, ids, also=False) for where, table in _named(file, "rule", data))
    also = tuple(_rule(where, table, ids, also=True) for where, table in _named(file, "also", data))
    value = _client_value(file, data["client_value"]) if "client_value" in data else None
    _check_order(file, rules)
    whole = Policy(rules, also, value)
    if base:
        whole = Policy(rules + base.rules, also + base.also, value or base.client_value)
    _check_whole(file, whole)
    return whole


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as e:
        fail(path, "a policy file", e.strerror or e, "Check the path.")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        fail(path.name, "TOML in UTF-8", e, "Mend the file at this place.")


def _named(file: str, kind: str, data: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The tables of one kind, each with the place to name in an error."""
    tables = data.get(kind, [])
    if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        fail(f"{file}: {kind}", f"tables headed [[{kind}]]", tables, "Use double brackets.")
    return [(f"{file}: {kind} {t.get('id', f'number {n}')!r}", t) for n, t in enumerate(tables, 1)]


def _rule(where: str, table: dict[str, Any], advice_ids: tuple[str, ...], also: bool) -> Rule:
    check_keys(where, table, ("id", "advice") if also else ("id", "advice", "severity", "next_step"), ("when",))
    if not isinstance(table["id"], str) or not table["id"]:
        fail(f"{where}: id", "a name", table["id"], "Give the rule a name.")
    when = parse_conditions(f"{where}: when", table.get("when", {}), also)
    advice = table["advice"]
    if not isinstance(advice, list) or not also <= len(advice) <= MAX_ADVICE:
        fail(f"{where}: advice", f"a list of {also:d} to {MAX_ADVICE} advice ids", advice, "Correct the list.")
    if advice:
        choices(f"{where}: advice", advice, advice_ids)
    if also:
        return Rule(table["id"], when, tuple(advice))
    (severity,) = choices(f"{where}: severity", [table["severity"]], CHOICES["severity"])
    (next_step,) = choices(f"{where}: next_step", [table["next_step"]], NEXT_STEPS)
    return Rule(table["id"], when, tuple(advice), severity, next_step)


def _client_value(file: str, table: object) -> ClientValue:
    where = f"{file}: client_value"
    names = ("high_monthly", "high_total", "low_monthly", "units")
    if not isinstance(table, dict) or not isinstance(table.get("units"), dict):
        fail(where, "a table with a table units", table, "See the default policy.")
    check_keys(where, table, names, ())
    numbers = {n: table[n] for n in names[:3]} | table["units"]
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
            fail(f"{where}: {name}", "a number above 0", value, "Write it without quotes.")
    if table["low_monthly"] >= table["high_monthly"]:
        fail(where, "low_monthly below high_monthly", table["low_monthly"], "Lower it.")
    return ClientValue(*(table[n] for n in names))


def _check_order(file: str, rules: tuple[Rule, ...]) -> None:
    """Within one file no rule may stand where it cannot win; hiding a default rule is what extending is for."""
    for later, earlier in ((later, earlier) for n, later in enumerate(rules) for earlier in rules[:n]):
        if earlier.id != later.id and earlier.hides(later):
            found = f"{earlier.id!r} before it, which wins wherever it would"
            fail(f"{file}: rule {later.id!r}", "a rule that can win", found, "Move the narrower rule up, or remove it.")


def _check_whole(file: str, policy: Policy) -> None:
    both = (*policy.rules, *policy.also)
    if twice := next((r.id for n, r in enumerate(both) if r.id in {x.id for x in both[:n]}), None):
        fail(f"{file}: {twice!r}", "an id of its own", "the id twice", "Rename one; ids of the default count too.")
    if not policy.rules or policy.rules[-1].when:
        found = f"{policy.rules[-1].id!r} as the last" if policy.rules else "no rule"
        fail(file, "a last rule without conditions", found, 'Add one, or say extends = "default" at the top.')
    severities = frozenset({r.severity for r in policy.rules})
    for rule, c in ((r, c) for r in both for c in r.when):
        if c.fact == "severity" and not c.holds({"severity": severities}):
            fail(f"{file}: {rule.id!r}: when.severity", "one that a rule gives", c.asked, "Such a rule never applies.")
        if c.fact == "client_value" and policy.client_value is None:
            fail(f"{file}: {rule.id!r}", "a table [client_value]", "none", "Add its thresholds, as the default does.")


def _traced(rule: Rule, role: str, facts: Facts) -> RuleTrace:
    applies = rule.applies(facts)
    return RuleTrace(rule.id, role, applies, tuple(c.explain(facts) for c in rule.when if c.holds(facts) == applies))
