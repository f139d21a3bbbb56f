"""The checklist of credibility: what the words of a message say, and how each entry is decided."""

from __future__ import annotations

from bisect import bisect_left

from clienttone.amounts import Amount, find_amounts
from clienttone.phrases import split_words
from clienttone.results import NO_CONTEXT, Reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from dataclasses import dataclass

    from clienttone.costs import Cost
    from clienttone.phrases import Hit, Words
    from clienttone.results import Context
    from clienttone.threat_rules import Indicator, ThreatRules

    Span = tuple[int, int]
    _Found = tuple[int, int, int] | None
else:
    from clienttone.records import dataclass

_CLAIM_GAP = 12  # characters between "I will sue you for" and the sum claimed


@dataclass(frozen=True, slots=True)
class Reading:
    """What the words of one message say, found once for all its threats; no entry but those ``asked`` can apply."""

    message: str
    words: Words
    hits: Mapping[str, Sequence[Hit]]
    stake: Amount | None
    stake_usd: float | None
    claimed: bool
    context: Context
    rules: ThreatRules
    asked: AbstractSet[str]

    def first(self, group: str, span: Span) -> Hit | None:
        """The first hit of a group that begins inside the span."""
        hits = self.hits.get(group)
        if not hits:
            return None
        at = bisect_left(hits, span[:1])
        return hits[at] if at < len(hits) and hits[at][0] < span[1] else None

    def inside(self, group: str, span: Span) -> Iterator[Hit]:
        """The hits of a group that begin inside the span; to look at the first of thousands takes no time for the others."""
        hits = self.hits.get(group, ())
        return map(hits.__getitem__, range(bisect_left(hits, span[:1]), bisect_left(hits, span[1:])))

    def nearest(self, group: str, span: Span) -> Hit | None:
        """The first hit inside the span, else the one that stands closest to it in the message."""
        hits = self.hits.get(group)
        if not hits:
            return None
        at = bisect_left(hits, span[:1])
        around = hits[max(0, at - 1) : at + 1]
        return self.first(group, span) or min(around, key=lambda hit: _distance(hit, span), default=None)

    def cost(self, kind: str) -> Cost | None:
        """What carrying out such a threat costs where the writer is, or where the currency of the stake is used."""
        place = self.context.country or (self.stake.currency if self.stake else "")
        return self.rules.costs.of(kind, place)


def read(message: str, context: Context, rules: ThreatRules) -> Reading:
    """Find the words, phrases and sums of a message, once for all its threats."""
    amounts = find_amounts(message)
    words = split_words(message, [(amount.start, amount.end) for amount in amounts])
    hits = rules.book.find(words)
    stake, claimed = _stake(amounts, hits.get("claim", ()), context, rules)
    usd = rules.costs.usd(stake) if stake else None
    asked = {*hits, *_OF_WORDS, *(_OF_STAKE if stake else ()), *(() if context is NO_CONTEXT else _OF_CONTEXT)}
    return Reading(message, words, hits, stake, usd, claimed, context, rules, asked)


def _stake(
    amounts: Sequence[Amount], claims: Sequence[Hit], context: Context, rules: ThreatRules
) -> tuple[Amount | None, bool]:
    """What the quarrel is about, and whether it is only known from the sum that the writer claims."""
    if context.amount_at_stake is not None:
        # The weakest currency that is written, lest a stake without one be taken for more than it is.
        written = min(
            ["USD", *(amount.currency for amount in amounts)], key=lambda code: rules.costs.rates.get(code, 1.0)
        )
        return Amount(float(context.amount_at_stake), context.currency or written), False
    if not amounts:
        return None, False
    ends = sorted(hit[1] for hit in claims)
    rest = [amount for amount in amounts if not _claimed(amount, ends)]
    largest = max(rest or amounts, key=lambda amount: (rules.costs.usd(amount) or 0.0, amount.currency))
    return largest, not rest


def _claimed(amount: Amount, ends: Sequence[int]) -> bool:
    at = bisect_left(ends, amount.start + 1) - 1
    return at >= 0 and amount.start - ends[at] <= _CLAIM_GAP


def apply(entry: Indicator, kind: str, span: Span, reading: Reading) -> tuple[int, Reason] | None:
    """The points that an entry of the kind's checklist adds, with the reason; None where it does not apply."""
    if computed := COMPUTED.get(entry.id):
        place = computed(kind, span, reading)
    else:
        place = _place(entry, span, reading)
    if place is None:
        return None
    times, start, end = place
    text = entry.text.format(**_figures(kind, reading)) if "{" in entry.text else entry.text
    return entry.points * times, Reason(entry.id, "raises" if entry.points > 0 else "lowers", start, end, text)


