"""The model file: refused when anything about it is wrong, and scored by numbers small enough to compute by hand."""

import hashlib
import json
import os
import pickle
import shutil

import numpy as np
import pytest
from fuzz_kernel import random_model

from clienttone import arrays, engine
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


def truncate(folder):
    path = folder / "weights.bin"
    path.write_bytes(path.read_bytes()[:1000])


def alter(folder):
    path = folder / "weights.bin"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def pipe(name):
    def change(folder):
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return change


def grow(name):
    return lambda folder: os.truncate(folder / name, 1 << 29)


def replace_text(old, new):
    def change(folder):
        text = (folder / "manifest.json").read_text(encoding="utf-8")
        (folder / "manifest.json").write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def alter_threshold(folder):
    heads = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["heads"]
    heads[0]["threshold"] = 0.999
    edit(folder, heads=heads)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda f: (f / "manifest.json").unlink(), "manifest.json: expected a model manifest, found no such file"),
        (lambda f: (f / "weights.bin").unlink(), "weights.bin: expected the model's weights, found no such file"),
        (lambda f: (f / "manifest.json").write_text("{", encoding="utf-8"), "expected a JSON manifest"),
        (lambda f: (f / "manifest.json").write_text("[]", encoding="utf-8"), "key format: expected 2, found None"),
        (lambda f: edit(f, format=99), "found 99. Upgrade clienttone"),
        (lambda f: edit(f, features={"bits": 3}), "key features"),
        (lambda f: edit(f, sha256={}), "a digest of weights.bin"),
        (truncate, "expected SHA-256"),
        (alter, "expected SHA-256"),
        (alter_threshold, "key heads: expected SHA-256"),
        (grow("manifest.json"), "found no regular file of at most 1048576 bytes"),
        (grow("weights.bin"), "found no regular file of at most 268435456 bytes"),
        (replace_text('"name": "', '"name": "\\u001b]'), "key name: expected printable characters, found '\\x1b]"),
        (replace_text('"name": ', '"x": ' + "[" * 100_000 + "]" * 100_000 + ', "name": '), "nested too deeply"),
        (replace_text('"format": 2', '"format": ' + "9" * 5000), "expected a JSON manifest"),
        (replace_text('"format": 2', '"format": ' + "9" * 4000), "Upgrade clienttone"),
    ],
)
def test_a_wrong_model_is_refused(copy, damage, said):
    damage(copy)
    with pytest.raises(ModelError) as error:
        load_model(copy)
    assert said in str(error.value)
    assert str(copy) in str(error.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("name", ["manifest.json", "weights.bin"])
def test_a_pipe_is_not_waited_for(copy, name):
    test_a_wrong_model_is_refused(copy, pipe(name), "found no regular file")


@pytest.mark.parametrize("depth", range(880, 1000, 10))
def test_an_error_about_something_deep_can_be_told(copy, depth):
    test_a_wrong_model_is_refused(copy, replace_text('"bits": 20', '"bits": ' + "[" * depth + "]" * depth), "expected")


@pytest.mark.parametrize(
    "change",
    [
        {"threshold": 10**400},
        {"threshold": float("nan")},
        {"high": float("inf")},
        {"medium": "0.5"},
        {"threshold": None},
        {"segment_share": 1.5},
        {"segment_share": -0.5},
        {"calibration": [1e300, 0]},
        {"calibration": {"1": 1, "2": 2}},
        {"calibration": "12"},
        {"calibration": [1, 2, 3]},
        {"name": "threat"},
        {"name": "insult"},
        {"name": ["abuse"]},
        {"name": "\ud800"},
    ],
)
def test_heads_that_cannot_be_are_refused(copy, change):
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    manifest["heads"][0] |= change
    digest = hashlib.sha256(json.dumps(manifest["heads"], sort_keys=True).encode()).hexdigest()
    edit(copy, heads=manifest["heads"], sha256={**manifest["sha256"], "heads": digest})
    with pytest.raises(ModelError, match="key heads: expected") as error:
        load_model(copy)
    assert len(str(error.value)) < 600


def rewrite(folder, array, change):
    """Change an array and make the digest fit: what is left is to be found by looking at the numbers."""
    manifest, path = json.loads((folder / "manifest.json").read_text(encoding="utf-8")), folder / "weights.bin"
    entry, raw = manifest["arrays"][array], bytearray(path.read_bytes())
    values = np.frombuffer(raw, entry["dtype"], int(np.prod(entry["shape"])), entry["offset"])
    change(values)
    path.write_bytes(raw)
    edit(folder, sha256={**manifest["sha256"], "weights.bin": hashlib.sha256(raw).hexdigest()})


def put(at, value):
    def change(values):
        values[at] = value

    return change


@pytest.mark.parametrize(
    ("array", "change"),
    [
        ("labels", put(7, np.nan)),
        ("labels", put(-1, np.inf)),
        ("scales", put(0, -np.inf)),
        ("kept", put(0, 0xFF)),
        ("groups", put(5, 2**31)),
        ("packed", put(slice(0, 6), 0xFF)),
    ],
)
@pytest.mark.parametrize("name", ["c", "numpy"])
def test_numbers_that_cannot_be_are_refused(copy, monkeypatch, name, array, change):
    if name == "c" and engine.ENGINE != "c":
        pytest.skip("the C extension is not built, or numpy was asked for")
    monkeypatch.setattr(engine, "ENGINE", name)
    rewrite(copy, array, change)
    with pytest.raises(ModelError, match="expected"):
        load_model(copy)


@pytest.mark.parametrize(
    "change",
    [
        {"dtype": "<f8"},
        {"offset": 1},
        {"offset": -64},
        {"offset": 1 << 40},
        {"shape": "12"},
        {"shape": [3]},
        {"shape": None},
        {"offset": 0.0},
        {"offset": False},
        {"offset": "0"},
        {"shape": [12.0]},
        {"shape": [-1, -64]},
        {"shape": ["a" * 1000, 10**9]},
        {"shape": [[0] * 1000, 10**9]},
        {"shape": [10**4000] * 50},
        {"shape": {}},
    ],
)
@pytest.mark.parametrize("array", ["kept", "labels", "packed", "scales"])
def test_arrays_that_stand_elsewhere_are_refused(copy, array, change):
    arrays = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))["arrays"]
    edit(copy, arrays={**arrays, array: {**arrays[array], **change}})
    with pytest.raises(ModelError, match=rf"{array}.*expected|expected.*{array}"):
        load_model(copy)


