"""clienttone reads a client's message: how hostile it is, why, and what to do about it. Everything runs on this machine.

>>> import clienttone
>>> a = clienttone.assess("Could you move my appointment to Thursday, please?")
>>> a.labels, a.advice
((), ())
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from clienttone.assessor import Assessor, default_assessor
from clienttone.errors import ClientToneError, DataError, LocaleError, MissingExtra, ModelError, PolicyError
from clienttone.model import load_model
from clienttone.policy import load_policy
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


def assess(message: str, *, context: Context | None = None, advice_language: str = "en") -> Assessment:
    """Assess one message.

    Any string is answered, in time linear in its length; of a message longer than 100,000 characters the rest is not
    read. ``context`` says what the caller knows beside the message; ``advice_language`` is a BCP-47 tag or ``"auto"``.
    Raises ``TypeError`` for anything but a ``str``, `LocaleError` for an unknown language, `ModelError` if the shipped model
    is damaged.
    """
    return default_assessor().assess(message, context=context, advice_language=advice_language)


def assess_many(messages: Iterable[str], *, advice_language: str = "en") -> list[Assessment]:
    """Assess each message, in order, with the same numbers as `assess`.

    Raises ``TypeError`` naming the first item that is not a ``str``, before any work is done.
    """
    return default_assessor().assess_many(messages, advice_language=advice_language)


def score_many(messages: Iterable[str]) -> NDArray[np.float32]:
    """Score each message: float32 array (n, 4), probabilities of abuse, threat, bluff, frustration.

    These are the model's scores; `assess` also checks a bluff against the credibility of each threat.
    Raises ``TypeError`` naming the first item that is not a ``str``, before any work is done.
    """
    return default_assessor().score_many(messages)
