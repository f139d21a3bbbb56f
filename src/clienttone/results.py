"""What an assessment is made of: frozen values, in the order in which they are made.

Offsets are indices into the message exactly as it was passed in, ``message[start:end]``. No class here keeps the message.
"""

from __future__ import annotations

from types import MappingProxyType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from dataclasses import dataclass
    from typing import Any, Literal

    Band = Literal["low", "medium", "high"]
else:
    from clienttone.records import dataclass

    Band = str

LABELS = ("abuse", "threat", "bluff", "frustration")
THREAT_KINDS = (
    "violence", "property", "legal", "regulator", "reputation", "payment", "job", "churn", "self_harm", "other",
)  # fmt: skip
PATTERNS = (
    "late_payment", "controlling", "distrust", "know_better", "scope_creep", "indecision", "refund_abuse",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scores:
    """Calibrated probabilities of the four labels, each a float in 0..1; they are independent and need not add up to 1."""

    abuse: float
    threat: float
    bluff: float
    frustration: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span of the message and how far it moved a label's log-odds (positive: towards the label)."""

    start: int
    end: int
    contribution: float


@dataclass(frozen=True, slots=True)
class Context:
    """What the caller knows beside the message; every field may be left out, and nothing is guessed for it.

    ``amount_at_stake`` and ``monthly_value`` are in ``currency`` (ISO 4217 code); ``earlier_threats`` counts ultimatums the
    client made before, ``carried_out`` those that were followed by the act; ``country`` is an ISO 3166 alpha-2 code.
    Raises ``ValueError`` for a negative number, ``TypeError`` for a wrong type.
    """

    amount_at_stake: float | None = None
    currency: str | None = None
    relationship_months: float | None = None
    monthly_value: float | None = None
    earlier_threats: int = 0
    carried_out: int = 0
    written_contract: bool | None = None
    country: str | None = None

    def __post_init__(self) -> None:
        for name in ("amount_at_stake", "relationship_months", "monthly_value", "earlier_threats", "carried_out"):
            value = getattr(self, name)
            if value is None and name not in ("earlier_threats", "carried_out"):
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise TypeError(f"Context.{name} must be a number, not {type(value).__name__}")
            if not 0 <= value < float("inf"):
                raise ValueError(f"Context.{name} must be a finite number of at least 0, not {value!r}")
        for name in ("currency", "country"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise TypeError(f"Context.{name} must be a str, not {type(value).__name__}")


NO_CONTEXT = Context()


@dataclass(frozen=True, slots=True)
class Reason:
    """One entry of the credibility checklist that applies: ``effect`` says whether it raises or lowers credibility.

    ``start``/``end`` mark the words in the message (both 0 when the reason comes from the context). ``text`` says it in
    English, with the figures used.
    """

    id: str
    effect: Literal["raises", "lowers"]
    start: int = 0
    end: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Threat:
    """A threat found in ``message[start:end]``.

    ``kind`` is one of `THREAT_KINDS`; ``score`` its calibrated probability, 0..1. ``form`` is direct, conditional or veiled;
    ``demand`` and ``deadline`` are (start, end) spans or None. ``credibility`` is low, medium, high or treat_as_real, and
    ``reasons`` are the checklist entries behind it.
    """

    kind: str
    score: float
    start: int
    end: int
    form: Literal["direct", "conditional", "veiled"] = "direct"
    demand: tuple[int, int] | None = None
    deadline: tuple[int, int] | None = None
    credibility: Literal["low", "medium", "high", "treat_as_real"] = "medium"
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Pattern:
    """A difficult-client pattern (one of `PATTERNS`) and its calibrated probability, 0..1."""

    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """The model's opinion of one message, before any rule is applied.

    ``bands`` maps each label to low, medium or high by the thresholds stored with the model; ``labels`` are those at or
    above the label's decision threshold. ``evidence`` maps each label to spans, strongest first. ``language`` is the
    best guess among the model's languages ("" if none fits). ``coverage`` is the share of the message's n-grams that the
    model has met in training, 0..1. ``reliable`` is False, with a ``reason`` (one of empty, too_short,
    unknown_language, mostly_quoted), where the scores should not be trusted.
    """

    scores: Scores
    labels: tuple[str, ...]
    bands: Mapping[str, Band]
    threats: tuple[Threat, ...]
    patterns: tuple[Pattern, ...]
    evidence: Mapping[str, tuple[Evidence, ...]]
    language: str = ""
    coverage: float = 1.0
    reliable: bool = True
    reason: str = ""

    def __reduce__(self) -> tuple[Callable[..., Prediction], tuple[Any, ...]]:
        """Read-only views cannot be pickled, so their dicts are."""
        fields = {name: getattr(self, name) for name in self.__match_args__}
        return _prediction, (fields | {"bands": dict(self.bands), "evidence": dict(self.evidence)},)


@dataclass(frozen=True, slots=True)
class Decision:
    """The rule that won, its ``severity`` (0 none .. 4 safety), the ``next_step``, and the advice ids, most urgent first."""

    rule: str
    severity: int
    next_step: str
    advice: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """One counsel in the reader's language.

    ``id`` is stable across languages; ``text`` says what to do, ``why`` gives the reason in a sentence, ``reply`` holds
    reply starters with ``{placeholders}``, ``avoid`` what not to do ("" if nothing), ``source`` the ids of the founding
    rows it comes from.
    """

    id: str
    text: str
    source: tuple[str, ...] = ()
    why: str = ""
    reply: tuple[str, ...] = ()
    avoid: str = ""


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything clienttone says about one message.

    ``prediction`` is the model's raw opinion, ``decision`` and ``advice`` what the policy makes of it. The short names
    (``a.scores``, ``a.labels``, ...) read through to ``prediction``. The message itself is not kept: `html` takes it as an
    argument, and the card that a notebook shows on its own (``_repr_html_``) leaves it out.
    """

    prediction: Prediction
    decision: Decision
    advice: tuple[Advice, ...] = ()

    @property
    def scores(self) -> Scores:
        return self.prediction.scores

    @property
    def labels(self) -> tuple[str, ...]:
        return self.prediction.labels

    @property
    def bands(self) -> Mapping[str, Band]:
        return self.prediction.bands

    @property
    def threats(self) -> tuple[Threat, ...]:
        return self.prediction.threats

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        return self.prediction.patterns

    @property
    def evidence(self) -> Mapping[str, tuple[Evidence, ...]]:
        return self.prediction.evidence

    @property
    def reliable(self) -> bool:
        return self.prediction.reliable

    @property
    def reason(self) -> str:
        return self.prediction.reason

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dict of plain dicts, lists, strings, numbers and booleans; never holds the message."""
        p = self.prediction
        return {
            "scores": _plain(p.scores),
            "labels": list(p.labels),
            "bands": dict(p.bands),
            "threats": [{**_plain(t), "reasons": tuple(map(_plain, t.reasons))} for t in p.threats],
            "patterns": list(map(_plain, p.patterns)),
            "evidence": {label: list(map(_plain, spans)) for label, spans in p.evidence.items()},
            "language": p.language,
            "coverage": p.coverage,
            "reliable": p.reliable,
            "reason": p.reason,
            "decision": {**_plain(self.decision), "advice": list(self.decision.advice)},
            "advice": [{**_plain(x), "source": list(x.source), "reply": list(x.reply)} for x in self.advice],
        }

    def html(self, message: str = "") -> str:
        """An HTML card, every text escaped; with ``message`` the telling words are highlighted in it."""
        from clienttone.card import to_html

        return to_html(self, message)

    def _repr_html_(self) -> str:
        return self.html()


def read_only(mapping: dict[str, Any]) -> Mapping[str, Any]:
    """A view that cannot be written to, so that frozen results stay frozen."""
    return MappingProxyType(mapping)


def _plain(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__match_args__}


def _prediction(fields: dict[str, Any]) -> Prediction:
    views = {name: read_only(fields[name]) for name in ("bands", "evidence")}
    return Prediction(**{**fields, **views})
