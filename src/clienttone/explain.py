"""What numpy tells of a message beside its scores: coverage, where each head is strongest, which words made it so.

The n-grams' contributions are laid back onto the message. Sums are double here, so that both engines find the same words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clienttone.features import count
from clienttone.results import LABELS
from clienttone.vectors import (
    Floats,
    Rows,
    block_norms,
    chances,
    featurize,
    label_chances,
    mix,
    row_logits,
    values,
)

if TYPE_CHECKING:
    from clienttone.engine import Facts, Spans
    from clienttone.model import ToneModel

MAX_SPANS = 8
MIN_SHARE = 0.3  # a word is shown if it moves the logit by at least this share of the strongest word
MIN_WEIGHT = 1e-3
ROUNDING = 1e4  # of contributions, so that equal ones stay in the order of the message


def describe(model: ToneModel, messages: Sequence[str]) -> list[Facts]:
    """The facts of each message, in order."""
    rows = featurize(model, messages)
    logits, more = row_logits(model, rows, dtype=np.float64), row_logits(model, rows, more=True, dtype=np.float64)
    labels, others = model.heads[: len(LABELS)], model.heads[len(LABELS) :]
    probable = np.hstack([label_chances(labels, mix(rows, logits, labels)), chances(others, mix(rows, more, others))])
    visible, coverage = rows.folded.visible, _coverage(rows)
    return [
        (
            tuple(probable[i].tolist()),
            int(visible[i]),
            float(coverage[i]),
            *_strongest(rows, more, i),
            _telling(model, rows, logits, i),
        )
        for i in range(len(messages))
    ]


def _coverage(rows: Rows) -> Floats:
    """(messages,) share of the n-grams that training has kept."""
    size = rows.folded.size
    total = np.bincount(rows.grams.message, minlength=size)
    known = np.bincount(rows.grams.message, rows.column >= 0, minlength=size)
    return np.asarray(known / np.maximum(total, 1))


def _strongest(rows: Rows, more: Floats, message: int) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...]]:
    """(the spans of a message's segments, for each head beside the labels the number of that in which it is strongest)."""
    parts = np.flatnonzero(rows.segments.message == message)
    if not len(parts):
        return (), (0,) * more.shape[1]
    spans = zip(rows.segments.start[parts].tolist(), rows.segments.end[parts].tolist(), strict=True)
    return tuple(spans), tuple(np.argmax(more[rows.folded.size + parts], axis=0).tolist())


def _telling(model: ToneModel, rows: Rows, logits: Floats, message: int) -> tuple[Spans, ...]:
    """Words that speak for each label, strongest first; weights are log-odds after calibration."""
    at = np.flatnonzero((rows.grams.message == message) & (rows.column >= 0))
    points = np.flatnonzero(rows.folded.message == message)
    if not len(at):
        return ((),) * len(LABELS)
    low, size = int(points[0]), rows.folded.size
    parts = np.flatnonzero((rows.segments.message == message) & rows.segments.several)
    whole = _spread(model, rows, at, low, len(points))
    out = []
    for i in range(len(LABELS)):
        head, weights = model.heads[i], whole[:, i]
        if len(parts) and head.segment_share:
            best = parts[np.argmax(logits[size + parts, i])]
            part = _spread(model, rows, at[rows.grams.segment[at] == best], low, len(points))[:, i]
            weights = weights + head.segment_share * (part - weights)
        out.append(_spans(rows, points, weights * head.calibration[0]))
    return tuple(out)


def _spread(model: ToneModel, rows: Rows, at: NDArray[np.int64], low: int, size: int) -> Floats:
    """(code points, labels): each n-gram's part of the row's logit, shared out evenly over its code points."""
    if not len(at):
        return np.zeros((size, len(LABELS)))
    column = rows.column[at]
    counts = count(np.zeros(len(at), np.int64), column, (1, len(model.idf2)))
    value = values(counts, np.float64)
    starts, norm = block_norms(model, counts, value)
    scale = value / counts.tf / np.repeat(norm, np.diff(np.append(starts, len(value))))
    each = (scale[:, None] * model.coef[counts.column])[np.searchsorted(counts.column, column)]
    first, last = rows.grams.first[at] - low, rows.grams.last[at] - low
    each = each / (last - first + 1)[:, None]
    steps = np.zeros((size + 1, len(LABELS)))
    for i in range(len(LABELS)):
        steps[:, i] = np.bincount(first, each[:, i], size + 1) - np.bincount(last + 1, each[:, i], size + 1)
    return np.asarray(np.cumsum(steps, axis=0)[:size])


def _spans(rows: Rows, points: NDArray[np.int64], weights: Floats) -> Spans:
    """Words that push towards the label, neighbours joined, strongest first."""
    token = np.flatnonzero(rows.folded.token[points])
    total = np.add.reduceat(weights, token)
    strong = total >= max(MIN_SHARE * float(total.max()), MIN_WEIGHT)
    run = np.flatnonzero(strong & ~np.concatenate([[False], strong[:-1]]))
    end = np.flatnonzero(strong & ~np.concatenate([strong[1:], [False]]))
    position = rows.folded.position[points]
    stops = np.append(token[1:], len(points)) - 1
    spans = [
        (
            int(position[token[a]]),
            int(position[stops[b]]) + 1,
            round(float(total[a : b + 1].sum()) * ROUNDING) / ROUNDING,
        )
        for a, b in zip(run, end, strict=True)
    ]
    return tuple(sorted(spans, key=lambda s: (-s[2], s[0]))[:MAX_SPANS])