@pytest.mark.parametrize("name", ["c", "numpy"])
def test_a_last_row_that_runs_past_the_end_is_refused(tmp_path, monkeypatch, name):
    if name == "c" and engine.ENGINE != "c":
        pytest.skip("the C extension is not built, or numpy was asked for")
    monkeypatch.setattr(engine, "ENGINE", name)
    tiny = tiny_model("idiot")
    others = tuple(Head(f"head {i}", 0.0, (1.0, 0.0), 0.5, 0.5, 0.9) for i in range(32))
    more, scale = np.full((1, 32), 100, np.int8), np.ones(32, np.float32)
    ToneModel("t", tiny.heads + others, tiny.column, tiny.edges, tiny.idf2, tiny.coef, more, scale).save(tmp_path)
    load_model(tmp_path)
    manifest, path = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8")), tmp_path / "weights.bin"
    manifest["arrays"]["packed"]["shape"] = [arrays.PADDING]
    edit(tmp_path, arrays=manifest["arrays"])
    assert path.stat().st_size > manifest["arrays"]["packed"]["offset"] + arrays.PADDING
    with pytest.raises(ModelError, match="packed"):
        load_model(tmp_path)


def test_the_shipped_model_is_small_and_data_only():
    files = sorted(p.name for p in DEFAULT_MODEL.iterdir())
    assert files == ["README.md", "manifest.json", "weights.bin"]
    assert sum(p.stat().st_size for p in DEFAULT_MODEL.iterdir()) <= 12_000_000


def test_a_model_that_cannot_tell_kinds_is_refused_before_it_is_asked():
    with pytest.raises(ModelError, match="kind:churn"):
        Assessor(random_model())
