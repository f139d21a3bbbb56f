"""Rows of features and their logits, in numpy: the definition of what a model says, for whole batches at once.

The logit of a head for a message is ``(1 - s) * z(message) + s * max(z(segment))``, ``s`` being its ``segment_share``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clienttone import features, normalize
from clienttone.definition import BLOCKS
from clienttone.features import Counts, Ints, Occurrences, run_bounds
from clienttone.normalize import Folded
from clienttone.results import LABELS
from clienttone.segment import Segments, segment
from clienttone.weights import logistic

if TYPE_CHECKING:
    from clienttone.model import ToneModel
    from clienttone.weights import Head

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Rows:
    """A featurised batch: its code points, segments, and counts of the n-grams that training has kept.

    Rows of ``whole`` are the messages, those of ``parts`` the segments, of messages that have several.
    """

    folded: Folded
    segments: Segments
    whole: Counts
    parts: Counts


def score(model: ToneModel, messages: Sequence[str]) -> NDArray[np.float32]:
    """(messages, 4) calibrated probabilities of the labels."""
    heads, rows = model.heads[: len(LABELS)], featurize(model, messages)
    return label_chances(heads, mix(rows, row_logits(model, rows), heads)).astype(np.float32)


def featurize(model: ToneModel, messages: Sequence[str]) -> Rows:
    """Fold, cut and count a batch. The n-grams, half of the memory, are freed."""
    return rows_and_grams(model, messages)[0]


def rows_and_grams(model: ToneModel, messages: Sequence[str]) -> tuple[Rows, Occurrences, Ints]:
    """The rows of a batch, its n-grams, and the column of each, -1 where training has not kept it."""
    folded = normalize.fold(messages)
    segments = segment(folded)
    grams = features.occurrences(folded, segments)
    column = model.column.take(grams.bucket)
    known = column >= 0
    several = np.append(segments.several, False)  # the last one is number -1: it spans two
    columns = len(model.idf2)
    whole = features.count(grams.message, column, known, (folded.size, columns))
    cut = known & several.take(grams.segment)
    parts = features.count(grams.segment, column, cut, (len(segments.several), columns))
    return Rows(folded, segments, whole, parts), grams, column


def row_logits(model: ToneModel, rows: Rows, more: bool = False, dtype: type = np.float32) -> Floats:
    """(messages + segments, heads) logits without intercept of each row; the label heads, or with ``more`` the others."""
    weights = model.coef_more if more else model.coef
    out: Floats = np.zeros((rows.folded.size + len(rows.segments.message), weights.shape[1]), dtype)
    _fill_logits(model, rows.whole, weights, out[: rows.folded.size])
    _fill_logits(model, rows.parts, weights, out[rows.folded.size :])
    return out * model.scale_more if more else out


def _fill_logits(model: ToneModel, counts: Counts, weights: NDArray[Any], out: Floats) -> None:
    """Write the logits of the rows that have counts into ``out``, (rows, heads).

    Where it is fast: ``take`` gathers rows of weights ten times faster than an index in brackets, and a head by itself is
    added up faster than all beside each other.
    """
    if not len(counts.row):
        return
    value = values(counts, out.dtype)
    bounds, norm = block_norms(model, counts, value)
    sums = np.empty((len(out.T), len(norm)), out.dtype)
    for head, part in enumerate(weights.take(counts.column, axis=0).T):
        sums[head] = np.add.reduceat(part * value, bounds[:-1])
    owner = counts.row.take(bounds[:-1])
    first = run_bounds(owner)[:-1]
    out[owner.take(first)] = np.add.reduceat(sums / norm, first, axis=1).T


def values(counts: Counts, dtype: Any) -> Floats:
    """``1 + ln tf`` of each count."""
    logs: Floats = np.log(counts.tf, dtype=dtype)
    return 1 + logs


def block_norms(model: ToneModel, counts: Counts, value: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Where each (row, block) starts in the counts and the last one ends, and the L2 norms of their values."""
    group = counts.row * len(BLOCKS)
    for edge in model.edges[1:-1]:
        group += counts.column >= edge
    bounds = run_bounds(group)
    norm = np.sqrt(np.add.reduceat(value * value * model.idf2.take(counts.column), bounds[:-1]))
    return bounds, np.maximum(norm, norm.dtype.type(1e-12))


def mix(rows: Rows, logits: Floats, heads: Sequence[Head]) -> Floats:
    """(messages, heads): the whole message and its strongest segment, by each head's ``segment_share``."""
    size = rows.folded.size
    whole, parts = logits[:size], logits[size:]
    strongest = whole.copy()
    several = np.flatnonzero(rows.segments.several)
    if len(several):
        owner = rows.segments.message[several]
        first = run_bounds(owner)[:-1]
        strongest[owner[first]] = np.maximum.reduceat(parts[several], first, axis=0)
    share = np.array([h.segment_share for h in heads], logits.dtype)
    return whole + share * (strongest - whole)


def chances(heads: Sequence[Head], mixed: Floats) -> Floats:
    """(messages, heads) calibrated probabilities of mixed logits."""
    if not heads:
        return mixed
    a, b = np.array([h.calibration for h in heads], mixed.dtype).T
    return logistic(a * mixed + b)


def label_chances(heads: Sequence[Head], mixed: Floats) -> Floats:
    """(messages, 4) probabilities in the order of `LABELS`; a bluff is never likelier than a threat."""
    scores = chances(heads, mixed)
    scores[:, 2] = np.minimum(scores[:, 2], scores[:, 1])
    return scores
