from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from clienttone.engine import Facts

_Buffer: TypeAlias = object  # whatever exports its memory; collections.abc.Buffer needs Python 3.12

class Scorer:
    def __new__(
        cls,
        unicode: _Buffer,
        kept: _Buffer,
        labels: _Buffer,
        groups: _Buffer,
        packed: _Buffer,
        scales: _Buffer,
        heads: _Buffer,
        /,
    ) -> Scorer: ...
    def score(self, messages: Sequence[str], cut: Callable[[str], str], out: NDArray[np.float32], /) -> None: ...
    def describe(self, text: str, /) -> Facts: ...
