import random
import threading

import numpy as np
import pytest
from fuzz_kernel import alone, described, differs, random_message, random_model
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_features import own_messages

from clienttone import engine
from clienttone.assessor import DEFAULT_MODEL
from clienttone.definition import unicode_bytes
from clienttone.masking import MAX_CHARACTERS
from clienttone.model import MANIFEST, load_model

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
    w = model.weights()
    return [unicode_bytes(), w.kept, w.labels, w.groups, w.packed, w.scales, w.head_numbers]


@settings(max_examples=300, deadline=None)
@given(st.lists(ANY_TEXT | TRICKY, max_size=5))
@example([])
@example([""])
@example(["a:", "//b"])
@example(["so.", ') and then. "fine" today'])
def test_c_equals_numpy_on_any_text(messages):
    for model in (MODEL, SPARSE):
        assert np.abs(model.score(messages) - alone(model, messages)).max(initial=0) < 1e-6


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT | TRICKY)
@example("")
@example("so.\n\n\n> quoted\nand then. 'fine' today, a@b http://x.y")
def test_c_describes_as_numpy_does(message):
    for model in (MODEL, SPARSE):
        assert not differs(*described(model, message))


def test_c_equals_numpy_on_random_pieces():
    rng = random.Random(5)
    messages = [random_message(rng) for _ in range(1500)]
    assert np.abs(MODEL.score(messages) - alone(MODEL, messages)).max() < 1e-6


def test_c_equals_numpy_on_every_own_message():
    texts = [row["text"] for row in own_messages(5000)]
    expected = np.concatenate([MODEL.score_with_numpy(texts[i : i + 200]) for i in range(0, len(texts), 200)])
    assert np.abs(MODEL.score(texts) - expected).max() < 1e-6


def test_c_describes_every_own_message_as_numpy_does():
    model, texts = load_model(DEFAULT_MODEL), [row["text"] for row in own_messages(20_000)]
    for low in range(0, len(texts), 100):
        chunk = texts[low : low + 100]
        for found, expected in zip(model.describe(chunk), model.describe_with_numpy(chunk), strict=True):
            assert not differs(found, expected)


@pytest.mark.parametrize("name", LONG)
def test_c_equals_numpy_on_long_and_degenerate_messages(name):
    messages = ["Hello there.", LONG[name], "Hello there."]
    scores, found = MODEL.score(messages), MODEL.describe(messages)
    expected = [MODEL.describe_with_numpy([message])[0] for message in messages]
    # numpy's scores are sums of single precision, over 100,000 characters the less exact ones
    assert np.abs(scores - [facts[0][:4] for facts in expected]).max() < 2e-6
    assert not any(map(differs, found, expected))
    assert np.array_equal(scores[0], scores[2])
    assert found[0] == found[2]


@pytest.mark.skipif(not (DEFAULT_MODEL / MANIFEST).exists(), reason="no model is shipped yet")
def test_c_equals_numpy_with_the_shipped_model():
    model, texts = load_model(DEFAULT_MODEL), [row["text"] for row in own_messages(1000)]
    assert np.abs(model.score(texts) - alone(model, texts)).max() < 1e-6


def test_a_model_that_knows_nothing():
    assert np.array_equal(empty := random_model(0, 0.0).score(["abc", ""]), alone(random_model(0, 0.0), ["abc", ""])), (
        empty
    )


def test_words_met_before_change_nothing():
    rng = random.Random(8)
    met = [
        "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(1, 26))) for _ in range(60_000)
    ]  # forgets the oldest
    for model in (MODEL, SPARSE):
        messages = [" ".join(rng.choices(met[:500], k=12)) for _ in range(50)]
        scores, facts = model.score(messages), model.describe(messages)
        for _ in range(2):
            model.score([" ".join(met[i : i + 100]) for i in range(0, len(met), 100)])
            assert np.array_equal(model.score(messages), scores)
            model.describe([" ".join(met[i : i + 100]) for i in range(0, len(met), 100)])
            assert model.describe(messages) == facts
        assert np.abs(scores - alone(model, messages)).max() < 1e-6


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


def test_threads_describe_at_the_same_time():
    messages, results = [random_message(random.Random(i)) * 40 for i in range(60)], {}
    threads = [threading.Thread(target=lambda i=i: results.update({i: MODEL.describe(messages)})) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(results[0] == results[i] for i in range(4))


def replaced(number, array):
    return [array if i == number else argument for i, argument in enumerate(scorer_arguments())]


@pytest.mark.parametrize("number", range(7))
def test_a_wrong_array_is_refused_and_never_read(number):
    good = bytes(scorer_arguments()[number])
    kernel.Scorer(*replaced(number, good))
    for bad in (good[:-1], good + b"\0", good[: len(good) // 2], good + good, b""):
        with pytest.raises(ValueError, match=r"unicode|kept|labels|groups|packed|scales|heads"):
            kernel.Scorer(*replaced(number, bad))
    with pytest.raises((TypeError, BufferError)):
        kernel.Scorer(*replaced(number, None))
    with pytest.raises((TypeError, BufferError)):
        kernel.Scorer(*replaced(number, memoryview(good)[::2]))


@pytest.mark.parametrize(
    ("number", "dtype", "at", "value"),
    [
        (0, "<u2", 0x10FF, 65535),
        (1, "u1", 3, 255),
        (2, "<f2", 11, np.nan),
        (3, "<u4", -1, 2**32 - 1),
        (4, "u1", slice(0, 40), 255),
        (5, "<f4", 1, np.inf),
        (6, "<f8", 2, np.nan),
    ],
)
def test_numbers_that_point_elsewhere_are_refused(number, dtype, at, value):
    array = np.frombuffer(scorer_arguments()[number], dtype).copy()
    array[at] = value
    with pytest.raises(ValueError, match=r"unicode|labels|groups|packed|scales|heads"):
        kernel.Scorer(*replaced(number, array.tobytes()))


@pytest.mark.parametrize("more", [0, 1, 31, 32])
def test_any_number_of_other_heads(more):
    model, rng = random_model(more, 0.3, more=more), random.Random(more)
    assert not any(differs(*described(model, random_message(rng))) for _ in range(50))


def test_too_many_heads_are_refused():
    with pytest.raises(ValueError, match="scales"):
        random_model(more=33).describe(["a"])


def test_a_wrong_place_for_the_answer_is_refused():
    scorer = kernel.Scorer(*scorer_arguments())
    read_only = np.zeros((1, 4), np.float32)
    read_only.flags.writeable = False
    for out in (np.zeros((2, 4), np.float32), np.zeros((1, 4)), read_only, np.zeros((4, 2), np.float32)[::2]):
        with pytest.raises((ValueError, BufferError)):
            scorer.score(["a"], str, out)


def test_more_messages_than_there_are_numbers_do_not_fit():
    class Endless(list):
        def __len__(self):
            return 1 << 60  # times 16 bytes is 0

    with pytest.raises(ValueError, match="expected 1152921504606846976 aligned rows"):
        kernel.Scorer(*scorer_arguments()).score(Endless("a"), str, np.zeros((0, 4), np.float32))


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
    with pytest.raises(TypeError, match="text must be str"):
        scorer.describe(b"a")
    with pytest.raises(ValueError, match="100000"):
        scorer.describe("a" * 100_001)


def test_messages_that_vanish_on_the_way():
    messages = ["> a", "b", "c"]
    with pytest.raises(IndexError):
        kernel.Scorer(*scorer_arguments()).score(
            messages, lambda m: messages.clear() or m, np.zeros((3, 4), np.float32)
        )
