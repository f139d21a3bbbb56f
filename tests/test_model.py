"""The model file: refused when anything about it is wrong, and scored by numbers small enough to compute by hand."""

import json
import shutil

import numpy as np
import pytest

from clienttone.assessor import DEFAULT_MODEL
from clienttone.errors import ModelError
from clienttone.features import BUCKETS, occurrences
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


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(DEFAULT_MODEL, tmp_path / "model")


def edit(folder, **changes):
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")


def test_round_trip(tmp_path):
    model = load_model(DEFAULT_MODEL)
    model.save(tmp_path / "again")
    again = load_model(tmp_path / "again")
    messages = ["You idiots, I will sue you", "τελευταία προειδοποίηση", "ok thanks"]
    assert np.abs(model.score(messages) - again.score(messages)).max() < 2e-3


def truncate(folder):
    path = folder / "weights.npz"
    path.write_bytes(path.read_bytes()[:1000])


def alter(folder):
    path = folder / "weights.npz"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def alter_threshold(folder):
    heads = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["heads"]
    heads[0]["threshold"] = 0.999
    edit(folder, heads=heads)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda f: (f / "manifest.json").unlink(), "manifest.json: expected a model manifest, found no such file"),
        (lambda f: (f / "weights.npz").unlink(), "weights.npz: expected the model's weights, found no readable file"),
        (lambda f: (f / "manifest.json").write_text("{", encoding="utf-8"), "expected a JSON manifest"),
        (lambda f: (f / "manifest.json").write_text("[]", encoding="utf-8"), "key format: expected 1, found None"),
        (lambda f: edit(f, format=99), "found 99. Upgrade clienttone"),
        (lambda f: edit(f, features={"bits": 3}), "key features"),
        (lambda f: edit(f, sha256={}), "a digest of weights.npz"),
        (truncate, "expected SHA-256"),
        (alter, "expected SHA-256"),
        (alter_threshold, "key heads: expected SHA-256"),
    ],
)
def test_a_wrong_model_is_refused(copy, damage, said):
    damage(copy)
    with pytest.raises(ModelError) as error:
        load_model(copy)
    assert said in str(error.value)
    assert str(copy) in str(error.value)


def test_the_shipped_model_is_small_and_data_only():
    files = sorted(p.name for p in DEFAULT_MODEL.iterdir())
    assert files == ["README.md", "manifest.json", "weights.npz"]
    assert sum(p.stat().st_size for p in DEFAULT_MODEL.iterdir()) <= 12_000_000
