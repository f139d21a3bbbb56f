import json
from collections import Counter
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline

from clienttone import features, vectors
from clienttone.model import Head, ToneModel
from clienttone.normalize import fold
from clienttone.segment import segment

MESSAGES = Path(__file__).parents[1] / "data" / "messages"
HEAD = Head("abuse", 0.0, (1.0, 0.0), 0.5, 0.5, 0.9)


def own_messages(count):
    texts = (path.read_text(encoding="utf-8") for path in sorted(MESSAGES.glob("*.jsonl")))
    rows = [json.loads(line) for text in texts for line in text.split("\n") if line]
    return rows[:: max(len(rows) // count, 1)][:count]


def grams(messages):
    folded = fold(messages)
    return folded, features.occurrences(folded, segment(folded))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=4))
def test_vectorised_grams_equal_the_plain_definition(messages):
    folded, found = grams(messages)
    for number in range(len(messages)):
        assert Counter(found.bucket[found.message == number].tolist()) == Counter(reference.buckets(folded, number))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(alphabet="ab !.?\n@:/'Ω", max_size=40), min_size=1, max_size=5))
def test_a_message_is_featurised_alike_alone_and_in_a_batch(messages):
    _, together = grams(messages)
    for number, message in enumerate(messages):
        _, alone = grams([message])
        assert sorted(together.bucket[together.message == number]) == sorted(alone.bucket)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=120))
def test_offsets_point_into_the_original_message(message):
    folded, found = grams([message])
    assert ((folded.position >= 0) & (folded.position < max(len(message), 1))).all()
    assert (np.diff(folded.position) > 0).all()
    assert (found.first <= found.last).all()


def test_the_words_meant_by_an_offset():
    message = "Dear @Bob, I'M   gonna SUEEEE you… see https://x.y/z?q 😡"
    folded, _ = grams([message])
    starts = np.append(np.flatnonzero(folded.token), len(folded.codes))
    words = [
        message[folded.position[a] : folded.position[b - 1] + 1] for a, b in zip(starts[:-1], starts[1:], strict=True)
    ]
    assert words[:8] == ["Dear", "@", ",", "I'M", "gonna", "SUEE", "you", "…"]
    assert words[-1] == "😡"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("ΘΑ ΣΑΣ ΚΑΝΩ ΜΗΝΥΣΗ", "θα σας κάνω μήνυση"),
        ("ｒｅｆｕｎｄ", "refund"),
        ("re\u200bfund", "refund"),
        ("soooooo", "sooo"),
        ("@anna hi", "@bo hi"),
    ],
)
def test_folding_makes_alike(a, b):
    assert np.array_equal(fold([a]).codes, fold([b]).codes)


def test_devanagari_vowel_signs_are_kept():
    assert len(fold(["कि"]).codes) == 2


@lru_cache(512)  # each block asks again
def buckets_of(text):
    return reference.buckets(fold([text]), 0)


def sklearn_pipeline(texts, y):
    """The same features through scikit-learn's own transformers: one TF-IDF a block, over strings of bucket numbers."""

    def analyzer(block):
        def cut(text):
            low, high = block * features.BUCKETS, (block + 1) * features.BUCKETS
            return [str(b) for b in buckets_of(text) if low <= b < high]

        return cut

    blocks = [
        (name, TfidfVectorizer(analyzer=analyzer(i), sublinear_tf=True)) for i, name in enumerate(features.BLOCKS)
    ]
    return make_pipeline(FeatureUnion(blocks), LogisticRegression(C=10)).fit(texts, y)


def as_model(pipeline):
    union, regression = pipeline[0], pipeline[1]
    column = np.full(len(features.BLOCKS) * features.BUCKETS, -1, np.int32)
    idf, coef, edges, base = [], [], [0], 0
    for _, vectorizer in union.transformer_list:
        buckets = sorted(vectorizer.vocabulary_, key=int)
        order = np.array([vectorizer.vocabulary_[b] for b in buckets])
        column[[int(b) for b in buckets]] = np.arange(base, base + len(buckets))
        idf.append(vectorizer.idf_[order])
        coef.append(regression.coef_[0][base + order])
        base += len(buckets)
        edges.append(base)
    idf = np.concatenate(idf)
    weights = np.concatenate(coef) * idf
    four = np.repeat(weights[:, None], 4, axis=1)
    none = np.zeros((base, 0))
    return ToneModel("test", (HEAD,) * 4, column, np.array(edges), idf * idf, four, none, np.zeros(0))


@cache
def both():
    """A scikit-learn pipeline, and the model with its numbers."""
    rows = own_messages(400)
    pipeline = sklearn_pipeline([r["text"] for r in rows], [r["threat"] for r in rows])
    return pipeline, as_model(pipeline)


def equal_scikit_learns(texts):
    pipeline, model = both()
    logits = vectors.row_logits(model, vectors.featurize(model, texts), dtype=np.float64)[: len(texts), 0]
    return np.abs(logits + pipeline[1].intercept_[0] - pipeline.decision_function(texts)).max() < 1e-6


def test_scores_equal_scikit_learns_on_every_own_message():
    texts = [row["text"] for row in own_messages(100_000)]
    assert all(equal_scikit_learns(texts[low : low + 200]) for low in range(0, len(texts), 200))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=4))
def test_scores_equal_scikit_learns_on_any_text(messages):
    assert equal_scikit_learns(messages)
