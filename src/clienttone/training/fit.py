"""Trains the model: one logistic regression a head over the shared features, in two passes.

The first pass learns from whole messages. The second also learns from segments: every segment of a message without the
label is a case against it, and of a message with the label the segment that the first pass finds strongest is a case for
it. Where a label is rare in a domain its cases weigh more, or the words of that domain would all speak against it.
Scores for calibration and thresholds come from messages that a fold's model has not seen.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from tqdm import tqdm

from clienttone.model import Head, ToneModel
from clienttone.results import LABELS, PATTERNS, THREAT_KINDS
from clienttone.training import dataset, matrix
from clienttone.training.calibrate import SAFETY, head_for
from clienttone.training.dataset import Example

FOLDS = 4
C = {"abuse": 10.0, "threat": 10.0, "frustration": 10.0}  # inverse strength of the L2 penalty
OTHER_C = 30.0  # of the heads that learn from our own messages almost alone: cleaner labels bear a lighter penalty
MIN_DF = 4
MIN_BASE_RATE = 0.1  # of a label within a domain, reached by weighing its cases more, at most MAX_WEIGHT times
MAX_WEIGHT = 25.0
PUBLIC_SHARE = 0.25  # of a bluff's and a threat kind's cases against it that are public messages: many, and easy ones
RIVALS = {"bluff": 5.0, "kind": 2.0}  # the other threats count more against it: it has to be told from those
# A kind's weights are its own plus a share of the threat label's: what is no threat at all is hardly one of this kind. The
# safety kinds, told even where the threat label is not set, lean on it more.
LEAN, SAFETY_LEAN = 0.1, 0.25
SEGMENT_WEIGHT = 0.5  # all segments of a message together, against 1 for the message
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
LANGUAGES = ("en", "fil", "el", "ne", "nb", "id")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Design:
    """Everything a head is fitted on; rows of ``parts`` are segments, ``owner`` their messages."""

    whole: sp.csr_matrix
    parts: sp.csr_matrix
    owner: NDArray[np.int64]
    fold: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A head's weights and, per message, its out-of-fold logits (NaN where a message is in no fold)."""

    coef: Floats
    whole: Floats
    strongest: Floats


def train(
    data: Path,
    out: Path,
    corpora: Path | None = None,
    licence: dataset.Licence = "all",
    seed: int = 0,
    progress: bool = True,
    name: str = "clienttone-2",
    jobs: int = 2,
) -> dict[str, Any]:
    """Train on ``data`` (and ``corpora``), write the model folder ``out``, return the manifest's training record.

    Deterministic for a seed. Raises `DataError` if the data cannot be read.
    """
    dataset.verify(data)
    examples = [e for e in dataset.load(data, corpora, licence) if e.split == "train"]
    design, vocabulary = build(examples, seed)
    names = [*LABELS, *(f"kind:{k}" for k in THREAT_KINDS), *(f"pattern:{p}" for p in PATTERNS)]
    names += [f"language:{code}" for code in LANGUAGES]
    work = (delayed(fit_head)(design, head, *target(examples, head), seed) for head in names)
    done = Parallel(jobs, return_as="generator")(work)
    fitted = list(tqdm(done, total=len(names), desc="heads", disable=not progress))
    model = assemble(name, examples, vocabulary, names, leaned(names, fitted))
    record = {"seed": seed, "licence": licence, "corpora": corpora is not None, "examples": _counts(examples)}
    model.save(out, {"training": record})
    return record


