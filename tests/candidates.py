"""What the tests of threats share."""

from clienttone.results import Context, Threat
from clienttone.threats import ThreatRules, analyse

LANGUAGES = ("en", "fil", "el", "ne", "nb", "id")
LEVEL = {"low": 0, "medium": 1, "high": 2, "treat_as_real": 3}


def whole(message: str, kind: str = "legal", score: float = 0.9) -> Threat:
    return Threat(kind, score, 0, len(message))


def one(message: str, kind: str = "legal", context: Context | None = None, rules: ThreatRules | None = None) -> Threat:
    (threat,) = analyse(message, [whole(message, kind)], context, rules)
    return threat


def ids(threat: Threat) -> set[str]:
    return {reason.id for reason in threat.reasons}
