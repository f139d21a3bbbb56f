from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

class Scorer:
    def __new__(
        cls,
        table: NDArray[np.uint32],
        column: NDArray[np.int32],
        edges: NDArray[np.int64],
        idf2: NDArray[np.float32],
        coef: NDArray[np.float32],
        heads: NDArray[np.float64],
        /,
    ) -> Scorer: ...
    def score(self, messages: Sequence[str], cut: Callable[[str], str], out: NDArray[np.float32], /) -> None: ...
