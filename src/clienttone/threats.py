"""What is threatened, how credible it is, and why.

The kind of a threat and its sentence come from the model; everything else is read off the words by an additive
checklist (``rules/threats.toml``): each entry that applies adds its points, up or down, and is kept as a reason. The
sum gives low, medium or high. Threats of violence, to property and of self-harm are always ``treat_as_real``.
"""

from __future__ import annotations

import re

from clienttone.checks import apply, read
from clienttone.results import NO_CONTEXT, Reason, Threat
from clienttone.threat_rules import ThreatRules, load_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet
    from typing import Literal

    from clienttone.checks import Reading, Span
    from clienttone.phrases import Hit
    from clienttone.results import Context
    from clienttone.threat_rules import NotThreat

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
    reading = read(message, context or NO_CONTEXT, rules or load_rules())
    whole = (0, len(message))
    written = [rule for rule in reading.rules.not_threats if rule.id in reading.hits]
    said = {rule.id for rule in written if rule.whole_message and _holds(rule, whole, reading)}
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
    span = (threat.start, threat.end)
    if threat.kind not in reading.rules.treat_as_real and _is_quoted(span, reading):
        return True
    rules = [rule for rule in reading.rules.no_threat[threat.kind] if rule.id in reading.hits]
    return any(rule.id in said if rule.whole_message else _holds(rule, span, reading) for rule in rules)


def _holds(rule: NotThreat, span: Span, reading: Reading) -> bool:
    """Whether a phrase of the group stands in the span with none of the guards beside it."""
    return any(not any(_guarded(group, hit, rule, span, reading) for group in rule.guards)
               for hit in reading.inside(rule.id, span))  # fmt: skip


def _guarded(group: str, hit: Hit, rule: NotThreat, span: Span, reading: Reading) -> bool:
    """Whether the group stands beside the hit: in the same sentence, or anywhere in the candidate.

    Words of intent that touch the hit belong to it ("I'm going to" in "I'm going to die of boredom") and do not count.
    """
    start, end, sentence = hit
    window = (start - _LONGEST_DEMAND, end + _LONGEST_DEMAND) if rule.whole_message else span
    return any(
        (other_sentence == sentence or not rule.whole_message)
        and (group != "own_act" or other_end + 1 < start or other_start > end)
        for other_start, other_end, other_sentence in reading.inside(group, window)
    )


def _is_quoted(span: Span, reading: Reading) -> bool:
    """Whether the candidate is a quoted line of a mail, or threatens only in the words of someone else."""
    message, (start, end) = reading.message, span
    if message.startswith(">", message.rfind("\n", 0, start) + 1):
        return True
    own = [*reading.inside("own_act", span)]
    if not own:
        return False
    quotations = [match.span() for match in _QUOTED.finditer(message, max(0, start - 1), end + 1)]
    told = [place for place in quotations if reading.first("speech", (place[0] - 2 * _SPEECH_GAP, place[0]))]
    return all(any(first <= hit[0] < last for first, last in told) for hit in own)


def _weigh(threat: Threat, reading: Reading) -> Threat:
    kind, span = threat.kind, (threat.start, threat.end)
    entries = [entry for entry in reading.rules.checklist[kind] if entry.id in reading.asked]
    found = [each for entry in entries if (each := apply(entry, kind, span, reading))]
    credibility, reasons = _level(kind, found, reading.rules)
    deadline = reading.nearest("specific_deadline", span)
    return Threat(
        kind,
        threat.score,
        threat.start,
        threat.end,
        _form(span, reading),
        _demand(span, reading),
        deadline[:2] if deadline else None,
        credibility,
        reasons,
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
    if any(hint is None or end <= hint[0] or start > hint[1] + 1 for start, end, _ in conditions):
        return "conditional"
    return "veiled" if hint else "direct"


def _demand(span: Span, reading: Reading) -> Span | None:
    """What the writer wants: from the phrase that asks for it to the end of its clause."""
    hit = reading.nearest("demand", span)
    if hit is None:
        return None
    message, (start, asked, _) = reading.message, hit
    clause = _CLAUSE_END.search(message, asked, asked + _LONGEST_DEMAND)
    end = clause.start() if clause else min(len(message), asked + _LONGEST_DEMAND)
    turn = reading.first("conditional", (asked, end))
    return start, start + len(message[start : turn[0] if turn else end].rstrip())
