"""What to do about a message: rules as data, read strictly, decided without a model.

A policy sees a `Prediction` and a `Context`, never the message. The first rule whose conditions all hold wins and gives
severity and next step; every ``also`` rule that applies adds its advice. ``rules/policy.toml`` describes the format.
Whatever a policy says, harm to people comes first: see `SAFETY_KINDS`.
"""

from __future__ import annotations

import os
from itertools import takewhile

from clienttone.conditions import CHOICES, CREDIBILITIES, choices, parse_conditions
from clienttone.deciding import MAX_ADVICE, ClientValue, Policy, Rule, RuleTrace
from clienttone.errors import PolicyError
from clienttone.tomlfiles import check_keys, fail, read_shipped, read_toml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "MAX_ADVICE", "NEXT_STEPS", "SAFETY_KINDS", "ClientValue", "Policy", "Rule", "RuleTrace", "check_default_policy", "load_policy",
]  # fmt: skip

NEXT_STEPS = (
    "continue", "acknowledge", "set_boundary", "pause", "get_it_in_writing", "evaluate_threat", "escalate_to_person",
    "safety", "consider_ending",
)  # fmt: skip
# The rules about these threats win over all others. A policy that extends the default cannot put rules before the
# default ones for them; a policy that replaces it must begin with rules of its own for them, of severity 4.
SAFETY_KINDS = ("self_harm", "violence", "property")
_SAFETY = 4


def load_policy(path: str | os.PathLike[str] | None = None, extends_default: bool | None = None) -> Policy:
    """The default policy, or that of the TOML file at ``path``.

    A file that says ``extends = "default"`` puts its rules before the default ones, but behind those for threats of
    self-harm, violence and damage to property; any other file replaces the default and must have such rules itself.
    ``extends_default`` overrides what the file says. Raises ``PolicyError`` saying where, what was expected, what was
    found and what to do; ``TypeError`` if ``path`` is no path.
    """
    if path is None:
        return _parse("policy.toml", read_shipped("rules/policy.toml", PolicyError))
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path must be a str or a path, not {type(path).__name__}")
    data = read_toml(path, "a policy file", PolicyError)
    return _checked(os.path.basename(path), data, extends_default)


def check_default_policy() -> None:
    """Hold the default policy to all that `load_policy` asks of a file; raises ``PolicyError`` for what is wrong."""
    _checked("policy.toml", read_shipped("rules/policy.toml", PolicyError), extends=False)


def _checked(file: str, data: dict[str, Any], extends: bool | None) -> Policy:
    check_keys(file, data, (), ("extends", "client_value", "rule", "also"), PolicyError)
    if data.get("extends", "default") != "default":
        remedy = "Leave it out to replace the default policy."
        fail(PolicyError, f"{file}: extends", '"default"', data["extends"], remedy)
    policy = _parse(file, data)
    _check_order(file, policy.rules)
    if "extends" in data if extends is None else extends:
        policy = _extended(file, policy, load_policy())
    _check_whole(file, policy)
    _check_safety(file, policy)
    return policy


def _parse(file: str, data: dict[str, Any]) -> Policy:
    ids = tuple(read_shipped("rules/advice.toml", PolicyError))
    rules = tuple(_rule(where, table, ids, also=False) for where, table in _named(file, "rule", data))
    also = tuple(_rule(where, table, ids, also=True) for where, table in _named(file, "also", data))
    return Policy(rules, also, _client_value(file, data["client_value"]) if "client_value" in data else None)


def _extended(file: str, mine: Policy, base: Policy) -> Policy:
    """The default's rules for safety, then those of the file, then the rest of the default."""
    for rule in mine.rules:
        if any(_safe_kinds(first) and first.hides(rule) for first in base.rules):
            remedy = "Ask for other threats; advice may be added with [[also]]."
            fail(PolicyError, f"{file}: rule {rule.id!r}", "a rule that can win", "one behind those for safety", remedy)
    rules, also = (_inserted(*both) for both in ((mine.rules, base.rules), (mine.also, base.also)))
    return Policy(rules, also, mine.client_value or base.client_value)


def _inserted(mine: tuple[Rule, ...], base: tuple[Rule, ...]) -> tuple[Rule, ...]:
    first = tuple(rule for rule in base if _safe_kinds(rule))
    return (*first, *mine, *(rule for rule in base if rule not in first))


