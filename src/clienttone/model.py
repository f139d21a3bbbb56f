"""`ToneModel`: what a model folder holds, for whichever engine works.

A head is one logistic regression over the shared features: the four labels, the ten threat kinds, the seven patterns and
the languages; Platt scaling turns its logit into a probability.
"""

from __future__ import annotations

from pathlib import Path

from clienttone import engine, weights
from clienttone.errors import ModelError, explain
from clienttone.weights import FORMAT, MANIFEST, REMEDY, WEIGHTS, Head, Weights

TYPE_CHECKING = False  # typing's own costs its import
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from clienttone._kernel import Scorer
    from clienttone.arrays import Arrays
    from clienttone.engine import Facts

__all__ = ["FORMAT", "MANIFEST", "WEIGHTS", "Head", "ToneModel", "load_model"]


class ToneModel:
    """Weights over the features, and what turns them into probabilities; made of arrays, or by `load_model`.

    ``column`` (3 * BUCKETS,) int32: the column of each bucket, -1 where training did not keep it; ``edges`` (4,): the first
    column of each block; ``idf2`` (c,) float32: squared idf; ``coef`` (c, 4) float32: weights of the labels times idf;
    ``coef_more`` (c, h) int8 with ``scale_more`` (h,): those of the other heads. A file holds idf and weights in half
    precision, and that is what the C engine scores with.
    """

    __slots__ = ("_arrays", "_head", "_scorer", "_weights", "heads", "languages", "name", "names")

    def __init__(
        self,
        name: str,
        heads: tuple[Head, ...],
        column: NDArray[np.int32],
        edges: NDArray[np.int64],
        idf2: NDArray[np.float32],
        coef: NDArray[np.float32],
        coef_more: NDArray[np.int8],
        scale_more: NDArray[np.float32],
    ) -> None:
        from clienttone.arrays import Arrays

        self._set(name, heads, Arrays(column, edges, idf2, coef, coef_more, scale_more), None)

    def _set(self, name: str, heads: tuple[Head, ...], arrays: Arrays | None, stored: Weights | None) -> None:
        self.name, self.heads = name, heads
        self._arrays, self._weights = arrays, stored
        self._head = {h.name: h for h in heads}
        self.names = tuple(self._head)
        self.languages = tuple(n for n in self.names if n.startswith("language:"))
        self._scorer: Scorer | None = None

    @classmethod
    def from_weights(cls, stored: Weights) -> ToneModel:
        """The model of a file. Raises ``ValueError`` if its arrays do not fit together or hold NaN or infinity."""
        model = cls.__new__(cls)
        model._set(stored.name, stored.heads, None, stored)
        if engine.ENGINE == "c":
            model.scorer()
        else:
            model.arrays()
        return model

    def __reduce__(self) -> tuple[Callable[..., ToneModel], tuple[Any, ...]]:
        if self._weights is not None and self._weights.folder is not None:
            return load_model, (self._weights.folder,)
        return ToneModel, (self.name, self.heads, *self.arrays())

    def head(self, name: str) -> Head:
        """The head of that name; ``KeyError`` if there is none."""
        return self._head[name]

    def scorer(self) -> Scorer:
        """The C engine's view of the model."""
        if self._scorer is None:
            self._scorer = engine.make_scorer(self.weights())
        return self._scorer

    def weights(self) -> Weights:
        """The model in its file's form."""
        if self._weights is None:
            from clienttone.arrays import pack

            packed: dict[str, Any] = {name: memoryview(array.tobytes()) for name, array in pack(self.arrays()).items()}
            self._weights = Weights(self.name, self.heads, **packed)
        return self._weights

    def arrays(self) -> Arrays:
        """The model's numbers as numpy arrays."""
        if self._arrays is None:
            from clienttone.arrays import unpack

            self._arrays = unpack(self.weights())
        return self._arrays

    @property
    def column(self) -> NDArray[np.int32]:
        """The column of each bucket."""
        return self.arrays().column

    @property
    def edges(self) -> NDArray[np.int64]:
        """The first column of each block."""
        return self.arrays().edges

    @property
    def idf2(self) -> NDArray[np.float32]:
        """Squared idf of each column."""
        return self.arrays().idf2

    @property
    def coef(self) -> NDArray[np.float32]:
        """The labels' weights of each column, times idf."""
        return self.arrays().coef

    @property
    def coef_more(self) -> NDArray[np.int8]:
        """The other heads' weights of each column, in units of `scale_more`."""
        return self.arrays().coef_more

    @property
    def scale_more(self) -> NDArray[np.float32]:
        """What the other heads' weights are multiplied with."""
        return self.arrays().scale_more

    def score(self, messages: Sequence[str]) -> NDArray[np.float32]:
        """(messages, 4) float32 probabilities of the labels: the short way for those who need no explanation."""
        return engine.score(self, messages)

    def score_with_numpy(self, messages: Sequence[str]) -> NDArray[np.float32]:
        """What `score` says, by the reference definition."""
        from clienttone import vectors

        return vectors.score(self, messages)

    def describe(self, messages: Sequence[str]) -> list[Facts]:
        """All that the model finds out about each message: see `clienttone.engine.Facts`."""
        return engine.describe(self, messages)

    def describe_with_numpy(self, messages: Sequence[str]) -> list[Facts]:
        """What `describe` says, by the reference definition."""
        from clienttone import explain

        return explain.describe(self, messages)

    def save(self, folder: Path, extra: Mapping[str, Any] | None = None) -> None:
        """Write the folder; ``extra`` goes into the manifest for the reader's eye (seed, sources, metrics)."""
        weights.write(folder, self.weights(), extra or {})


def load_model(folder: str | Path) -> ToneModel:
    """Read and verify a model folder.

    Raises `ModelError`, saying where, what was expected, what was found and what to do, when a file is missing, truncated,
    altered or of a newer format. Nothing in the folder is ever run.
    """
    folder = Path(folder)
    stored = weights.read(folder)
    try:
        return ToneModel.from_weights(stored)
    except ValueError as error:
        if isinstance(error, ModelError):  # of the character table
            raise
        raise ModelError(explain(folder / WEIGHTS, "finite weights that fit together", error, REMEDY)) from None
