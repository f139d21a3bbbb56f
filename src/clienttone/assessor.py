"""The straight line from message to assessment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clienttone import models  # type: ignore[attr-defined]  # stands at the top of the repository
from clienttone.advice import Catalog, load_catalog, render
from clienttone.model import ToneModel, load_model
from clienttone.normalize import MAX_CHARACTERS
from clienttone.policy import Policy, load_policy
from clienttone.prediction import band, predict
from clienttone.results import LABELS, Assessment, Context, Prediction, Threat, read_only
from clienttone.threats import ThreatRules, analyse, combine_bluff, load_rules

DEFAULT_MODEL = Path(models.__file__).parent / "default"
CHUNK_CHARACTERS = (
    1 << 16
)  # how much text goes through the arrays at once: enough to be fast, little enough to be small
CHUNK_MESSAGES = 256
NO_CONTEXT = Context()


class Assessor:
    """Assesses messages with one model, one policy and one advice language.

    ``model`` is a `ToneModel` or a model folder (default: the shipped one), ``policy`` a `Policy` or a policy file (default:
    the shipped one), ``advice_language`` a BCP-47 tag, or ``"auto"`` for the message's own language (English where the
    model is not sure of it), ``rules`` the threat rules. Safe to share between threads.
    Raises `ModelError`, `PolicyError` or `LocaleError` for files that cannot be used.
    """

    def __init__(
        self,
        model: ToneModel | str | Path | None = None,
        policy: Policy | str | Path | None = None,
        advice_language: str = "en",
        rules: ThreatRules | None = None,
    ) -> None:
        self.model = model if isinstance(model, ToneModel) else load_model(model) if model else default_model()
        self.policy = policy if isinstance(policy, Policy) else load_policy(policy)
        self.rules = rules or load_rules()
        self.advice_language = advice_language
        self._catalog(advice_language, "en")

    def assess(self, message: str, *, context: Context | None = None, advice_language: str | None = None) -> Assessment:
        """Assess one message; see `clienttone.assess`."""
        _check(message, "message")
        return self._finish(message, predict(self.model, [message])[0], context or NO_CONTEXT, advice_language)

    def assess_many(self, messages: Iterable[str], *, advice_language: str | None = None) -> list[Assessment]:
        """Assess each message, in order; see `clienttone.assess_many`."""
        texts = _checked(messages)
        return [
            self._finish(message, prediction, NO_CONTEXT, advice_language)
            for chunk in _chunks(texts)
            for message, prediction in zip(chunk, predict(self.model, chunk), strict=True)
        ]

    def score_many(self, messages: Iterable[str]) -> NDArray[np.float32]:
        """Score each message; see `clienttone.score_many`."""
        parts = [self.model.score(chunk) for chunk in _chunks(_checked(messages))]
        return np.concatenate(parts) if parts else np.zeros((0, len(LABELS)), np.float32)

    def _finish(self, message: str, raw: Prediction, context: Context, language: str | None) -> Assessment:
        threats = analyse(message, raw.threats, context, self.rules)
        prediction = agree(self.model, raw, threats)
        decision = self.policy.decide(prediction, context)
        advice = render(decision.advice, self._catalog(language or self.advice_language, prediction.language))
        return Assessment(prediction, decision, advice)

    def _catalog(self, language: str, spoken: str) -> Catalog:
        if not isinstance(language, str):
            raise TypeError(f"advice_language must be str, not {type(language).__name__}")
        return load_catalog((spoken or "en") if language == "auto" else language)


def agree(model: ToneModel, raw: Prediction, threats: tuple[Threat, ...]) -> Prediction:
    """The prediction with its threats checked, and the bluff score, band and label in agreement with them."""
    bluff = combine_bluff(raw.scores.bluff, raw.scores.threat, threats)
    head = model.head("bluff")
    flagged = {*raw.labels} - {"bluff"} | ({"bluff"} if bluff >= head.threshold else set())
    return replace(
        raw,
        threats=threats,
        scores=replace(raw.scores, bluff=bluff),
        labels=tuple(label for label in LABELS if label in flagged),
        bands=read_only({**raw.bands, "bluff": band(head, bluff)}),
    )


def _check(message: object, name: str) -> None:
    if not isinstance(message, str):
        raise TypeError(f"{name} must be str, not {type(message).__name__}")


def _checked(messages: Iterable[str]) -> list[str]:
    if isinstance(messages, (str, bytes)) or not isinstance(messages, Iterable):
        raise TypeError(f"messages must be an iterable of str, not {type(messages).__name__}")
    texts = list(messages)
    for number, text in enumerate(texts):
        _check(text, f"messages[{number}]")
    return texts


def _chunks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Runs of messages of at most `CHUNK_MESSAGES` and about `CHUNK_CHARACTERS`, so that memory stays bounded."""
    low = size = 0
    for high, text in enumerate(texts):
        if high > low and (high - low == CHUNK_MESSAGES or size + len(text) > CHUNK_CHARACTERS):
            yield texts[low:high]
            low, size = high, 0
        size += min(len(text), MAX_CHARACTERS)
    if low < len(texts):
        yield texts[low:]


@cache
def default_model() -> ToneModel:
    """The shipped model, read once."""
    return load_model(DEFAULT_MODEL)


@cache
def default_assessor() -> Assessor:
    """The assessor behind the module-level functions, made once."""
    return Assessor()
