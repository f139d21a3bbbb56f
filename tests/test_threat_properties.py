"""What holds for threats in any message."""

import time

import pytest
from candidates import LEVEL, ids, one, whole
from hypothesis import given, settings
from hypothesis import strategies as st

from clienttone.results import THREAT_KINDS, Context, Threat
from clienttone.threats import analyse

SENTENCES = [
    "I will sue you.",
    "Maybe I'll sue.",
    "My lawyer Dana Whitfield has the file.",
    "I paid $8,400 in May.",
    "The cable cost $9.",
    "You have no idea who I am.",
    "Refund me by Friday.",
    "I'll shut your company down.",
    "Jeg har sendt klage til Forbrukertilsynet.",
    "Θα κάνω μήνυση.",
    "I spoke to my lawyer yesterday.",
    "The weather is nice.",
    "I know people.",
]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(SENTENCES), unique=True, max_size=6), st.integers(1, 20), st.booleans())
def test_adding_a_small_sum_never_raises_a_lawsuit(sentences, dollars, known):
    context = Context(amount_at_stake=500 if known else None)
    message = " ".join(["I will sue you.", *sentences])
    more = f"{message} The price was ${dollars}."
    before, after = (analyse(text, [Threat("legal", 0.9, 0, 15)], context) for text in (message, more))
    assert [LEVEL[x.credibility] for x in after] <= [LEVEL[x.credibility] for x in before]


@settings(max_examples=60)
@given(st.permutations(SENTENCES[:3]), st.sampled_from(THREAT_KINDS), st.integers(0, 5), st.integers(0, 5))
def test_raising_carried_out_never_lowers(sentences, kind, earlier, carried):
    message = " ".join(sentences)
    levels = [
        one(message, kind, Context(earlier_threats=earlier, carried_out=count)).credibility
        for count in (carried, carried + 1)
    ]
    assert LEVEL[levels[0]] <= LEVEL[levels[1]]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(SENTENCES), unique=True, min_size=1, max_size=6).flatmap(
    lambda chosen: st.tuples(st.just(chosen), st.permutations(chosen))), st.sampled_from(THREAT_KINDS))  # fmt: skip
def test_order_of_sentences_changes_nothing(orders, kind):
    def outcome(sentences: list[str]) -> list[tuple[str, list[str]]]:
        message = " ".join([*sentences[1:], sentences[0]] if sentences is orders[0] else sentences)
        start = message.index(orders[0][0])
        found = analyse(message, [Threat(kind, 0.9, start, start + len(orders[0][0]))])
        return [(threat.credibility, sorted(ids(threat))) for threat in found]

    assert outcome(orders[0]) == outcome(orders[1])


@settings(max_examples=150, deadline=2000)
@given(st.text(max_size=300), st.sampled_from(THREAT_KINDS))
def test_any_text_goes_through_with_spans_inside_it(message, kind):
    for threat in analyse(message, [whole(message, kind)]):
        spans = [threat.demand, threat.deadline, *((reason.start, reason.end) for reason in threat.reasons)]
        assert all(0 <= start <= end <= len(message) for start, end in filter(None, spans))


@pytest.mark.parametrize(
    "unit",
    [
        "i ",
        "sue you by $1 ",
        "1,",
        "a'",
        "my lawyer Bo ",
        '"he said ',
        "I will sue you. ",
        "i wont sue if ",
        "within two ",
        "é",
        "\n>",
        "क्",
        "$",
    ],
)
def test_long_messages_take_well_under_a_second(unit):
    message = (unit * 100_000)[:100_000]
    step = 50
    threats = [Threat("legal", 0.9, start, start + step) for start in range(0, len(message), 10 * step)]
    began = time.perf_counter()
    analyse(message, [*threats, whole(message)])
    assert time.perf_counter() - began < 3  # a generous bound for busy machines; it takes a fraction of it


def test_message_must_be_a_text():
    with pytest.raises(TypeError, match="message"):
        analyse(b"x", [])  # type: ignore[arg-type]