def build(examples: list[Example], seed: int) -> tuple[Design, matrix.Vocabulary]:
    """Count, choose the vocabulary on our own and real messages, weigh, and deal the folds."""
    core = np.array([not e.domain.startswith("aux-") for e in examples])
    whole, parts, owner = matrix.counts([e.text for e in examples])
    vocabulary = matrix.vocabulary(whole[np.flatnonzero(core)], MIN_DF)
    kept = np.flatnonzero(core[owner])
    groups = sorted({e.group for e in examples})
    dealt = dict(zip(groups, np.random.RandomState(seed).randint(0, FOLDS, len(groups)), strict=True))
    judged = [e.domain.startswith(("own-", "real-", "social")) for e in examples]
    fold = np.array([dealt[e.group] if ok else -1 for e, ok in zip(examples, judged, strict=True)])
    weighed = matrix.tfidf(whole, vocabulary), matrix.tfidf(parts[kept], vocabulary)
    return Design(*weighed, owner[kept], fold), vocabulary


def target(examples: list[Example], head: str) -> tuple[NDArray[np.int64], Floats]:
    """(y, weight): 1, 0 or -1 (unknown) and the sample weight of each example for a head."""
    kind, _, value = head.rpartition(":")
    y, weight = np.full(len(examples), -1), np.ones(len(examples))
    for i, e in enumerate(examples):
        own = e.domain.startswith(("own-", "social"))
        if kind == "" and value in e.labels:
            y[i], weight[i] = e.labels[value], e.weights[value]
        elif kind == "kind" and e.kinds is not None:
            y[i] = value in e.kinds
        elif kind == "pattern" and (own or e.domain.startswith("real-")):
            # public messages were never read for patterns; most have none, so they count a little, as cases against
            y[i], weight[i] = value in (e.patterns or ()), 1.0 if e.domain.startswith("own-") else 0.1
        elif kind == "language" and (own or e.domain.startswith("real-")):
            y[i] = e.lang == value
        if y[i] == 0 and (rival := RIVALS.get(kind or value)):
            weight[i] *= (1.0 if own else PUBLIC_SHARE) * (rival if e.labels.get("threat") else 1.0)
    return y, balanced(examples, y, weight)


def balanced(examples: list[Example], y: NDArray[np.int64], weight: Floats) -> Floats:
    """The weights with each domain's rare cases raised to `MIN_BASE_RATE`."""
    domains = np.array([e.domain for e in examples])
    out = weight.copy()
    for domain in np.unique(domains):
        cases, others = (domains == domain) & (y == 1), (domains == domain) & (y == 0)
        if cases.any() and others.any():
            wanted = MIN_BASE_RATE / (1 - MIN_BASE_RATE) * weight[others].sum() / weight[cases].sum()
            out[cases] *= min(max(wanted, 1.0), MAX_WEIGHT)
    return out


def fit_head(design: Design, head: str, y: NDArray[np.int64], weight: Floats, seed: int) -> Fitted:
    """Fit a head on everything, and once a fold for out-of-fold logits (languages need none)."""
    c = C.get(head, OTHER_C)
    coef = two_passes(design, y, weight, y >= 0, c, seed)
    whole, strongest = np.full(len(y), np.nan), np.full(len(y), np.nan)
    if head.startswith("language:"):
        z = design.whole @ coef
        return Fitted(coef, z, z)
    for number in range(FOLDS):
        unseen = design.fold == number
        part = two_passes(design, y, weight, (y >= 0) & ~unseen, c, seed)
        whole[unseen] = design.whole[unseen] @ part
        strongest[unseen] = strongest_segment(design, part, whole)[unseen]
    return Fitted(coef, whole, strongest)


def strongest_segment(design: Design, coef: Floats, whole: Floats) -> Floats:
    """The highest logit among each message's segments; the message's own where it has only one."""
    out = np.full(len(whole), -np.inf)
    np.maximum.at(out, design.owner, design.parts @ coef)
    return np.where(np.isinf(out), whole, out)


