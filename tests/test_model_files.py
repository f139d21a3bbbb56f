"""A model folder is refused when anything about it is wrong."""

import hashlib
import json
import os
import shutil

import numpy as np
import pytest
from test_model import tiny_model

from clienttone import arrays, engine
from clienttone.assessor import DEFAULT_MODEL
from clienttone.errors import ModelError
from clienttone.model import Head, ToneModel, load_model


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(DEFAULT_MODEL, tmp_path / "model")


def edit(folder, **changes):
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")


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
