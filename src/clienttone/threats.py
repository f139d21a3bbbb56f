"""What is threatened, how credible it is, and why.

The kind of a threat and its sentence come from the model; everything else is read off the words by an additive
checklist (``rules/threats.toml``): each entry that applies adds its points, up or down, and is kept as a reason. The
sum gives low, medium or high. Threats of violence, to property and of self-harm are always ``treat_as_real``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Literal

from clienttone.checks import Reading, Span, apply, read
from clienttone.phrases import Hit
from clienttone.results import Context, Reason, Threat
from clienttone.threat_rules import NotThreat, ThreatRules, load_rules

__all__ = ["ThreatRules", "analyse", "combine_bluff", "load_rules"]

_CLAUSE_END = re.compile(r"[,.;!?\n।—]")
_QUOTED = re.compile(r"[\"“„«][^\"“”„«»\n]{3,600}[\"”“»]")
_LONGEST_DEMAND = 160
_SPEECH_GAP = 40  # characters between "he said" and the quotation


def analyse(
    message: str, threats: Sequence[Threat], context: Context | None = None, rules: ThreatRules | None = None
) -> tuple[Threat, ...]:
    """The threats, each with form, demand, deadline, credibility and reasons; those that are none are left out.

    ``threats`` are the model's candidates: kind, score and the span of the sentence are taken as they are. A candidate
    is dropped only where a phrase shows that it is reported, withdrawn, negated, past, hypothetical, quoted, about
    someone else or a question of procedure. What is at stake is ``context.amount_at_stake``, or else the largest sum of
    the message that is not itself the sum claimed ("sue you for …"): a larger stake makes a lawsuit more plausible, so
    doubt is voiced only where every sum is small. A stake without a currency is taken to be in the weakest currency of
    the message, or else in USD. ``context`` and ``rules`` default to an empty context and the shipped rules.
    Raises ``TypeError`` if ``message`` is not a str.
    """
    if not isinstance(message, str):
        raise TypeError(f"message must be a str, not {type(message).__name__}")
    if not threats:
        return ()
    reading = read(message, context or Context(), rules or load_rules())
    whole = (0, len(message))
    said = {rule.id for rule in reading.rules.not_threats if rule.whole_message and _holds(rule, whole, reading)}
    return tuple(_weigh(threat, reading) for threat in threats if not _is_none(threat, said, reading))


def combine_bluff(bluff: float, threat: float, threats: Sequence[Threat]) -> float:
    """The bluff score from the learnt one and the checklist, 0..1, never above the ``threat`` score.

    - A threat that is to be treated as real, or nothing but highly credible threats: at most 0.05.
    - Nothing but threats of low credibility: moved up by a share of the distance to 1, 0.15 for each reason that lowers
      the best supported of them, at most 0.45.
    - Otherwise the learnt score. In every case a higher learnt score never gives a lower result.
    """
    levels = {found.credibility for found in threats}
    if "treat_as_real" in levels or levels == {"high"}:
        return min(0.05 * bluff, threat)
    if levels == {"low"}:
        doubts = min(sum(reason.effect == "lowers" for reason in found.reasons) for found in threats)
        return min(bluff + (1 - bluff) * min(0.45, 0.15 * doubts), threat)
    return min(bluff, threat)


def _is_none(threat: Threat, said: AbstractSet[str], reading: Reading) -> bool:
    """Whether the text shows that this is no threat; ``said`` are the rules that hold for the whole message."""
    rules = [rule for rule in reading.rules.not_threats if not rule.kinds or threat.kind in rule.kinds]
    if threat.kind in reading.rules.treat_as_real:
        rules = [rule for rule in rules if rule.floored]
    elif _is_quoted(threat, reading):
        return True
    span = (threat.start, threat.end)
    return any(rule.id in said if rule.whole_message else _holds(rule, span, reading) for rule in rules)


def _holds(rule: NotThreat, span: Span, reading: Reading) -> bool:
    """Whether a phrase of the group stands in the span with none of the guards beside it."""
    return any(not any(_guarded(group, hit, rule, span, reading) for group in rule.guards)
               for hit in reading.inside(rule.id, span))  # fmt: skip


def _guarded(group: str, hit: Hit, rule: NotThreat, span: Span, reading: Reading) -> bool:
    """Whether the group stands beside the hit: in the same sentence, or anywhere in the candidate.

    Words of intent that touch the hit belong to it ("I'm going to" in "I'm going to die of boredom") and do not count.
    """
    window = (hit.start - _LONGEST_DEMAND, hit.end + _LONGEST_DEMAND) if rule.whole_message else span
    return any(
        (other.sentence == hit.sentence or not rule.whole_message)
        and (group != "own_act" or other.end + 1 < hit.start or other.start > hit.end)
        for other in reading.inside(group, window)
    )


def _is_quoted(threat: Threat, reading: Reading) -> bool:
    """Whether the candidate is a quoted line of a mail, or threatens only in the words of someone else."""
    span = (threat.start, threat.end)
    line = reading.message.rfind("\n", 0, threat.start) + 1
    if reading.message[line : line + 1] == ">":
        return True
    quotations = _QUOTED.finditer(reading.message, max(0, threat.start - 1), threat.end + 1)
    spans = [match.span() for match in quotations]
    told = [span for span in spans if reading.first("speech", (span[0] - 2 * _SPEECH_GAP, span[0])) is not None]
    own = [any(start <= hit.start < end for start, end in told) for hit in reading.inside("own_act", span)]
    return bool(own) and all(own)


def _weigh(threat: Threat, reading: Reading) -> Threat:
    span = (threat.start, threat.end)
    found = [(entry.points * times, reason) for entry in reading.rules.indicators
             for times, reason in apply(entry, threat.kind, span, reading)]  # fmt: skip
    credibility, reasons = _level(threat.kind, found, reading.rules)
    deadline = reading.nearest("specific_deadline", span)
    return replace(
        threat,
        form=_form(span, reading),
        demand=_demand(span, reading),
        deadline=(deadline.start, deadline.end) if deadline else None,
        credibility=credibility,
        reasons=reasons,
    )


def _level(
    kind: str, found: Sequence[tuple[int, Reason]], rules: ThreatRules
) -> tuple[Literal["low", "medium", "high", "treat_as_real"], tuple[Reason, ...]]:
    reasons = tuple(reason for _, reason in found)
    if kind in rules.treat_as_real:
        floor = Reason("safety_floor", "raises", text="harm to people or property is always taken seriously")
        return "treat_as_real", (floor, *(reason for reason in reasons if reason.effect == "raises"))
    points = sum(points for points, _ in found)
    if points >= rules.high:
        return "high", reasons
    kept = kind in rules.never_low_kinds and any(reason.id in rules.never_low for reason in reasons)
    return ("low" if points <= rules.low and not kept else "medium"), reasons


def _form(span: Span, reading: Reading) -> Literal["direct", "conditional", "veiled"]:
    """Veiled where the only condition is part of the hint itself ("it would be a shame if …")."""
    hint = reading.first("veiled", span)
    conditions = reading.inside("conditional", span)
    if any(hint is None or condition.end <= hint.start or condition.start > hint.end + 1 for condition in conditions):
        return "conditional"
    return "veiled" if hint else "direct"


def _demand(span: Span, reading: Reading) -> Span | None:
    """What the writer wants: from the phrase that asks for it to the end of its clause."""
    hit = reading.nearest("demand", span)
    if hit is None:
        return None
    clause = _CLAUSE_END.search(reading.message, hit.end, hit.end + _LONGEST_DEMAND)
    end = clause.start() if clause else min(len(reading.message), hit.end + _LONGEST_DEMAND)
    turn = reading.first("conditional", (hit.end, end))
    return hit.start, hit.start + len(reading.message[hit.start : turn.start if turn else end].rstrip())