def two_passes(
    design: Design, y: NDArray[np.int64], weight: Floats, use: NDArray[np.bool_], c: float, seed: int
) -> Floats:
    """Weights over the features: whole messages first, then with segments (see the module's first lines)."""
    rows = np.flatnonzero(use)
    whole = design.whole[rows]
    first = logistic(whole, y[rows], weight[rows], c, seed)
    z = design.parts @ first
    strong = np.flatnonzero(use[design.owner] & (y[design.owner] == 1))
    strong = strong[np.lexsort((-z[strong], design.owner[strong]))]
    strong = strong[np.diff(design.owner[strong], prepend=-1) > 0]
    chosen = np.sort(np.concatenate([np.flatnonzero(use[design.owner] & (y[design.owner] == 0)), strong]))
    owner = design.owner[chosen]
    share = SEGMENT_WEIGHT * weight[owner] / np.bincount(owner, minlength=len(y))[owner]
    both = sp.vstack([whole, design.parts[chosen]]).tocsr()
    return logistic(both, np.r_[y[rows], y[owner]], np.r_[weight[rows], share], c, seed)


def logistic(x: sp.csr_matrix, y: NDArray[np.int64], weight: Floats, c: float, seed: int) -> Floats:
    """scikit-learn's logistic regression; the dual solver is the fast one for wide sparse rows."""
    with warnings.catch_warnings():
        # the tolerance is reached in all but a few folds; more iterations change no figure
        warnings.simplefilter("ignore")
        fit = LogisticRegression(C=c, solver="liblinear", dual=True, tol=0.02, max_iter=300, random_state=seed)
        return np.asarray(fit.fit(x, y, sample_weight=weight).coef_[0])


def leaned(names: list[str], fitted: list[Fitted]) -> list[Fitted]:
    """The heads, those of threat kinds leaning on the threat label (the maximum over segments is then an upper bound)."""
    threat = fitted[names.index("threat")]
    shares = [(SAFETY_LEAN if n in SAFETY else LEAN) if n.startswith("kind:") else 0.0 for n in names]
    return [
        Fitted(f.coef + s * threat.coef, f.whole + s * threat.whole, f.strongest + s * threat.strongest)
        for f, s in zip(fitted, shares, strict=True)
    ]


def segment_share(examples: list[Example], y: NDArray[np.int64], fitted: Fitted) -> float:
    """The mix of message and strongest segment with the best mean out-of-fold AP on real and own messages."""
    known = (y >= 0) & ~np.isnan(fitted.whole)
    own = np.array([e.domain.startswith("own-") for e in examples]) & known
    real = np.array([e.domain == "real-en" for e in examples]) & known
    sets = [s for s in (own, real) if y[s].sum() >= 20]

    def quality(share: float) -> float:
        z = (1 - share) * fitted.whole + share * fitted.strongest
        return float(np.mean([average_precision_score(y[s], z[s]) for s in sets])) if sets else -share

    return max(SHARES, key=quality)


def assemble(
    name: str, examples: list[Example], vocabulary: matrix.Vocabulary, names: list[str], fitted: list[Fitted]
) -> ToneModel:
    """Choose shares, calibrate, set thresholds, and fold everything into the weights of a `ToneModel`."""
    heads: list[Head] = []
    for head, fit in zip(names, fitted, strict=True):
        y, _ = target(examples, head)
        share = segment_share(examples, y, fit) if not head.startswith("language:") else 0.0
        z = (1 - share) * fit.whole + share * fit.strongest
        heads.append(head_for(head, share, examples, y, z))
    column_scale = matrix.column_weights(vocabulary)
    coef = np.stack([f.coef for f in fitted], axis=1).astype(np.float32) * column_scale[:, None]
    idf = vocabulary.idf
    labels = coef[:, : len(LABELS)].astype(np.float16).astype(np.float32) * idf[:, None]
    more = coef[:, len(LABELS) :] * idf[:, None]
    steps = np.maximum(np.abs(more).max(axis=0), 1e-9) / 127
    return ToneModel(
        name, tuple(heads), vocabulary.column, vocabulary.edges, idf * idf,
        labels, np.round(more / steps).astype(np.int8), steps.astype(np.float32),
    )  # fmt: skip


def _counts(examples: list[Example]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for e in examples:
        counts[e.domain] = counts.get(e.domain, 0) + 1
    return counts
