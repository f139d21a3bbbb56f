"""What a model says, by numbers small enough to compute by hand, and how it is kept and handed on."""

import pickle

import numpy as np
import pytest
from fuzz_kernel import random_model

from clienttone import arrays
from clienttone.assessor import DEFAULT_MODEL, Assessor
from clienttone.definition import BUCKETS
from clienttone.errors import ModelError
from clienttone.features import occurrences
from clienttone.model import Head, ToneModel, load_model
from clienttone.normalize import fold
from clienttone.segment import segment

LABELS = ("abuse", "threat", "bluff", "frustration")


def tiny_model(word, share=0.0):
    """A model that knows one word: its bucket in the word block has idf 2 and weight 3."""
    folded = fold([word])
    bucket = int(occurrences(folded, segment(folded)).bucket[0])
    column = np.full(3 * BUCKETS, -1, np.int32)
    column[bucket] = 0
    heads = tuple(Head(label, share, (1.0, -1.0), 0.5, 0.5, 0.9) for label in LABELS)
    coef = np.full((1, 4), 3.0 * 2.0, np.float32)
    more, scale = np.zeros((1, 0), np.int8), np.zeros(0, np.float32)
    return ToneModel("tiny", heads, column, np.array([0, 1, 1, 1]), np.array([4.0], np.float32), coef, more, scale)


def test_one_word_by_hand():
    # value 1 * idf 2 over the norm 2, times weight 3: logit 3, calibrated 1/(1+exp(-(3-1)))
    scores = tiny_model("idiot").score(["idiot", "hello"])
    assert scores[:, 0] == pytest.approx([1 / (1 + np.exp(-2)), 1 / (1 + np.exp(1))], abs=1e-6)


def test_the_strongest_segment_counts_by_its_share():
    message = "A kind sentence stands here. You idiot over there."
    for share in (0.0, 0.5):
        assert tiny_model("idiot", share).score([message])[0, 0] == pytest.approx(1 / (1 + np.exp(-2)), abs=1e-6)


def test_a_bluff_is_never_likelier_than_a_threat():
    model = tiny_model("sue")
    heads = list(model.heads)
    heads[1] = Head("threat", 0.0, (1.0, -5.0), 0.5, 0.5, 0.9)
    scores = ToneModel(
        "t", tuple(heads), model.column, model.edges, model.idf2, model.coef, model.coef_more, model.scale_more
    ).score(["sue"])
    assert scores[0, 2] == scores[0, 1]


def test_round_trip(tmp_path):
    model = load_model(DEFAULT_MODEL)
    model.save(tmp_path / "again")
    again = load_model(tmp_path / "again")
    messages = ["You idiots, I will sue you", "τελευταία προειδοποίηση", "ok thanks"]
    assert np.array_equal(model.score(messages), again.score(messages))
    assert (tmp_path / "again" / "weights.bin").read_bytes() == (DEFAULT_MODEL / "weights.bin").read_bytes()
    assert not list((tmp_path / "again").glob("*.new"))


def test_a_saved_model_is_the_one_in_memory(tmp_path):
    model = random_model(3, 0.01, more=9)
    model.save(tmp_path, {"training": {"seed": 3}})
    again = load_model(tmp_path)
    for name, array in model.arrays()._asdict().items():
        assert np.array_equal(array, getattr(again, name)), name
    assert again.heads == model.heads


@pytest.mark.parametrize("heads", [0, 1, 4, 23, 32])
def test_packed_rows_are_the_rows(heads):
    rng = np.random.default_rng(heads)
    for size in (0, 1, 7, 8, 9, 1000):
        scale = rng.choice([0.3, 2.0, 8.0, 60.0], (size, 1))
        more = np.clip(np.round(rng.normal(0, scale, (size, heads))), -128, 127).astype(np.int8)
        packed, groups = arrays._pack_rows(more)
        assert np.array_equal(arrays._unpack_rows(packed, groups, size, heads), more)


def test_a_model_goes_to_another_process():
    model = load_model(DEFAULT_MODEL)
    assert pickle.loads(pickle.dumps(model)).heads == model.heads
    tiny = tiny_model("idiot")
    assert np.array_equal(pickle.loads(pickle.dumps(tiny)).score(["idiot"]), tiny.score(["idiot"]))


def test_the_shipped_model_is_small_and_data_only():
    files = sorted(p.name for p in DEFAULT_MODEL.iterdir())
    assert files == ["README.md", "manifest.json", "weights.bin"]
    assert sum(p.stat().st_size for p in DEFAULT_MODEL.iterdir()) <= 12_000_000


def test_a_model_that_cannot_tell_kinds_is_refused_before_it_is_asked():
    with pytest.raises(ModelError, match="kind:churn"):
        Assessor(random_model())
