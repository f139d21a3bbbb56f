"""Which engine scores: the C extension, or numpy where it was not built or is not wanted. Both give the same numbers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal
from weakref import WeakKeyDictionary

import numpy as np

from clienttone.normalize import _cut, unicode_table
from clienttone.results import LABELS

if TYPE_CHECKING:
    from clienttone._kernel import Scorer
    from clienttone.model import Floats, ToneModel

try:
    from clienttone import _kernel
except ImportError:  # no compiler at installation
    _kernel = None  # type: ignore[assignment]

ENGINE: Literal["c", "numpy"] = "numpy" if _kernel is None or os.environ.get("CLIENTTONE_ENGINE") == "numpy" else "c"
_SCORERS: WeakKeyDictionary[ToneModel, Scorer] = WeakKeyDictionary()


def score(model: ToneModel, messages: Sequence[str]) -> Floats:
    """(messages, 4) float32 probabilities of the labels, by the C extension; ``TypeError`` names an item that is no ``str``.

    Scratch memory grows with the longest message; the GIL is released while text is scored.
    """
    out = np.empty((len(messages), len(LABELS)), np.float32)
    (_SCORERS.get(model) or _scorer(model)).score(messages, _cut, out)
    return out


def _scorer(model: ToneModel) -> Scorer:
    """The model's arrays as the C extension reads them; made once, gone with the model."""
    heads = np.array([(h.segment_share, *h.calibration) for h in model.heads[: len(LABELS)]], np.float64)
    scorer = _kernel.Scorer(
        unicode_table(),
        np.ascontiguousarray(model.column, np.int32),
        np.ascontiguousarray(model.edges, np.int64),
        np.ascontiguousarray(model.idf2, np.float32),
        np.ascontiguousarray(model.coef, np.float32),
        heads,
    )
    _SCORERS[model] = scorer
    return scorer
