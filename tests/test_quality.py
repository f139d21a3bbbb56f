"""The shipped model's figures on the dev split must not fall; `models/default/README.md` tells the exact ones."""

import json
import os
from pathlib import Path

import pytest

from clienttone import assess_many
from clienttone.training.evaluate import evaluate

DATA = Path(__file__).parents[1] / "data"
CORPORA = os.environ.get("CLIENTTONE_CORPORA")


@pytest.fixture(scope="module")
def figures():
    return evaluate(None, DATA, Path(CORPORA) if CORPORA else None)


@pytest.mark.parametrize(
    ("label", "floor"), [("abuse", 0.84), ("threat", 0.90), ("bluff", 0.86), ("frustration", 0.87)]
)
def test_average_precision_on_our_own_messages(figures, label, floor):
    assert figures["own"][label] >= floor


def test_unlabelled_messages_get_no_advice(figures):
    # many of them are hard on purpose; the aim is 0.95
    assert figures["own"]["no_advice_on_unlabelled"] >= 0.80


def test_trade_words_names_and_identity_are_not_hostile():
    cases = json.loads((Path(__file__).parent / "cases" / "ordinary.json").read_text(encoding="utf-8"))
    results = assess_many([case["text"] for case in cases])
    flagged = [c["text"] for c, a in zip(cases, results, strict=True) if a.threats or {"abuse", "threat"} & {*a.labels}]
    assert len(flagged) <= 0.05 * len(cases), flagged
    assert sum(bool(a.advice) for a in results) <= 0.1 * len(cases)


@pytest.mark.skipif(not CORPORA, reason="set CLIENTTONE_CORPORA to the corpora folder")
class TestOnRealMessages:
    @pytest.mark.parametrize(("label", "floor"), [("abuse", 0.50), ("threat", 0.35), ("frustration", 0.93)])
    def test_average_precision(self, figures, label, floor):
        assert figures["real_en"][label] >= floor

    def test_calibration(self, figures):
        # 536 messages: a perfectly calibrated model is expected at .036 for frustration
        assert max(figures["ece_random"].values()) <= 0.05

    def test_false_alarms_of_the_safety_kinds(self, figures):
        assert figures["safety_false_alarms_random"] <= 0.02
