"""From the facts of a message to a `Prediction`: scores, bands, threat candidates, patterns, evidence, reliability."""

from __future__ import annotations

from clienttone.errors import ModelError, explain
from clienttone.masking import cut, masked_characters
from clienttone.results import LABELS, PATTERNS, THREAT_KINDS, Evidence, Pattern, Prediction, Scores, Threat, read_only

TYPE_CHECKING = False  # typing's own costs its import
if TYPE_CHECKING:
    from collections.abc import Sequence

    from clienttone.engine import Facts
    from clienttone.model import ToneModel
    from clienttone.results import Band
    from clienttone.weights import Head

    _Kind = tuple[str, int, float, float]

MIN_VISIBLE = 4  # characters
# Share of n-grams met in training: fewer than 1% of our dev messages lie below, French, German and Spanish do. Languages
# with a script of their own have few neighbours to be mistaken for.
MIN_COVERAGE = {"en": 0.78, "fil": 0.78, "nb": 0.78, "id": 0.78, "el": 0.6, "ne": 0.6}
MIN_LANGUAGE = 0.2  # probability of the likeliest language
SAFETY_KINDS = ("violence", "property", "self_harm")  # told even where the threat score itself stays low
_RETRAIN = "Train the model with `clienttone train`."
_KIND = {kind: f"kind:{kind}" for kind in THREAT_KINDS}
_PATTERN = {pattern: f"pattern:{pattern}" for pattern in PATTERNS}


def check_heads(model: ToneModel) -> None:
    """Raise `ModelError` unless the model has every head that a `Prediction` needs, and no language unheard of."""
    needed = {*_KIND.values(), *_PATTERN.values()}
    missing = sorted(needed.difference(model.names))
    if missing or not model.languages:
        found = f"no {', '.join(missing) or 'language'}"
        raise ModelError(explain(f"model {model.name}", "heads of all threat kinds and patterns", found, _RETRAIN))
    for name in model.languages:
        if name.removeprefix("language:") not in MIN_COVERAGE:
            raise ModelError(explain(f"model {model.name}", f"languages of {', '.join(MIN_COVERAGE)}", name, _RETRAIN))


class Predictor:
    """A model's opinion of messages; what each of its heads is asked for is looked up once, when this is made.

    Raises `ModelError` as `check_heads` does.
    """

    __slots__ = ("_kinds", "_labels", "_languages", "_model", "_patterns")

    def __init__(self, model: ToneModel) -> None:
        check_heads(model)
        self._model, self._labels = model, model.heads[: len(LABELS)]
        place = {name: at for at, name in enumerate(model.names)}
        self._languages = [(place[name], name.removeprefix("language:")) for name in model.languages]
        self._patterns = [(p, place[name], model.head(name).threshold) for p, name in _PATTERN.items()]
        self._kinds = [_kind(kind, place[name], model.head(name)) for kind, name in _KIND.items()]

    def predict(self, messages: Sequence[str]) -> list[Prediction]:
        """The model's opinion of each message, in order."""
        return [self._prediction(*both) for both in zip(messages, self._model.describe(messages), strict=True)]

    def _prediction(self, message: str, facts: Facts) -> Prediction:
        values, visible, coverage, segments, strongest, telling = facts
        language, known = self._language(values, coverage)
        reason = _reason(visible, masked_characters(message, cut(message)), known)
        enough = reason not in ("empty", "too_short")
        labels, bands, evidence = [], {}, {}
        for head, score, spans in zip(self._labels, values, telling, strict=False):  # the labels are the first heads
            bands[head.name] = band(head, score)
            evidence[head.name] = tuple([Evidence(*span) for span in spans])
            if enough and score >= head.threshold:
                labels.append(head.name)
        kinds = self._kinds_of(values, "threat" in labels)
        return Prediction(
            Scores(*values[: len(LABELS)]),
            tuple(labels),
            read_only(bands),
            tuple([Threat(k, values[at], *(segments[strongest[at - len(LABELS)]] if segments else (0, 0)))
                   for k, at, _, _ in kinds]) if kinds else (),
            self._patterns_of(values) if enough else (),
            read_only(evidence),
            language,
            round(coverage, 4),
            not reason,
            reason,
        )  # fmt: skip

    def _language(self, values: Sequence[float], coverage: float) -> tuple[str, bool]:
        """(the likeliest language, or "" if none is likely; whether the model knows enough of it)."""
        chances = [values[at] for at, _ in self._languages]
        likeliest = max(chances)
        if likeliest < MIN_LANGUAGE:
            return "", False
        language = self._languages[chances.index(likeliest)][1]
        return language, coverage >= MIN_COVERAGE[language]

    def _patterns_of(self, values: Sequence[float]) -> tuple[Pattern, ...]:
        """The patterns above their threshold, likeliest first."""
        found = [Pattern(pattern, values[at]) for pattern, at, least in self._patterns if values[at] >= least]
        return tuple(sorted(found, key=lambda p: -p.score)) if found else ()

    def _kinds_of(self, values: Sequence[float], threatening: bool) -> list[_Kind]:
        """The kinds of threat that the message makes, likeliest first: few make more than one.

        Those that are nearly sure by themselves, the safety kinds above their threshold, and where the threat label is set
        the likeliest in any case.
        """
        found = [kind for kind in self._kinds if values[kind[1]] >= kind[2]]
        if threatening:
            likeliest = max(self._kinds, key=lambda kind: values[kind[1]])
            found += [] if likeliest in found else [likeliest]
        if len(found) < 2:
            return found
        best = max([values[at] for kind, at, _, _ in found if kind not in SAFETY_KINDS], default=0.0)
        # a faint safety kind beside a likelier one is mostly that one's echo ("I'll post the photos")
        found = [kind for kind in found if kind[0] not in SAFETY_KINDS or values[kind[1]] >= min(best, kind[3])]
        return sorted(found, key=lambda kind: -values[kind[1]])


def _kind(kind: str, at: int, head: Head) -> _Kind:
    """What is asked of a kind: its name, its place, the least score to be told, the score of one that is nearly sure."""
    return kind, at, head.threshold if kind in SAFETY_KINDS else head.high, head.high


def band(head: Head, score: float) -> Band:
    """low, medium or high by the head's edges."""
    return "high" if score >= head.high else "medium" if score >= head.medium else "low"


def _reason(visible: int, masked: int, known: bool) -> str:
    """Why the scores should not be trusted; "" where they may."""
    if not visible and not masked:
        return "empty"
    if masked and visible < 0.2 * (visible + masked):
        return "mostly_quoted"
    if visible < MIN_VISIBLE:
        return "too_short"
    return "" if known else "unknown_language"
