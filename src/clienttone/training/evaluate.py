"""Measures a model on the dev split: AP, calibration, false alarms, threat kinds, patterns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from clienttone.assessor import Assessor
from clienttone.prediction import SAFETY_KINDS
from clienttone.results import LABELS, PATTERNS, THREAT_KINDS, Assessment
from clienttone.training import dataset
from clienttone.training.dataset import Example
from clienttone.training.fit import LANGUAGES

BINS = 10
ENOUGH_CASES = 10  # of a threat kind, for its F1 to say something
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


def evaluate(model: Path | None, data: Path, corpora: Path | None = None) -> dict[str, Any]:
    """Figures on the dev split; those on real messages only where ``corpora`` is given.

    AP is average precision; "own" figures are the mean over the six languages; ECE has ten bins of equal width and is
    taken on the unbiased stratum of real English messages.
    """
    examples = [e for e in dataset.load(data, corpora) if e.split == "dev"]
    assessor = Assessor(model)
    texts = [e.text for e in examples]
    scores, results = assessor.score_many(texts), assessor.assess_many(texts)
    y = np.array([[e.labels.get(label, -1) for label in LABELS] for e in examples])
    own = np.array([e.domain.startswith("own-") for e in examples])
    out: dict[str, Any] = {"messages": len(examples), "own": _own(examples, y, scores, results, own)}
    real = np.array([e.domain == "real-en" for e in examples])
    if real.any():
        plain = real & np.array([e.stratum == "random" for e in examples])
        out["real_en"] = {label: _ap(y[real, i], scores[real, i]) for i, label in enumerate(LABELS) if label != "bluff"}
        out["ece_random"] = {label: ece(y[plain, i], scores[plain, i]) for i, label in enumerate(LABELS)}
        out["false_alarms_random"] = _false_alarms(y, results, plain)
        kinds = [{t.kind for t in r.threats} for r, keep in zip(results, plain, strict=True) if keep]
        out["safety_false_alarms_random"] = _rounded(np.mean([bool(k & {*SAFETY_KINDS}) for k in kinds]))
    return out


def _own(
    examples: list[Example], y: Ints, scores: Floats, results: list[Assessment], own: NDArray[np.bool_]
) -> dict[str, Any]:
    by_language = [own & np.array([e.lang == code for e in examples]) for code in LANGUAGES]
    out: dict[str, Any] = {
        label: _mean(_ap(y[keep, i], scores[keep, i]) for keep in by_language) for i, label in enumerate(LABELS)
    }
    out["by_language"] = {
        code: {label: _ap(y[keep, i], scores[keep, i]) for i, label in enumerate(LABELS)}
        for code, keep in zip(LANGUAGES, by_language, strict=True)
    }
    chosen = [(e, r) for e, r, keep in zip(examples, results, own, strict=True) if keep]
    english = [(e, r) for e, r in chosen if e.lang == "en"]
    others = [(e, r) for e, r in chosen if e.lang != "en"]
    out["kinds_f1"] = {"en": _kinds_f1(english), "others": _kinds_f1(others)}
    out["kinds_f1_macro"] = _mean(f1 for part in out["kinds_f1"].values() for f1 in part.values())
    out["patterns_f1"] = {p: _f1(chosen, p, False) for p in PATTERNS}
    out["patterns_f1_macro"] = _mean(out["patterns_f1"].values())
    threats = [(e.labels["bluff"], r.scores.bluff) for e, r in chosen if e.labels["threat"]]
    out["bluff_roc_auc"] = _rounded(roc_auc_score(*zip(*threats, strict=True))) if threats else None
    out["safety_recall"] = {k: _recall(chosen, k) for k in SAFETY_KINDS}
    quiet = [r for e, r in chosen if not any(e.labels.values()) and not e.patterns]
    out["no_advice_on_unlabelled"] = _rounded(np.mean([not r.advice for r in quiet]))
    return out


def _kinds_f1(chosen: list[tuple[Example, Assessment]]) -> dict[str, float]:
    """F1 of each threat kind of which there are `ENOUGH_CASES`."""
    cases = {k: sum(k in (e.kinds or ()) for e, _ in chosen) for k in THREAT_KINDS}
    return {k: _f1(chosen, k, True) for k, n in cases.items() if n >= ENOUGH_CASES}


def _f1(chosen: list[tuple[Example, Assessment]], name: str, kind: bool) -> float:
    truth = [name in ((e.kinds if kind else e.patterns) or ()) for e, _ in chosen]
    found = [name in ({t.kind for t in r.threats} if kind else {p.name for p in r.patterns}) for _, r in chosen]
    return _rounded(f1_score(truth, found, zero_division=0.0))


def _recall(chosen: list[tuple[Example, Assessment]], kind: str) -> float:
    return _rounded(np.mean([kind in {t.kind for t in r.threats} for e, r in chosen if kind in (e.kinds or ())]))


def _ap(y: Ints, score: Floats) -> float | None:
    known = y >= 0
    return _rounded(average_precision_score(y[known], score[known])) if (y[known] == 1).any() else None


def _false_alarms(y: Ints, results: list[Assessment], keep: NDArray[np.bool_]) -> dict[str, float]:
    out = {}
    for i, label in enumerate(LABELS):
        clean = [label in r.labels for r, k, v in zip(results, keep, y[:, i], strict=True) if k and v == 0]
        out[label] = _rounded(np.mean(clean))
    return out


def ece(y: Ints, p: Floats) -> float:
    """Expected calibration error: |mean score - share of cases| over ten bins of equal width, weighted by their size."""
    known = y >= 0
    y, p = y[known], p[known]
    number = np.minimum((p * BINS).astype(int), BINS - 1)
    gap = np.bincount(number, p - y, BINS)
    return _rounded(np.abs(gap).sum() / max(len(y), 1))


def _mean(values: Any) -> float:
    return _rounded(np.mean([v for v in values if v is not None]))


def _rounded(value: Any) -> float:
    return round(float(value), 4)
