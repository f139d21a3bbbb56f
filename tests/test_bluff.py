"""The bluff score in agreement with the credibility of the threats."""

import dataclasses

import pytest
from candidates import LEVEL
from hypothesis import given
from hypothesis import strategies as st

from clienttone.assessor import agree, default_assessor
from clienttone.prediction import Predictor
from clienttone.results import Reason, Scores, Threat
from clienttone.threats import combine_bluff


def leveled(level: str, doubts: int = 0) -> Threat:
    reasons = tuple(Reason(f"r{n}", "lowers") for n in range(doubts))
    return Threat("legal", 0.9, 0, 1, credibility=level, reasons=reasons)


def test_credible_threats_do_not_score_as_a_bluff():
    assert combine_bluff(0.99, 0.9, [leveled("high"), leveled("high")]) <= 0.05
    assert combine_bluff(0.99, 0.9, [leveled("treat_as_real"), leveled("low", 3)]) <= 0.05


def test_doubtful_threats_score_higher_and_mixed_ones_as_learnt():
    assert combine_bluff(0.4, 0.9, [leveled("low", 3)]) == pytest.approx(0.67)
    assert combine_bluff(0.4, 0.9, [leveled("low", 1)]) == pytest.approx(0.49)
    assert combine_bluff(0.4, 0.9, [leveled("low", 3), leveled("high")]) == 0.4
    assert combine_bluff(0.4, 0.9, []) == 0.4
    assert combine_bluff(0.4, 0.2, [leveled("low", 3)]) == 0.2


@given(
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 1),
    st.lists(st.builds(leveled, st.sampled_from(sorted(LEVEL)), st.integers(0, 5)), max_size=4),
)
def test_bluff_is_bounded_by_threat_and_monotone(bluff, other, threat, threats):
    low, high = (combine_bluff(score, threat, threats) for score in sorted((bluff, other)))
    assert 0 <= low <= high <= threat


def test_a_bluff_is_labelled_only_where_a_threat_is():
    model, raw = default_assessor().model, Predictor(default_assessor().model).predict(["You will regret this"])[0]
    sure = Scores(0.0, 0.9, 0.9, 0.0)
    assert agree(model, dataclasses.replace(raw, scores=sure, labels=("threat",)), ()).labels == ("threat", "bluff")
    assert agree(model, dataclasses.replace(raw, scores=sure, labels=("bluff",)), ()).labels == ()
