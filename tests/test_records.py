"""Values of clienttone are dataclasses to everybody, though `dataclasses` does not make them."""

import copy
import dataclasses
import inspect
import pickle

import pytest

import clienttone
from clienttone.results import Advice, Context, Evidence, Prediction, Scores, read_only

SCORES = Scores(0.1, 0.2, 0.3, 0.4)


def test_what_dataclasses_offers_works():
    assert dataclasses.is_dataclass(Scores)
    assert [f.name for f in dataclasses.fields(Context)][:2] == ["amount_at_stake", "currency"]
    assert dataclasses.fields(Advice)[2].default == ()
    assert dataclasses.replace(SCORES, bluff=1.0) == Scores(0.1, 0.2, 1.0, 0.4)
    assert dataclasses.asdict(SCORES) == {"abuse": 0.1, "threat": 0.2, "bluff": 0.3, "frustration": 0.4}
    assert list(inspect.signature(Scores).parameters) == ["abuse", "threat", "bluff", "frustration"]


def test_values_are_frozen_and_slotted():
    with pytest.raises(dataclasses.FrozenInstanceError, match="abuse"):
        SCORES.abuse = 1.0  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del SCORES.abuse  # type: ignore[misc]
    assert not hasattr(SCORES, "__dict__")


def test_values_are_compared_hashed_and_shown_by_their_fields():
    assert Scores(0.1, 0.2, 0.3, 0.4) == SCORES != Scores(0, 0, 0, 0)
    assert Evidence(0, 1, 2.0) != (0, 1, 2.0)
    assert len({SCORES, Scores(0.1, 0.2, 0.3, 0.4)}) == 1
    assert repr(SCORES) == "Scores(abuse=0.1, threat=0.2, bluff=0.3, frustration=0.4)"
    match SCORES:
        case Scores(abuse, _, _, _):
            assert abuse == 0.1


def test_values_are_checked_when_made():
    with pytest.raises(TypeError, match=r"Scores.__init__\(\) missing 1 required"):
        Scores(1, 2, 3)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="carried_out"):
        Context(carried_out=-1)


def test_values_can_be_copied_and_sent_to_another_process():
    prediction = Prediction(SCORES, (), read_only({"abuse": "low"}), (), (), read_only({}), reliable=False)
    for again in (pickle.loads(pickle.dumps(prediction)), copy.deepcopy(prediction)):
        assert again == prediction
        with pytest.raises(TypeError):
            again.bands["abuse"] = "high"
    a = clienttone.assess("Refund me or I will sue you, you clowns")
    assert pickle.loads(pickle.dumps(a)) == a
