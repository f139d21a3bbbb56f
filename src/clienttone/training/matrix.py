"""Training's view of the features: the same rows that scoring makes, as scipy matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from clienttone import features, normalize
from clienttone.features import BLOCKS, BUCKETS
from clienttone.segment import segment

CHUNK = 1000
WORD_WEIGHT = 1.3  # the word block counts more than the other two; chosen by grouped cross-validation


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The buckets that training keeps: ``column`` (3 * BUCKETS,) int32 or -1, ``edges`` (4,), ``idf`` (c,) float32."""

    column: NDArray[np.int32]
    edges: NDArray[np.int64]
    idf: NDArray[np.float32]


def counts(messages: Sequence[str]) -> tuple[sp.csr_matrix, sp.csr_matrix, NDArray[np.int64]]:
    """(messages, segments, owner): term counts over all buckets; segments only of messages that have several."""
    whole, parts, owners = [], [], []
    for low in range(0, len(messages), CHUNK):
        folded = normalize.fold(messages[low : low + CHUNK])
        cut = segment(folded)
        grams = features.occurrences(folded, cut)
        whole.append(_matrix(grams.message, grams.bucket, folded.size))
        kept = np.flatnonzero(cut.several)
        number = np.full(len(cut.message) + 1, -1, np.int64)  # one more: segment -1 stands for "spans two"
        number[kept] = np.arange(len(kept))
        row = number[grams.segment]
        parts.append(_matrix(row[row >= 0], grams.bucket[row >= 0], len(kept)))
        owners.append(cut.message[kept].astype(np.int64) + low)
    return sp.vstack(whole).tocsr(), sp.vstack(parts).tocsr(), np.concatenate(owners)


def _matrix(row: NDArray[np.integer[Any]], bucket: NDArray[np.int32], size: int) -> sp.csr_matrix:
    ones = np.ones(len(row), np.float32)
    matrix = sp.coo_matrix((ones, (row, bucket)), shape=(size, len(BLOCKS) * BUCKETS)).tocsr()
    matrix.sum_duplicates()
    return matrix


def vocabulary(whole: sp.csr_matrix, min_df: int) -> Vocabulary:
    """Keep buckets that stand in at least ``min_df`` messages; smoothed idf as scikit-learn's ``TfidfTransformer``."""
    df = np.bincount(whole.indices, minlength=whole.shape[1])
    kept = df >= min_df
    column = np.where(kept, np.cumsum(kept, dtype=np.int32) - np.int32(1), np.int32(-1))
    edges = np.concatenate([[0], np.cumsum(kept.reshape(len(BLOCKS), BUCKETS).sum(axis=1))])
    idf = np.log((1 + whole.shape[0]) / (1 + df[kept])) + 1
    # half precision is what the model file holds; training on the same numbers keeps both exactly equal
    return Vocabulary(column, edges, idf.astype(np.float16).astype(np.float32))


def tfidf(matrix: sp.csr_matrix, vocabulary: Vocabulary) -> sp.csr_matrix:
    """Sublinear tf times idf, each block scaled to unit length, the word block weighted by `WORD_WEIGHT`."""
    kept = np.flatnonzero(vocabulary.column >= 0)
    matrix = matrix[:, kept]
    blocks: list[Any] = []
    for number, (low, high) in enumerate(zip(vocabulary.edges[:-1], vocabulary.edges[1:], strict=True)):
        block = matrix[:, low:high].astype(np.float32)
        block.data = (1 + np.log(block.data)) * vocabulary.idf[low + block.indices]
        norm = np.sqrt(np.asarray(block.multiply(block).sum(axis=1))).ravel()
        scale = np.float32(WORD_WEIGHT if BLOCKS[number] == "word" else 1) / np.maximum(norm, np.float32(1e-12))
        blocks.append(sp.diags(scale.astype(np.float32)) @ block)
    return sp.hstack(blocks).tocsr()


def column_weights(vocabulary: Vocabulary) -> NDArray[np.float32]:
    """(c,) what a column's coefficient is multiplied with when `WORD_WEIGHT` is folded into the model."""
    out = np.ones(len(vocabulary.idf), np.float32)
    out[: vocabulary.edges[1]] = WORD_WEIGHT
    return out
