"""clienttone reads a client's message: how hostile it is, why, and what to do about it. Everything runs on this machine.

>>> import clienttone
>>> a = clienttone.assess("Could you move my appointment to Thursday, please?")
>>> a.labels, a.advice
((), ())
"""

from __future__ import annotations

from clienttone.errors import ClientToneError, DataError, LocaleError, MissingExtra, ModelError, PolicyError
from clienttone.results import (
    Advice,
    Assessment,
    Context,
    Decision,
    Evidence,
    Pattern,
    Prediction,
    Reason,
    Scores,
    Threat,
)
from clienttone.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from clienttone.assessor import Assessor
    from clienttone.model import load_model
    from clienttone.policy import load_policy

__all__ = [
    "Advice",
    "Assessment",
    "Assessor",
    "ClientToneError",
    "Context",
    "DataError",
    "Decision",
    "Evidence",
    "LocaleError",
    "MissingExtra",
    "ModelError",
    "Pattern",
    "PolicyError",
    "Prediction",
    "Reason",
    "Scores",
    "Threat",
    "__version__",
    "assess",
    "assess_many",
    "load_model",
    "load_policy",
    "score_many",
]

# Imported when first asked for, so that ``import clienttone`` costs next to nothing
_LATER = {"Assessor": "clienttone.assessor", "load_model": "clienttone.model", "load_policy": "clienttone.policy"}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = globals()[name] = getattr(import_module(_LATER[name]), name)
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *_LATER})


def assess(message: str, *, context: Context | None = None, advice_language: str = "en") -> Assessment:
    """Assess one message.

    Any string is answered, in time linear in its length; of a message longer than 100,000 characters the rest is not
    read. ``context`` says what the caller knows beside the message; ``advice_language`` is a BCP-47 tag or ``"auto"``.
    The first call reads the model. Raises ``TypeError`` for anything but a ``str``, `LocaleError` for an unknown language,
    `ModelError`, `PolicyError` or `DataError` if a shipped file is damaged.
    """
    from clienttone.assessor import default_assessor

    return default_assessor().assess(message, context=context, advice_language=advice_language)


def assess_many(messages: Iterable[str], *, advice_language: str = "en", workers: int = 1) -> list[Assessment]:
    """Assess each message, in order, with the same numbers as `assess`, in ``workers`` processes.

    Processes start slowly and pay off from some thousand messages on. Raises ``TypeError`` naming the first item that is
    not a ``str``, before any work is done; ``TypeError`` or ``ValueError`` if ``workers`` is no whole number of at least 1.
    """
    from clienttone.assessor import default_assessor

    return default_assessor().assess_many(messages, advice_language=advice_language, workers=workers)


def score_many(messages: Iterable[str], *, workers: int = 1) -> NDArray[np.float32]:
    """Score each message: float32 array (n, 4), probabilities of abuse, threat, bluff, frustration.

    These are the model's scores; `assess` also checks a bluff against the credibility of each threat. ``workers`` is the
    number of threads, or without the C extension of processes. Raises as `assess_many`.
    """
    from clienttone.assessor import default_assessor

    return default_assessor().score_many(messages, workers=workers)
