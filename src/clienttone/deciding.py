"""Rules over the facts of a message, and how they decide; `clienttone.policy` reads them from files."""

from __future__ import annotations

from clienttone.conditions import CHOICES, COUNTS
from clienttone.results import LABELS, NO_CONTEXT, Context, Decision, Prediction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import dataclass
    from typing import Any

    from clienttone.conditions import Condition, Facts
else:
    from clienttone.records import dataclass

MAX_ADVICE = 5  # someone in the middle of a call reads a handful of lines
_MOST_KEPT = 1000  # decisions that a policy keeps; 23,000 messages of ours need 556


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

    def of(self, context: Context) -> str | None:
        """high, low, or None for a middling or unknown value."""
        unit = self.units.get(context.currency.upper()) if context.currency else 1.0
        if context.monthly_value is None or unit is None:
            return None
        monthly = context.monthly_value / unit
        if monthly >= self.high_monthly or monthly * (context.relationship_months or 0) >= self.high_total:
            return "high"
        return "low" if monthly < self.low_monthly else None


class Policy:
    """Ordered rules and further advice, made by `load_policy`; the last rule has no conditions, so one always wins.

    Each condition has a bit of its own: what holds for a message is one whole number, and to try a rule is one operation.
    What was decided for a number is kept, since the same few conditions hold for most messages.
    """

    __slots__ = ("_bits", "_counts", "_decisions", "_further", "_order", "also", "client_value", "rules")

    def __init__(
        self, rules: tuple[Rule, ...], also: tuple[Rule, ...], client_value: ClientValue | None = None
    ) -> None:
        self.rules, self.also, self.client_value = rules, also, client_value
        numbered = {c: 1 << n for n, c in enumerate({c for rule in (*rules, *also) for c in rule.when})}
        self._order = [(sum(numbered[c] for c in rule.when), rule) for rule in rules]
        self._further = [(sum(numbered[c] for c in rule.when), rule.advice) for rule in also]
        self._bits: dict[str, dict[Any, int]] = {fact: {} for fact in CHOICES}
        self._counts: list[tuple[str, float, int]] = []
        self._decisions: dict[int, Decision] = {}
        for condition, bit in numbered.items():
            self._number(condition, bit)

    def _number(self, condition: Condition, bit: int) -> None:
        wanted, bits = condition.wanted, self._bits.get(condition.fact, {})
        if isinstance(wanted, frozenset):
            bits.update((value, bits.get(value, 0) | bit) for value in wanted)
        else:
            self._counts.append((condition.fact, wanted, bit))

    def decide(self, prediction: Prediction, context: Context = NO_CONTEXT) -> Decision:
        """The decision for one message, with at most five advice ids, most urgent first.

        Pure: the same arguments give the same decision. Raises ``TypeError`` for an argument of another type.
        """
        _check_types(prediction, context)
        held = self._held(prediction) | (0 if context is NO_CONTEXT else self._known(context))
        decision = self._decisions.get(held)
        if decision is None:
            if len(self._decisions) >= _MOST_KEPT:
                self._decisions.clear()
            decision = self._decisions[held] = self._decide(held)
        return decision

    def _decide(self, held: int) -> Decision:
        winner = next(rule for bits, rule in self._order if bits & held == bits)
        held |= self._bits["severity"].get(winner.severity, 0)
        advice = dict.fromkeys(winner.advice)
        for bits, further in self._further:
            if bits & held == bits:
                advice.update(dict.fromkeys(further))
        return Decision(winner.id, winner.severity or 0, winner.next_step, tuple(advice)[:MAX_ADVICE])

    def _held(self, prediction: Prediction) -> int:
        """The conditions that hold of the message, one bit each, but for the severity: no rule has won yet."""
        bits, bands = self._bits, prediction.bands
        held = bits["reliable"].get(prediction.reliable, 0) | bits["reason"].get(prediction.reason, 0)
        for label in LABELS:
            held |= bits[label].get(bands.get(label, "low"), 0)
        for threat in prediction.threats:
            held |= bits["threats"].get((threat.kind, threat.credibility), 0)
        for pattern in prediction.patterns:
            held |= bits["patterns"].get(pattern.name, 0)
        return held

    def _known(self, context: Context) -> int:
        """The conditions that hold of the context."""
        held = self._bits["written_contract"].get(context.written_contract, 0)
        if self.client_value and context.monthly_value is not None:
            held |= self._bits["client_value"].get(self.client_value.of(context), 0)
        for name, least, bit in self._counts:
            if (getattr(context, name) or 0) >= least:
                held |= bit
        return held

    def trace(self, prediction: Prediction, context: Context = NO_CONTEXT) -> tuple[RuleTrace, ...]:
        """The rules tried, in order, the last of them the winner, then every ``also`` rule. Raises as `decide`."""
        _check_types(prediction, context)
        facts = self._facts(prediction, context)
        won = next(n for n, r in enumerate(self.rules) if r.applies(facts))
        tried = [_traced(r, "rule", facts) for r in self.rules[: won + 1]]
        facts["severity"] = frozenset({self.rules[won].severity})
        return (*tried, *(_traced(r, "also", facts) for r in self.also))

    def _facts(self, prediction: Prediction, context: Context) -> dict[str, frozenset[Any] | float | None]:
        contract = context.written_contract
        value = self.client_value.of(context) if self.client_value else None
        return {
            **{label: frozenset({prediction.bands.get(label, "low")}) for label in LABELS},
            "threats": frozenset((t.kind, t.credibility) for t in prediction.threats),
            "patterns": frozenset(p.name for p in prediction.patterns),
            "client_value": frozenset({value} if value else ()),
            "written_contract": None if contract is None else frozenset({contract}),
            "reliable": frozenset({prediction.reliable}),
            "reason": frozenset({prediction.reason} if prediction.reason else ()),
            **{name: getattr(context, name) for name in COUNTS},
        }


def _check_types(prediction: object, context: object) -> None:
    if not isinstance(prediction, Prediction):
        raise TypeError(f"prediction must be a Prediction, not {type(prediction).__name__}")
    if not isinstance(context, Context):
        raise TypeError(f"context must be a Context, not {type(context).__name__}")


def _traced(rule: Rule, role: str, facts: Facts) -> RuleTrace:
    applies = rule.applies(facts)
    return RuleTrace(rule.id, role, applies, tuple(c.explain(facts) for c in rule.when if c.holds(facts) == applies))
