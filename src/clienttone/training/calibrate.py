"""From out-of-fold logits to a head's probabilities, decision threshold and bands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve

from clienttone.model import Head
from clienttone.prediction import SAFETY_KINDS
from clienttone.training.dataset import Example

OWN_SHARE = 0.01  # ours are hard on purpose, far from the base rate of an inbox: they steer calibration little
ENOUGH_CASES = 200  # in the unbiased stratum; with as many, it calibrates alone
HIGH_PRECISION = 0.85
ORDINARY_ALARMS = 0.01  # share of ordinary real messages that a rare head may flag
# Share of our calm messages without any label or pattern that a head may flag. Among them are many that are hard on
# purpose. Of the threat kinds only the safety ones are told from their threshold on, and a bluff is told only with a threat:
# the others need no tight bound.
QUIET_ALARMS = {"abuse": 0.015, "threat": 0.02, "frustration": 0.04, "bluff": 0.04, "pattern": 0.0025, "kind": 0.04}
# As likely missed as found at the best F1, the safety kinds take the bound itself
SAFETY, SAFETY_ALARMS = tuple(f"kind:{kind}" for kind in SAFETY_KINDS), 0.008
CALM = ("messages", "affairs")  # collections drawn like an inbox; the waves were written to be hard or to be easy
RARE = 0.1


def calibration_weights(examples: list[Example], y: NDArray[np.int64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """1 for the unbiased stratum of real messages, `OWN_SHARE` for our own, 0 for those mined by a weak model."""
    plain, own = plain_and_own(examples)
    share = 0.0 if (y[plain & known] == 1).sum() >= ENOUGH_CASES else OWN_SHARE
    if not (plain & known).any():
        share = 1.0
    return (plain + share * own) * known


def plain_and_own(examples: list[Example]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which examples are of the unbiased real stratum, and which are ours."""
    plain = np.array([e.stratum == "random" and e.domain == "real-en" for e in examples])
    return plain, np.array([e.domain.startswith("own-") for e in examples])


def platt(z: NDArray[np.float64], y: NDArray[np.int64], weight: NDArray[np.float64]) -> tuple[float, float]:
    """(a, b) of ``sigmoid(a * z + b)``."""
    use = weight > 0
    fit = LogisticRegression(C=1e6).fit(z[use, None], y[use], sample_weight=weight[use])
    return float(fit.coef_[0, 0]), float(fit.intercept_[0])


def head_for(name: str, share: float, examples: list[Example], y: NDArray[np.int64], z: NDArray[np.float64]) -> Head:
    """Calibrate a head and set its edges on out-of-fold logits."""
    known = (y >= 0) & ~np.isnan(z)
    plain, own = plain_and_own(examples)
    language = name.startswith("language:")
    weight = (own & known).astype(float) if language else calibration_weights(examples, y, known)
    head = Head(name, share, platt(z, y, weight), 0.5, 0.5, 0.5)
    if language:
        return head
    p = head.probability(z.astype(np.float32)).astype(float)
    quiet = known & np.array([e.stratum in CALM and not (any(e.labels.values()) or e.patterns) for e in examples])
    if name in SAFETY:
        threshold = round(_exceeded_by(p[quiet], SAFETY_ALARMS), 4)
        return Head(name, share, head.calibration, threshold, threshold, max(0.5, threshold))
    floor = _exceeded_by(p[quiet], QUIET_ALARMS[name.partition(":")[0]])
    ordinary = y[plain & known]
    if len(ordinary) and ordinary.mean() < RARE:
        floor = max(floor, _exceeded_by(p[plain & known & (y == 0)], ORDINARY_ALARMS))
    threshold, high = edges(p[own & known], y[own & known], floor)
    return Head(name, share, head.calibration, threshold, threshold, high)


def _exceeded_by(p: NDArray[np.float64], share: float) -> float:
    """The score that at most ``share`` of the messages exceed."""
    return float(np.quantile(p, 1 - share)) if len(p) else 0.0


def edges(p: NDArray[np.float64], y: NDArray[np.int64], floor: float) -> tuple[float, float]:
    """(threshold, high): best F1 at or above ``floor``; the smallest score that is right `HIGH_PRECISION` of the time."""
    precision, recall, cut = precision_recall_curve(y, p)
    precision, recall = precision[:-1], recall[:-1]
    best = max(floor, float(cut[np.argmax(precision * recall / np.maximum(precision + recall, 1e-9))]))
    sure = np.flatnonzero((precision >= HIGH_PRECISION) & (cut >= best))
    high = float(cut[sure[0]]) if len(sure) else (1 + best) / 2
    return round(best, 4), round(min(max(high, best + 0.02), 1.0), 4)