def _safe_kinds(rule: Rule) -> frozenset[str]:
    """The `SAFETY_KINDS` of a rule that holds for any threat of these kinds and for nothing else; else none."""
    asked = rule.when[0].wanted if len(rule.when) == 1 and rule.when[0].fact == "threats" else frozenset()
    pairs = asked if isinstance(asked, frozenset) else frozenset()
    kinds = frozenset(kind for kind, _ in pairs)
    return kinds if kinds <= {*SAFETY_KINDS} and len(pairs) == len(kinds) * len(CREDIBILITIES) else frozenset()


def _check_safety(file: str, policy: Policy) -> None:
    """Rules of the highest severity for each of the `SAFETY_KINDS` come before any other rule."""
    safe = list(takewhile(lambda rule: _safe_kinds(rule) and rule.severity == _SAFETY, policy.rules))
    missing = {*SAFETY_KINDS}.difference(*map(_safe_kinds, safe))
    if missing:
        expected = f"at the top, rules of severity {_SAFETY} for any threat of {', '.join(SAFETY_KINDS)}"
        remedy = 'Put them first, as the default policy does, or say extends = "default".'
        fail(PolicyError, file, expected, f"none there for {', '.join(sorted(missing))}", remedy)


def _named(file: str, kind: str, data: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The tables of one kind, each with the place to name in an error."""
    tables = data.get(kind, [])
    if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        fail(PolicyError, f"{file}: {kind}", f"tables headed [[{kind}]]", tables, "Use double brackets.")
    return [(f"{file}: {kind} {t.get('id', f'number {n}')!r}", t) for n, t in enumerate(tables, 1)]


def _rule(where: str, table: dict[str, Any], advice_ids: tuple[str, ...], also: bool) -> Rule:
    required = ("id", "advice") if also else ("id", "advice", "severity", "next_step")
    check_keys(where, table, required, ("when",), PolicyError)
    if not isinstance(table["id"], str) or not table["id"]:
        fail(PolicyError, f"{where}: id", "a name", table["id"], "Give the rule a name.")
    when = parse_conditions(f"{where}: when", table.get("when", {}), also)
    advice = table["advice"]
    if not isinstance(advice, list) or not also <= len(advice) <= MAX_ADVICE:
        fail(
            PolicyError,
            f"{where}: advice",
            f"a list of {also:d} to {MAX_ADVICE} advice ids",
            advice,
            "Correct the list.",
        )
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
        fail(PolicyError, where, "a table with a table units", table, "See the default policy.")
    check_keys(where, table, names, (), PolicyError)
    numbers = {n: table[n] for n in names[:3]} | table["units"]
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
            fail(PolicyError, f"{where}: {name}", "a number above 0", value, "Write it without quotes.")
    if table["low_monthly"] >= table["high_monthly"]:
        fail(PolicyError, where, "low_monthly below high_monthly", table["low_monthly"], "Lower it.")
    return ClientValue(*(table[n] for n in names))


def _check_order(file: str, rules: tuple[Rule, ...]) -> None:
    """Within one file no rule may stand where it cannot win; hiding a default rule is what extending is for."""
    for later, earlier in ((later, earlier) for n, later in enumerate(rules) for earlier in rules[:n]):
        if earlier.id != later.id and earlier.hides(later):
            found = f"{earlier.id!r} before it, which wins wherever it would"
            remedy = "Move the narrower rule up, or remove it."
            fail(PolicyError, f"{file}: rule {later.id!r}", "a rule that can win", found, remedy)


def _check_whole(file: str, policy: Policy) -> None:
    both = (*policy.rules, *policy.also)
    if twice := next((r.id for n, r in enumerate(both) if r.id in {x.id for x in both[:n]}), None):
        remedy = "Rename one; ids of the default count too."
        fail(PolicyError, f"{file}: {twice!r}", "an id of its own", "the id twice", remedy)
    if not policy.rules or policy.rules[-1].when:
        found = f"{policy.rules[-1].id!r} as the last" if policy.rules else "no rule"
        remedy = 'Add one, or say extends = "default" at the top.'
        fail(PolicyError, file, "a last rule without conditions", found, remedy)
    severities = frozenset({r.severity for r in policy.rules})
    for rule, c in ((r, c) for r in both for c in r.when):
        where = f"{file}: {rule.id!r}"
        if c.fact == "severity" and not c.holds({"severity": severities}):
            remedy = "Such a rule never applies."
            fail(PolicyError, f"{where}: when.severity", "one that a rule gives", c.asked, remedy)
        if c.fact == "client_value" and policy.client_value is None:
            remedy = "Add its thresholds, as the default does."
            fail(PolicyError, where, "a table [client_value]", "none", remedy)
