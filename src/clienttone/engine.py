"""Which engine works: the C extension, or numpy where it was not built or is not wanted. Both say the same.

With the C extension numpy is imported by `score` only, which returns an array.
"""

from __future__ import annotations

import os

from clienttone.definition import unicode_bytes
from clienttone.masking import cut
from clienttone.results import LABELS

TYPE_CHECKING = False  # typing's own costs its import
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    import numpy as np
    from numpy.typing import NDArray

    from clienttone._kernel import Scorer
    from clienttone.model import ToneModel
    from clienttone.weights import Weights

try:
    from clienttone import _kernel
except ImportError:  # no compiler at installation, or a big-endian machine
    _kernel = None  # type: ignore[assignment]

ENGINE: Literal["c", "numpy"] = "numpy" if _kernel is None or os.environ.get("CLIENTTONE_ENGINE") == "numpy" else "c"

Spans = tuple[tuple[int, int, float], ...]
Facts = tuple[tuple[float, ...], int, float, tuple[tuple[int, int], ...], tuple[int, ...], tuple[Spans, ...]]
"""What an engine finds out about one message.

The calibrated probabilities of all heads; the number of visible code points; the share of n-grams that training kept, 0..1;
the (start, end) of each segment; for each head beside the labels the number of the segment in which it is strongest (0 of an
empty message, which has none); for each label the (start, end, log-odds) of the words that speak for it, strongest first.
"""


def score(model: ToneModel, messages: Sequence[str]) -> NDArray[np.float32]:
    """(messages, 4) float32 probabilities of the labels; ``TypeError`` names an item that is no ``str``.

    The C extension lets other threads work meanwhile; its memory grows with the longest message.
    """
    messages = list(messages)  # another thread may change what was given
    if ENGINE == "numpy":
        from clienttone import vectors

        return vectors.score(model, messages)
    import numpy as np

    out = np.empty((len(messages), len(LABELS)), np.float32)
    model.scorer().score(messages, cut, out)
    return out


def describe(model: ToneModel, messages: Sequence[str]) -> list[Facts]:
    """The facts of each message, in order."""
    if ENGINE == "numpy":
        from clienttone import explain

        return explain.describe(model, messages)
    scorer = model.scorer()
    return [scorer.describe(cut(message)) for message in messages]


def make_scorer(weights: Weights) -> Scorer:
    """The C extension's reader of a model. Raises ``ValueError`` for arrays that do not fit together, NaN or infinity."""
    return _kernel.Scorer(
        unicode_bytes(),
        weights.kept,
        weights.labels,
        weights.groups,
        weights.packed,
        weights.scales,
        weights.head_numbers,
    )
