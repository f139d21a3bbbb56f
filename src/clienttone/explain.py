"""Which words made the model think so: n-gram contributions laid back onto the message."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clienttone.features import Counts, count
from clienttone.model import Floats, Rows, ToneModel
from clienttone.results import LABELS, Evidence

MAX_SPANS = 8
MIN_SHARE = 0.3  # a word is shown if it moves the logit by at least this share of the strongest word


def evidence(model: ToneModel, rows: Rows, logits: Floats, message: int) -> dict[str, tuple[Evidence, ...]]:
    """Spans of one message of the batch for each label, strongest first; contributions are log-odds after calibration."""
    at = np.flatnonzero((rows.grams.message == message) & (rows.column >= 0))
    points = np.flatnonzero(rows.folded.message == message)
    if not len(at):
        return dict.fromkeys(LABELS, ())
    low, size = int(points[0]), rows.folded.size
    parts = np.flatnonzero((rows.segments.message == message) & rows.segments.several)
    whole = _spread(model, rows, at, low, len(points))
    out = {}
    for i, label in enumerate(LABELS):
        head, weights = model.heads[i], whole[:, i]
        if len(parts) and head.segment_share:
            best = parts[np.argmax(logits[size + parts, i])]
            part = _spread(model, rows, at[rows.grams.segment[at] == best], low, len(points))[:, i]
            weights = weights + head.segment_share * (part - weights)
        out[label] = _spans(rows, points, weights * head.calibration[0])
    return out


def _spread(model: ToneModel, rows: Rows, at: NDArray[np.int64], low: int, size: int) -> Floats:
    """(code points, labels): each n-gram's part of the row's logit, shared out evenly over its code points."""
    if not len(at):
        return np.zeros((size, len(LABELS)), np.float32)
    column = rows.column[at]
    counts: Counts = count(np.zeros(len(at), np.int64), column, len(model.idf2))
    value = 1 + np.log(counts.tf)
    starts, norm = model.block_norms(counts, value)
    scale = value / counts.tf / np.repeat(norm, np.diff(np.append(starts, len(value))))
    each = (scale[:, None] * model.coef[counts.column])[np.searchsorted(counts.column, column)]
    first, last = rows.grams.first[at] - low, rows.grams.last[at] - low
    each = each / (last - first + 1)[:, None]
    steps = np.zeros((size + 1, len(LABELS)))
    for i in range(len(LABELS)):
        steps[:, i] = np.bincount(first, each[:, i], size + 1) - np.bincount(last + 1, each[:, i], size + 1)
    return np.cumsum(steps, axis=0)[:size].astype(np.float32)


def _spans(rows: Rows, points: NDArray[np.int64], weights: Floats) -> tuple[Evidence, ...]:
    """Words that push towards the label, neighbours joined, strongest first."""
    token = np.flatnonzero(rows.folded.token[points])
    total = np.add.reduceat(weights, token)
    strong = total >= max(MIN_SHARE * float(total.max()), 1e-3)
    run = np.flatnonzero(strong & ~np.concatenate([[False], strong[:-1]]))
    end = np.flatnonzero(strong & ~np.concatenate([strong[1:], [False]]))
    position = rows.folded.position[points]
    stops = np.append(token[1:], len(points)) - 1
    spans = [
        Evidence(int(position[token[a]]), int(position[stops[b]]) + 1, round(float(total[a : b + 1].sum()), 4))
        for a, b in zip(run, end, strict=True)
    ]
    return tuple(sorted(spans, key=lambda e: (-e.contribution, e.start))[:MAX_SPANS])
