"""What numpy tells of a message beside its scores: coverage, where each head is strongest, which words made it so.

The n-grams' contributions are laid back onto the message. Sums are double here, so that both engines find the same words.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from clienttone.features import Ints, Occurrences, count
from clienttone.results import LABELS
from clienttone.vectors import (
    Floats,
    Rows,
    block_norms,
    chances,
    label_chances,
    mix,
    row_logits,
    rows_and_grams,
    values,
)

if TYPE_CHECKING:
    from clienttone.engine import Facts, Spans
    from clienttone.model import ToneModel

MAX_SPANS = 8
MIN_SHARE = 0.3  # a word is shown if it moves the logit by at least this share of the strongest word
MIN_WEIGHT = 1e-3
ROUNDING = 1e4  # of contributions, so that equal ones stay in the order of the message


class Grams(NamedTuple):
    """The n-grams of one message that training has kept; arrays of equal length, as in `Occurrences`."""

    column: Ints
    segment: Ints
    first: Ints
    last: Ints

    def of(self, segment: int) -> Grams:
        """Those of one segment."""
        inside = self.segment == segment
        return Grams(*(array.compress(inside) for array in self))


def describe(model: ToneModel, messages: Sequence[str]) -> list[Facts]:
    """The facts of each message, in order."""
    rows, grams, column = rows_and_grams(model, messages)
    logits, more = row_logits(model, rows, dtype=np.float64), row_logits(model, rows, more=True, dtype=np.float64)
    labels, others = model.heads[: len(LABELS)], model.heads[len(LABELS) :]
    probable = np.hstack([label_chances(labels, mix(rows, logits, labels)), chances(others, mix(rows, more, others))])
    visible, kept = rows.folded.visible, _kept(grams, column, len(messages))
    total = np.maximum(np.bincount(grams.message, minlength=len(messages)), 1)
    return [
        (
            tuple(probable[i].tolist()),
            int(visible[i]),
            float(len(kept[i].column) / total[i]),
            *_strongest(rows, more, i),
            _telling(model, rows, kept[i], logits, i),
        )
        for i in range(len(messages))
    ]


def _kept(grams: Occurrences, column: Ints, size: int) -> list[Grams]:
    """The known ones of each message, in their order."""
    at = np.flatnonzero(column >= 0)
    message = grams.message.take(at)
    at = at.take(np.argsort(message, kind="stable"))
    bounds = np.append(0, np.cumsum(np.bincount(message, minlength=size))).tolist()
    arrays = [array.take(at) for array in (column, grams.segment, grams.first, grams.last)]
    return [Grams(*(array[low:high] for array in arrays)) for low, high in pairwise(bounds)]


def _strongest(rows: Rows, more: Floats, message: int) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...]]:
    """(the spans of a message's segments, for each head beside the labels the number of that in which it is strongest)."""
    parts = np.flatnonzero(rows.segments.message == message)
    if not len(parts):
        return (), (0,) * more.shape[1]
    spans = zip(rows.segments.start[parts].tolist(), rows.segments.end[parts].tolist(), strict=True)
    return tuple(spans), tuple(np.argmax(more[rows.folded.size + parts], axis=0).tolist())


def _telling(model: ToneModel, rows: Rows, grams: Grams, logits: Floats, message: int) -> tuple[Spans, ...]:
    """Words that speak for each label, strongest first; weights are log-odds after calibration."""
    if not len(grams.column):
        return ((),) * len(LABELS)
    low, high = np.searchsorted(rows.folded.message, [message, message + 1])
    points, size = slice(int(low), int(high)), rows.folded.size
    parts = np.flatnonzero((rows.segments.message == message) & rows.segments.several)
    whole, best = _spread(model, grams, points), []
    if len(parts):
        best = parts[np.argmax(logits[size + parts], axis=0)].tolist()
    inside = {part: _spread(model, grams.of(part), points) for part in set(best)}  # labels often share one
    out = []
    for i, head in enumerate(model.heads[: len(LABELS)]):
        weights = whole[:, i]
        if best:
            weights = weights + head.segment_share * (inside[best[i]][:, i] - weights)
        out.append(_spans(rows, points, weights * head.calibration[0]))
    return tuple(out)


def _spread(model: ToneModel, grams: Grams, points: slice) -> Floats:
    """(code points, labels): each n-gram's part of the row's logit, shared out evenly over its code points."""
    size = points.stop - points.start
    if not len(grams.column):
        return np.zeros((size, len(LABELS)))
    counts = count(np.zeros_like(grams.column), grams.column, grams.column >= 0, (1, len(model.idf2)))
    value = values(counts, np.float64)
    bounds, norm = block_norms(model, counts, value)
    scale = value / counts.tf / np.repeat(norm, np.diff(bounds))
    number = np.searchsorted(counts.column, grams.column)
    first, last = grams.first - points.start, grams.last - points.start
    each = scale.take(number) / (last - first + 1)
    steps = np.zeros((size + 1, len(LABELS)))
    for i, coef in enumerate(model.coef.take(grams.column, axis=0).T):
        part = each * coef
        steps[:, i] = np.bincount(first, part, size + 1) - np.bincount(last + 1, part, size + 1)
    return np.asarray(np.cumsum(steps, axis=0)[:size])


def _spans(rows: Rows, points: slice, weights: Floats) -> Spans:
    """Words that push towards the label, neighbours joined, strongest first."""
    token = np.flatnonzero(rows.folded.token[points])
    total = np.add.reduceat(weights, token)
    strong = total >= max(MIN_SHARE * float(total.max()), MIN_WEIGHT)
    run = np.flatnonzero(strong & ~np.concatenate([[False], strong[:-1]]))
    end = np.flatnonzero(strong & ~np.concatenate([strong[1:], [False]]))
    position = rows.folded.position[points]
    stops = np.append(token[1:], len(position)) - 1
    spans = [
        (
            int(position[token[a]]),
            int(position[stops[b]]) + 1,
            round(float(total[a : b + 1].sum()) * ROUNDING) / ROUNDING,
        )
        for a, b in zip(run, end, strict=True)
    ]
    return tuple(sorted(spans, key=lambda s: (-s[2], s[0]))[:MAX_SPANS])
