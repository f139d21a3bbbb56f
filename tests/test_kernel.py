import random
import threading

import numpy as np
import pytest
from fuzz_kernel import alone, random_message, random_model
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_features import own_messages

from clienttone import engine
from clienttone.assessor import DEFAULT_MODEL
from clienttone.model import MANIFEST, ToneModel, load_model
from clienttone.normalize import MAX_CHARACTERS, unicode_table

kernel = pytest.importorskip("clienttone._kernel", reason="the C extension is not built")
pytestmark = pytest.mark.skipif(engine.ENGINE != "c", reason="numpy was asked for")

MODEL = random_model()
SPARSE = random_model(1, 0.02)
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=80)  # lone surrogates too
TRICKY = st.text(alphabet="abA '!.?)\n@:/0-`>;।Ω😡\u200b\ud800", max_size=80)
LONG = {
    "one letter": "a" * 1_000_000,
    "emoji": "😡" * 100_000,
    "two emoji": "😡😀" * 50_000,
    "nul": "a\0b" * 1000,
    "surrogates": "\ud800\udc00x" * 1000,
    "right to left": "אני אתבע אותך. \u202eabc\u202c " * 500,
    "no space": "abcdefghij" * 10_000,
    "sentences": "Pay me now. " * 9_000,
    "short lines": "ab\n" * 34_000,
    "quotes": "> a\n" * 1000 + "b",
    "fence": "`" * 5000,
    "links": "x://y " * 10_000,
    "handles": "@a " * 30_000,
    "white space": " \n" * 50_000,
    "all different": "".join(map(chr, range(0x20, 0x18000))),
    "invisible": "\u200b" * 100_000,
    "cut inside": "x " * (MAX_CHARACTERS // 2) + "> never read",
}


def scorer_arguments(model=MODEL):
    heads = np.array([(h.segment_share, *h.calibration) for h in model.heads], np.float64)
    return [unicode_table(), model.column, model.edges, model.idf2, model.coef, heads]


@settings(max_examples=300, deadline=None)
@given(st.lists(ANY_TEXT | TRICKY, max_size=5))
@example([])
@example([""])
@example(["a:", "//b"])
@example(["so.", ') and then. "fine" today'])
def test_c_equals_numpy_on_any_text(messages):
    for model in (MODEL, SPARSE):
        assert np.abs(model.score(messages) - alone(model, messages)).max(initial=0) < 1e-6


def test_c_equals_numpy_on_random_pieces():
    rng = random.Random(5)
    messages = [random_message(rng) for _ in range(1500)]
    assert np.abs(MODEL.score(messages) - alone(MODEL, messages)).max() < 1e-6


def test_c_equals_numpy_on_every_own_message():
    texts = [row["text"] for row in own_messages(5000)]
    expected = np.concatenate([MODEL.score_with_numpy(texts[i : i + 200]) for i in range(0, len(texts), 200)])
    assert np.abs(MODEL.score(texts) - expected).max() < 1e-6


@pytest.mark.parametrize("name", LONG)
def test_c_equals_numpy_on_long_and_degenerate_messages(name):
    messages = ["Hello there.", LONG[name], "Hello there."]
    scores = MODEL.score(messages)
    assert np.abs(scores - exact(MODEL, messages)).max() < 2e-6
    assert np.array_equal(scores[0], scores[2])


def exact(model, messages):
    """numpy with float64 sums: over 100,000 characters its float32 ones are the less exact of the two engines."""
    wide = (model.idf2.astype(np.float64), model.coef.astype(np.float64))
    return alone(
        ToneModel(model.name, model.heads, model.column, model.edges, *wide, model.coef_more, model.scale_more),
        messages,
    )


@pytest.mark.skipif(not (DEFAULT_MODEL / MANIFEST).exists(), reason="no model is shipped yet")
def test_c_equals_numpy_with_the_shipped_model():
    model, texts = load_model(DEFAULT_MODEL), [row["text"] for row in own_messages(1000)]
    assert np.abs(model.score(texts) - alone(model, texts)).max() < 1e-6


def test_a_model_that_knows_nothing():
    assert np.array_equal(empty := random_model(0, 0.0).score(["abc", ""]), alone(random_model(0, 0.0), ["abc", ""])), (
        empty
    )


def test_many_groups_keep_their_order():
    messages = [f"message {i} " + "words " * (i % 50) for i in range(3000)]
    assert np.array_equal(MODEL.score(messages), np.concatenate([MODEL.score([m]) for m in messages]))


def test_threads_share_a_model():
    messages, results = [random_message(random.Random(i)) for i in range(2000)], {}
    threads = [threading.Thread(target=lambda i=i: results.update({i: MODEL.score(messages)})) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(results[0], results[i]) for i in range(4))


def replaced(number, array):
    return [array if i == number else argument for i, argument in enumerate(scorer_arguments())]


@pytest.mark.parametrize("number", range(6))
def test_a_wrong_array_is_refused_and_never_read(number):
    good = scorer_arguments()[number]
    for bad in (
        good[:-1],
        np.concatenate([good, good[:1]]),
        good.astype(np.int16),
        good.astype(">f8"),
        good[::2],
        good[:0],
    ):
        with pytest.raises((ValueError, BufferError)):
            kernel.Scorer(*replaced(number, bad))
    with pytest.raises(TypeError):
        kernel.Scorer(*replaced(number, None))


@pytest.mark.parametrize("change", [(5, 3_000_000), (-1, 2**31 - 1), (0, -2)])
def test_columns_that_point_elsewhere_are_refused(change):
    column = MODEL.column.copy()
    kept = np.flatnonzero(column >= 0)
    column[kept[change[0]]] = change[1]
    with pytest.raises(ValueError, match="column and edges"):
        kernel.Scorer(*replaced(1, column))


def test_a_wrong_place_for_the_answer_is_refused():
    scorer = kernel.Scorer(*scorer_arguments())
    read_only = np.zeros((1, 4), np.float32)
    read_only.flags.writeable = False
    for out in (np.zeros((2, 4), np.float32), np.zeros((1, 4)), read_only, np.zeros((4, 2), np.float32)[::2]):
        with pytest.raises((ValueError, BufferError)):
            scorer.score(["a"], str, out)


def test_wrong_arguments_are_named():
    with pytest.raises(TypeError, match=r"messages\[1\] must be str"):
        MODEL.score(["a", 1])
    with pytest.raises(TypeError):
        kernel.Scorer()
    scorer, out = kernel.Scorer(*scorer_arguments()), np.zeros((1, 4), np.float32)
    with pytest.raises(TypeError, match="cut must return str"):
        scorer.score(["> a"], len, out)
    with pytest.raises(ValueError, match="100000"):
        scorer.score(["a" * 100_001], str, out)
    with pytest.raises(ZeroDivisionError):
        scorer.score(["> a"], lambda m: 1 / 0, out)


def test_messages_that_vanish_on_the_way():
    messages = ["> a", "b", "c"]
    with pytest.raises(IndexError):
        kernel.Scorer(*scorer_arguments()).score(
            messages, lambda m: messages.clear() or m, np.zeros((3, 4), np.float32)
        )
