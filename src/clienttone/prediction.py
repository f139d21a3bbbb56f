"""From the facts of a message to a `Prediction`: scores, bands, threat candidates, patterns, evidence, reliability."""

from __future__ import annotations

from clienttone.errors import ModelError, explain
from clienttone.masking import cut, masked_characters
from clienttone.results import LABELS, PATTERNS, THREAT_KINDS, Evidence, Pattern, Prediction, Scores, Threat, read_only

TYPE_CHECKING = False  # typing's own costs its import
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clienttone.engine import Facts
    from clienttone.model import ToneModel
    from clienttone.results import Band
    from clienttone.weights import Head

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


def predict(model: ToneModel, messages: Sequence[str]) -> list[Prediction]:
    """The model's opinion of each message, in order."""
    masked = [masked_characters(message, cut(message)) for message in messages]
    return [_prediction(model, *both) for both in zip(model.describe(messages), masked, strict=True)]


def _prediction(model: ToneModel, facts: Facts, masked: int) -> Prediction:
    values, visible, coverage, segments, strongest, telling = facts
    heads, scores = model.heads[: len(LABELS)], values[: len(LABELS)]
    chances = dict(zip(model.names, values, strict=True))
    language, known = _language(model, chances, coverage)
    reason = _reason(visible, masked, known)
    enough = reason not in ("empty", "too_short")
    labels = tuple([h.name for h, s in zip(heads, scores, strict=True) if enough and s >= h.threshold])
    kinds = _kinds(model, chances, "threat" in labels)
    where = dict(zip(model.names[len(LABELS) :], strongest, strict=True)) if kinds else {}
    return Prediction(
        Scores(*scores),
        labels,
        read_only({h.name: band(h, s) for h, s in zip(heads, scores, strict=True)}),
        tuple([Threat(k, chances[_KIND[k]], *(segments[where[_KIND[k]]] if segments else (0, 0))) for k in kinds]),
        _patterns(model, chances) if enough else (),
        read_only({label: tuple([Evidence(*s) for s in spans]) for label, spans in zip(LABELS, telling, strict=True)}),
        language,
        round(coverage, 4),
        not reason,
        reason,
    )


def band(head: Head, score: float) -> Band:
    """low, medium or high by the head's edges."""
    return "high" if score >= head.high else "medium" if score >= head.medium else "low"


def _language(model: ToneModel, chances: Mapping[str, float], coverage: float) -> tuple[str, bool]:
    """(the likeliest language, or "" if none is likely; whether the model knows enough of it)."""
    likeliest = max(model.languages, key=chances.__getitem__)
    if chances[likeliest] < MIN_LANGUAGE:
        return "", False
    language = likeliest.removeprefix("language:")
    return language, coverage >= MIN_COVERAGE[language]


def _reason(visible: int, masked: int, known: bool) -> str:
    """Why the scores should not be trusted; "" where they may."""
    if not visible and not masked:
        return "empty"
    if masked and visible < 0.2 * (visible + masked):
        return "mostly_quoted"
    if visible < MIN_VISIBLE:
        return "too_short"
    return "" if known else "unknown_language"


def _patterns(model: ToneModel, chances: Mapping[str, float]) -> tuple[Pattern, ...]:
    """The patterns above their threshold, likeliest first."""
    found = [Pattern(p, chances[name]) for p, name in _PATTERN.items() if chances[name] >= model.head(name).threshold]
    return tuple(sorted(found, key=lambda p: -p.score))


def _kinds(model: ToneModel, chances: Mapping[str, float], threatening: bool) -> list[str]:
    """The kinds of threat that the message makes, likeliest first: few make more than one.

    Those that are nearly sure by themselves, the safety kinds above their threshold, and where the threat label is set the
    likeliest in any case.
    """
    score = {k: chances[_KIND[k]] for k in THREAT_KINDS}
    heads = {k: model.head(_KIND[k]) for k in THREAT_KINDS}
    found = [k for k, s in score.items() if s >= (heads[k].threshold if k in SAFETY_KINDS else heads[k].high)]
    likeliest = max(score, key=score.__getitem__)
    if threatening and likeliest not in found:
        found.append(likeliest)
    best = max([score[k] for k in found if k not in SAFETY_KINDS], default=0.0)
    # a faint safety kind beside a likelier one is mostly that one's echo ("I'll post the photos")
    found = [k for k in found if k not in SAFETY_KINDS or score[k] >= min(best, heads[k].high)]
    return sorted(found, key=lambda k: -score[k])
