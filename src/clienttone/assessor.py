"""The straight line from message to assessment."""

from __future__ import annotations

from functools import cache, partial
from itertools import chain
from pathlib import Path

from clienttone import models  # type: ignore[attr-defined]  # stands at the top of the repository
from clienttone.advice import Catalog, load_catalog, render
from clienttone.engine import ENGINE
from clienttone.model import ToneModel, load_model
from clienttone.policy import Policy, load_policy
from clienttone.prediction import Predictor, band
from clienttone.results import LABELS, NO_CONTEXT, Assessment, Context, Prediction, Scores, Threat, read_only
from clienttone.threats import ThreatRules, analyse, combine_bluff, load_rules
from clienttone.workers import check_workers, in_order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

DEFAULT_MODEL = Path(models.__file__).parent / "default"
# How much text goes through the arrays at once: enough to be fast, little enough to be small
CHUNK_CHARACTERS = 1 << 16
CHUNK_MESSAGES = 256


class Assessor:
    """Assesses messages with one model, one policy and one advice language.

    ``model`` is a `ToneModel` or a model folder (default: the shipped one), ``policy`` a `Policy` or a policy file (default:
    the shipped one), ``advice_language`` a BCP-47 tag, or ``"auto"`` for the message's own language (English where the
    model is not sure of it), ``rules`` the threat rules (default: the shipped ones, read when the first threat is met).
    Safe to share between threads.
    Raises `ModelError`, `PolicyError` or `LocaleError` for files that cannot be used.
    """

    def __init__(
        self,
        model: ToneModel | str | Path | None = None,
        policy: Policy | str | Path | None = None,
        advice_language: str = "en",
        rules: ThreatRules | None = None,
    ) -> None:
        self._made_of = (model, policy, advice_language, rules)
        self.model = model if isinstance(model, ToneModel) else load_model(model) if model else default_model()
        self._predict = Predictor(self.model).predict
        self.policy = policy if isinstance(policy, Policy) else load_policy(policy)
        self.advice_language = advice_language
        self._rules = rules
        self._catalog(advice_language, "en")

    @property
    def rules(self) -> ThreatRules:
        """The threat rules. Raises `DataError` if the shipped ones are damaged."""
        return self._rules or load_rules()

    def __reduce__(self) -> tuple[Callable[..., Assessor], tuple[Any, ...]]:
        """What it was made of: a process of its own reads the files again, once."""
        return _remade, self._made_of

    def assess(self, message: str, *, context: Context | None = None, advice_language: str | None = None) -> Assessment:
        """Assess one message; see `clienttone.assess`."""
        _check(message, "message")
        return self._finish(message, self._predict([message])[0], context or NO_CONTEXT, advice_language)

    def assess_many(
        self, messages: Iterable[str], *, advice_language: str | None = None, workers: int = 1
    ) -> list[Assessment]:
        """Assess each message, in order; see `clienttone.assess_many`."""
        check_workers(workers)
        chunks = _chunks(_checked(messages))
        assess = partial(self._assess_chunk, advice_language)
        # Half of the work holds the interpreter, so that threads gain nothing; a model that came as a value stays here
        in_memory = isinstance(self._made_of[0], ToneModel)
        return list(chain.from_iterable(in_order(assess, chunks, workers, threads=in_memory)))

    def score_many(self, messages: Iterable[str], *, workers: int = 1) -> NDArray[np.float32]:
        """Score each message; see `clienttone.score_many`."""
        check_workers(workers)
        texts = _checked(messages)
        if len(texts) == 1:  # what follows takes more than half as long as to score a short message
            return self.model.score(texts)
        import numpy as np

        parts = list(in_order(self._score_chunk, _chunks(texts), workers, threads=ENGINE == "c"))
        return np.concatenate(parts) if parts else np.zeros((0, len(LABELS)), np.float32)

    def _assess_chunk(self, language: str | None, chunk: Sequence[str]) -> list[Assessment]:
        predictions = self._predict(chunk)
        return [self._finish(*both, NO_CONTEXT, language) for both in zip(chunk, predictions, strict=True)]

    def _score_chunk(self, chunk: Sequence[str]) -> NDArray[np.float32]:
        return self.model.score(chunk)

    def _finish(self, message: str, raw: Prediction, context: Context, language: str | None) -> Assessment:
        threats = analyse(message, raw.threats, context, self._rules)
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
    scores, head = raw.scores, model.head("bluff")
    bluff = combine_bluff(scores.bluff, scores.threat, threats)
    bluffing = "threat" in raw.labels and bluff >= head.threshold  # there is no bluff without a threat
    if not (raw.threats or threats) and bluff == scores.bluff and bluffing == ("bluff" in raw.labels):
        return raw
    return Prediction(
        Scores(scores.abuse, scores.threat, bluff, scores.frustration),
        tuple([label for label in LABELS if (bluffing if label == "bluff" else label in raw.labels)]),
        read_only({**raw.bands, "bluff": band(head, bluff)}),
        threats,
        raw.patterns,
        raw.evidence,
        raw.language,
        raw.coverage,
        raw.reliable,
        raw.reason,
    )


def _check(message: object, name: str) -> None:
    if not isinstance(message, str):
        raise TypeError(f"{name} must be str, not {type(message).__name__}")


def _checked(messages: Iterable[str]) -> list[str]:
    if isinstance(messages, (str, bytes)) or not hasattr(messages, "__iter__"):
        raise TypeError(f"messages must be an iterable of str, not {type(messages).__name__}")
    texts = list(messages)
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            _check(text, f"messages[{number}]")
    return texts


def _chunks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Runs of messages of at most `CHUNK_MESSAGES` and about `CHUNK_CHARACTERS`, so that memory stays bounded."""
    low = size = 0
    for high, text in enumerate(texts):
        if high > low and (high - low == CHUNK_MESSAGES or size + len(text) > CHUNK_CHARACTERS):
            yield texts[low:high]
            low, size = high, 0
        size += len(text)
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


def _remade(*made_of: Any) -> Assessor:
    return (
        _from_files(*made_of)
        if all(isinstance(part, (str, Path, type(None))) for part in made_of)
        else Assessor(*made_of)
    )


@cache
def _from_files(model: str | Path | None, policy: str | Path | None, advice_language: str, rules: None) -> Assessor:
    return Assessor(model, policy, advice_language, rules)
