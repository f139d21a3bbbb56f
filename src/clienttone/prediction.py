"""From a featurised batch to `Prediction` values: scores, bands, threat candidates, patterns, evidence, reliability."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clienttone.explain import evidence
from clienttone.model import Floats, Head, Rows, ToneModel
from clienttone.results import LABELS, PATTERNS, THREAT_KINDS, Band, Pattern, Prediction, Scores, Threat, read_only

MIN_VISIBLE = 4  # characters
# Share of n-grams met in training: fewer than 1% of our dev messages lie below, French, German and Spanish do. Languages
# with a script of their own have few neighbours to be mistaken for.
MIN_COVERAGE = {"en": 0.78, "fil": 0.78, "nb": 0.78, "id": 0.78, "el": 0.6, "ne": 0.6}
MIN_LANGUAGE = 0.2  # probability of the likeliest language
SAFETY_KINDS = ("violence", "property", "self_harm")  # told even where the threat score itself stays low


def predict(model: ToneModel, messages: Sequence[str]) -> list[Prediction]:
    """The model's opinion of each message, in order."""
    rows = model.featurize(messages)
    logits, more = model.row_logits(rows), model.row_logits(rows, more=True)
    others = model.heads[len(LABELS) :]
    scores = model.label_scores(model.mix(rows, logits, model.heads[: len(LABELS)]))
    mixed = model.mix(rows, more, others)
    chances = np.stack([h.probability(mixed[:, i]) for i, h in enumerate(others)], axis=1)
    visible, known = rows.folded.visible, _coverage(rows)
    return [
        _prediction(model, rows, i, scores[i], dict(zip((h.name for h in others), chances[i].tolist(), strict=True)),
                    logits, more, int(visible[i]), float(known[i]))
        for i in range(len(messages))
    ]  # fmt: skip


def _prediction(
    model: ToneModel,
    rows: Rows,
    i: int,
    scores: Floats,
    chances: dict[str, float],
    logits: Floats,
    more: Floats,
    visible: int,
    coverage: float,
) -> Prediction:
    heads = model.heads[: len(LABELS)]
    values = [float(s) for s in scores]
    language = max((n for n in chances if n.startswith("language:")), key=chances.__getitem__)
    sure = chances[language] >= MIN_LANGUAGE
    known = sure and coverage >= MIN_COVERAGE[language.partition(":")[2]]
    reason = _reason(visible, int(rows.folded.masked[i]), known)
    enough = reason not in ("empty", "too_short")
    labels = tuple(h.name for h, s in zip(heads, values, strict=True) if enough and s >= h.threshold)
    patterns = [
        Pattern(name, chances[f"pattern:{name}"])
        for name in PATTERNS
        if enough and chances[f"pattern:{name}"] >= model.head(f"pattern:{name}").threshold
    ]
    return Prediction(
        scores=Scores(*values),
        labels=labels,
        bands=read_only({h.name: band(h, s) for h, s in zip(heads, values, strict=True)}),
        threats=_threats(model, rows, i, chances, more, "threat" in labels),
        patterns=tuple(sorted(patterns, key=lambda p: -p.score)),
        evidence=read_only(evidence(model, rows, logits, i)),
        language=language.partition(":")[2] if sure else "",
        coverage=round(coverage, 4),
        reliable=not reason,
        reason=reason,
    )


def band(head: Head, score: float) -> Band:
    """low, medium or high by the head's edges."""
    return "high" if score >= head.high else "medium" if score >= head.medium else "low"


def _coverage(rows: Rows) -> Floats:
    """(messages,) share of the n-grams that training has kept."""
    size = rows.folded.size
    total = np.bincount(rows.grams.message, minlength=size)
    known = np.bincount(rows.grams.message, rows.column >= 0, minlength=size)
    return (known / np.maximum(total, 1)).astype(np.float32)


def _reason(visible: int, masked: int, known: bool) -> str:
    """Why the scores should not be trusted; "" where they may."""
    if not visible and not masked:
        return "empty"
    if masked and visible < 0.2 * (visible + masked):
        return "mostly_quoted"
    if visible < MIN_VISIBLE:
        return "too_short"
    return "" if known else "unknown_language"


def _threats(
    model: ToneModel, rows: Rows, i: int, chances: dict[str, float], more: Floats, threatening: bool
) -> tuple[Threat, ...]:
    """The kinds above their threshold, likeliest first; at least one where the threat label is set."""
    asked = THREAT_KINDS if threatening else SAFETY_KINDS
    found = [k for k in asked if chances[f"kind:{k}"] >= model.head(f"kind:{k}").threshold]
    if threatening and not found:
        found = [max(THREAT_KINDS, key=lambda k: chances[f"kind:{k}"])]
    best = max((chances[f"kind:{k}"] for k in found if k not in SAFETY_KINDS), default=0.0)
    # a faint safety kind beside a likelier one is mostly that one's echo ("I'll post the photos")
    found = [
        k for k in found if k not in SAFETY_KINDS or chances[f"kind:{k}"] >= min(best, model.head(f"kind:{k}").high)
    ]
    found.sort(key=lambda k: -chances[f"kind:{k}"])
    return tuple(Threat(k, chances[f"kind:{k}"], *_span(model, rows, i, more, k)) for k in found)


def _span(model: ToneModel, rows: Rows, i: int, more: Floats, kind: str) -> tuple[int, int]:
    """The segment of the message in which a kind of threat is strongest."""
    parts = np.flatnonzero(rows.segments.message == i)
    if not len(parts):
        return 0, 0
    number = next(n for n, h in enumerate(model.heads[len(LABELS) :]) if h.name == f"kind:{kind}")
    best = parts[np.argmax(more[rows.folded.size + parts, number])]
    return int(rows.segments.start[best]), int(rows.segments.end[best])
