"""What the tests of policies share."""

from clienttone.results import LABELS, Pattern, Prediction, Scores, Threat

# What a policy that replaces the default must have at its top, and what at its end
SAFE = """
[[rule]]
id = "safe"
when = { threats = ["self_harm", "violence", "property"] }
severity = 4
next_step = "safety"
advice = ["self_harm_listen", "violence_safety", "property_secure"]
"""
LAST = """
[[rule]]
id = "last"
severity = 0
next_step = "continue"
advice = []
"""


def message(*threats, patterns=(), reason="", **bands):
    """A prediction; threats as "kind" or "kind/credibility" (medium if not said)."""
    found = [t.partition("/") for t in threats]
    return Prediction(
        scores=Scores(0, 0, 0, 0),
        labels=tuple(x for x in LABELS if bands.get(x, "low") != "low"),
        bands={x: bands.get(x, "low") for x in LABELS},
        threats=tuple(Threat(kind, 0.9, 0, 1, credibility=c or "medium") for kind, _, c in found),
        patterns=tuple(Pattern(p, 0.9) for p in patterns),
        evidence={},
        reliable=not reason,
        reason=reason,
    )


def rule(when='abuse = "high"', rule_id="mine", advice='["pause_call"]', severity="3", next_step='"pause"', more=""):
    return (
        f'[[rule]]\nid = "{rule_id}"\nwhen = {{ {when} }}\nseverity = {severity}\nnext_step = {next_step}\n'
        f"advice = {advice}\n{more}\n"
    )


def also(when='abuse = "high"', rule_id="too", advice='["stay_calm"]'):
    return f'[[also]]\nid = "{rule_id}"\nwhen = {{ {when} }}\nadvice = {advice}\n'