def _place(entry: Indicator, span: Span, reading: Reading) -> _Found:
    hit = reading.first(entry.id, span)
    if hit is None and entry.whole_message:
        hit = reading.first(entry.id, (0, len(reading.message)))
    return (1, hit[0], hit[1]) if hit else None


def _figures(kind: str, reading: Reading) -> dict[str, str]:
    context, cost = reading.context, reading.cost(kind)
    return {
        "stake": str(reading.stake),
        "act": cost.act if cost else "it",
        "fees": f"{cost.fees[0]:,g}-{cost.fees[1]:,g}" if cost else "",
        "full_words": cost.full_words if cost else "",
        "carried_out": str(context.carried_out),
        "earlier_threats": str(max(context.earlier_threats, context.carried_out)),
        "relationship": _relationship(context),
    }


def _relationship(context: Context) -> str:
    months = f"{context.relationship_months:g} months" if context.relationship_months else ""
    currency = context.currency or "of the client's money"
    value = f"{context.monthly_value:,g} {currency} a month" if context.monthly_value else ""
    return ", ".join(part for part in (months, value) if part)


_NOWHERE = (1, 0, 0)


def _specific_sum(kind: str, span: Span, reading: Reading) -> _Found:
    """A sum of the text counts as definite where it neither speaks against the act nor counts as a real stake."""
    stake = reading.stake
    if stake is None or not stake.end or reading.claimed or _real_stake(kind, span, reading):
        return None
    cost = reading.cost(kind)
    small = cost is not None and (reading.stake_usd or 0.0) < cost.small_below
    return None if small else (1, stake.start, stake.end)


def _small_stake(kind: str, span: Span, reading: Reading) -> _Found:
    stake, usd = reading.stake, reading.stake_usd
    if stake is None or usd is None or (cost := reading.cost(kind)) is None or usd >= cost.small_below:
        return None
    return 1, stake.start, stake.end


def _real_stake(kind: str, span: Span, reading: Reading) -> _Found:
    stake, usd = reading.stake, reading.stake_usd
    if stake is None or usd is None or reading.claimed or (cost := reading.cost(kind)) is None:
        return None
    return (1, stake.start, stake.end) if cost.real_from and usd >= cost.real_from else None


def _cheap_act(kind: str, span: Span, reading: Reading) -> _Found:
    cheap = kind in reading.rules.cheap_kinds and reading.first("beyond_ability", span) is None
    return (1, *span) if cheap else None


def _grand_harms(kind: str, span: Span, reading: Reading) -> _Found:
    rules, scope = reading.rules, span if kind in reading.rules.cheap_kinds else (0, len(reading.message))
    found = [hit for group in rules.grand if group in reading.hits and (hit := reading.first(group, scope))]
    return (1, found[0][0], found[0][1]) if len(found) >= rules.grand_at_least else None


def _caps(kind: str, span: Span, reading: Reading) -> _Found:
    words = reading.words.inside(span)
    loud = [word for word in words if word.isupper() and len(word) > 2]
    return (1, *span) if len(loud) >= 3 and 2 * len(loud) >= len(words) else None


def _repeated(kind: str, span: Span, reading: Reading) -> _Found:
    context = reading.context
    return (min(3, int(context.earlier_threats)), 0, 0) if context.earlier_threats >= 1 > context.carried_out else None


def _carried_out(kind: str, span: Span, reading: Reading) -> _Found:
    return _NOWHERE if reading.context.carried_out >= 1 else None


def _long_relationship(kind: str, span: Span, reading: Reading) -> _Found:
    context = reading.context
    return _NOWHERE if (context.relationship_months or 0) >= 12 or context.monthly_value else None


def _contract(kind: str, span: Span, reading: Reading) -> _Found:
    return _NOWHERE if reading.context.written_contract else None


_OF_WORDS: dict[str, Callable[[str, Span, Reading], _Found]] = {
    "cheap_act": _cheap_act,
    "several_grand_harms": _grand_harms,
    "theatre_caps": _caps,
}
_OF_STAKE: dict[str, Callable[[str, Span, Reading], _Found]] = {
    "specific_sum": _specific_sum,
    "small_stake_big_cost": _small_stake,
    "real_stake": _real_stake,
}
_OF_CONTEXT: dict[str, Callable[[str, Span, Reading], _Found]] = {
    "repeated_ultimatum": _repeated,
    "carried_out_before": _carried_out,
    "long_relationship": _long_relationship,
    "written_contract": _contract,
}
COMPUTED = {**_OF_WORDS, **_OF_STAKE, **_OF_CONTEXT}


def _distance(hit: Hit, span: Span) -> int:
    return max(span[0] - hit[1], hit[0] - span[1], 0)
