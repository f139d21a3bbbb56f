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
from clienttone.features import Counts, Occurrences, run_starts
from clienttone.normalize import Folded
from clienttone.results import LABELS
from clienttone.segment import Segments, segment

if TYPE_CHECKING:
    from clienttone.model import ToneModel
    from clienttone.weights import Head

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Rows:
    """A featurised batch: its code points, segments, known n-grams (``column`` of each, -1 unknown) and their counts.

    Rows of ``counts`` are the messages, then the segments of messages that have several.
    """

    folded: Folded
    segments: Segments
    grams: Occurrences
    column: NDArray[np.int32]
    counts: Counts


def score(model: ToneModel, messages: Sequence[str]) -> NDArray[np.float32]:
    """(messages, 4) calibrated probabilities of the labels."""
    heads, rows = model.heads[: len(LABELS)], featurize(model, messages)
    return label_chances(heads, mix(rows, row_logits(model, rows), heads)).astype(np.float32)


def featurize(model: ToneModel, messages: Sequence[str]) -> Rows:
    """Fold, cut and count a batch. (``take`` gathers several times faster than an index in brackets.)"""
    folded = normalize.fold(messages)
    segments = segment(folded)
    grams = features.occurrences(folded, segments)
    column = model.column.take(grams.bucket)
    known = np.flatnonzero(column >= 0)
    part_row = np.append(np.where(segments.several, folded.size + np.arange(len(segments.several)), -1), -1)
    part = part_row.take(grams.segment.take(known))  # segment -1, the last row number, stands for "spans two"
    cut = np.flatnonzero(part >= 0)
    kept = column.take(known)
    row = np.concatenate([grams.message.take(known), part.take(cut)])
    shape = folded.size + len(segments.several), len(model.idf2)
    return Rows(folded, segments, grams, column, features.count(row, np.concatenate([kept, kept.take(cut)]), shape))


def row_logits(model: ToneModel, rows: Rows, more: bool = False, dtype: type = np.float32) -> Floats:
    """(messages + segments, heads) logits without intercept of each row; the label heads, or with ``more`` the others."""
    counts, size = rows.counts, rows.folded.size + len(rows.segments.message)
    weights = model.coef_more if more else model.coef
    out: Floats = np.zeros((size, weights.shape[1]), dtype)
    if not len(counts.row):
        return out
    value = values(counts, dtype)
    starts, norm = block_norms(model, counts, value)
    parts: Floats = weights.take(counts.column, axis=0).astype(dtype, copy=False)
    again = np.flatnonzero(counts.tf > 1)  # the others' value is 1
    parts[again] *= value[again, None]
    sums = np.add.reduceat(parts, starts, axis=0) / norm[:, None]
    owner = counts.row[starts]
    first = run_starts(owner)
    out[owner[first]] = np.add.reduceat(sums, first, axis=0)
    return out * model.scale_more if more else out


def values(counts: Counts, dtype: type) -> Floats:
    """``1 + ln tf`` of each count."""
    logs: Floats = np.log(counts.tf, dtype=dtype)
    return 1 + logs


def block_norms(model: ToneModel, counts: Counts, value: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Where each (row, block) starts in the counts, and the L2 norm of its values."""
    group = counts.row * len(BLOCKS) + sum(counts.column >= edge for edge in model.edges[1:-1])
    starts = run_starts(group)
    norm = np.sqrt(np.add.reduceat(value * value * model.idf2.take(counts.column), starts))
    return starts, np.maximum(norm, norm.dtype.type(1e-12))


def mix(rows: Rows, logits: Floats, heads: Sequence[Head]) -> Floats:
    """(messages, heads): the whole message and its strongest segment, by each head's ``segment_share``."""
    size = rows.folded.size
    whole, parts = logits[:size], logits[size:]
    strongest = whole.copy()
    several = np.flatnonzero(rows.segments.several)
    if len(several):
        owner = rows.segments.message[several]
        first = run_starts(owner)
        strongest[owner[first]] = np.maximum.reduceat(parts[several], first, axis=0)
    share = np.array([h.segment_share for h in heads], logits.dtype)
    return whole + share * (strongest - whole)


def chances(heads: Sequence[Head], mixed: Floats) -> Floats:
    """(messages, heads) calibrated probabilities of mixed logits."""
    return np.stack([h.probability(mixed[:, i]) for i, h in enumerate(heads)], axis=1) if heads else mixed


def label_chances(heads: Sequence[Head], mixed: Floats) -> Floats:
    """(messages, 4) probabilities in the order of `LABELS`; a bluff is never likelier than a threat."""
    scores = chances(heads, mixed)
    scores[:, 2] = np.minimum(scores[:, 2], scores[:, 1])
    return scores
