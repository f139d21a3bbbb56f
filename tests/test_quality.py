"""The shipped model's figures on the dev split must not fall; `models/default/README.md` tells the exact ones."""

import os
from pathlib import Path

import pytest

from clienttone.training.evaluate import evaluate

DATA = Path(__file__).parents[1] / "data"
CORPORA = os.environ.get("CLIENTTONE_CORPORA")


@pytest.fixture(scope="module")
def figures():
    return evaluate(None, DATA, Path(CORPORA) if CORPORA else None)


@pytest.mark.parametrize(
    ("label", "floor"), [("abuse", 0.80), ("threat", 0.88), ("bluff", 0.80), ("frustration", 0.85)]
)
def test_average_precision_on_our_own_messages(figures, label, floor):
    assert figures["own"][label] >= floor


def test_unlabelled_messages_get_no_advice(figures):
    # many of them are hard on purpose; the aim is 0.95
    assert figures["own"]["no_advice_on_unlabelled"] >= 0.75


@pytest.mark.skipif(not CORPORA, reason="set CLIENTTONE_CORPORA to the corpora folder")
class TestOnRealMessages:
    @pytest.mark.parametrize(("label", "floor"), [("abuse", 0.45), ("threat", 0.35), ("frustration", 0.93)])
    def test_average_precision(self, figures, label, floor):
        assert figures["real_en"][label] >= floor

    def test_calibration(self, figures):
        assert max(figures["ece_random"].values()) <= 0.04

    def test_false_alarms_of_the_safety_kinds(self, figures):
        assert figures["safety_false_alarms_random"] <= 0.02
