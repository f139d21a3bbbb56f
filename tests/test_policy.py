"""The policy decides by values written by hand; no model is involved."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import clienttone.policy
from clienttone.errors import PolicyError
from clienttone.policy import MAX_ADVICE, NEXT_STEPS, load_policy
from clienttone.results import LABELS, THREAT_KINDS, Context, Pattern, Prediction, Scores, Threat

POLICY = load_policy()
RULES = Path(clienttone.policy.__file__).parent / "rules"
HIGH_VALUE = Context(monthly_value=5000)


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


def step(*args, context=None, **kwargs):
    return POLICY.decide(message(*args, **kwargs), context or Context()).next_step


def advice(*args, context=None, **kwargs):
    return POLICY.decide(message(*args, **kwargs), context or Context()).advice


# One case for each rule: the rule, the message, the context, next step and severity.
CASES = [
    ("self_harm", message("self_harm/treat_as_real"), Context(), "escalate_to_person", 4),
    ("violence", message("violence/treat_as_real"), Context(), "safety", 4),
    ("property", message("property/treat_as_real"), Context(), "safety", 4),
    ("empty", message(reason="empty"), Context(), "continue", 0),
    ("unreliable", message(reason="too_short", abuse="high"), Context(), "continue", 0),
    ("abuse_again", message(abuse="high"), Context(earlier_threats=3), "consider_ending", 3),
    (
        "abuse_outweighs_income",
        message(abuse="high"),
        Context(earlier_threats=1, monthly_value=20),
        "consider_ending",
        3,
    ),
    ("legal_credible", message("legal/high"), Context(), "escalate_to_person", 3),
    ("job_credible", message("job/high"), Context(), "escalate_to_person", 3),
    ("threat_credible", message("reputation/high", "churn/high"), Context(), "evaluate_threat", 3),
    ("threat_possible", message("payment"), Context(), "evaluate_threat", 2),
    ("threat_doubtful", message("legal/low", abuse="high"), Context(), "evaluate_threat", 2),
    ("abuse_with_complaint", message("churn", abuse="high", frustration="high"), Context(), "set_boundary", 3),
    ("abuse", message(abuse="high"), Context(), "pause", 3),
    ("rude", message(abuse="medium", frustration="high"), Context(), "set_boundary", 2),
    ("churn_doubtful", message("churn/low"), Context(), "evaluate_threat", 2),
    ("churn", message("churn/high", frustration="high"), Context(), "acknowledge", 2),
    ("threat_unnamed", message(threat="medium"), Context(), "evaluate_threat", 2),
    (
        "late_payment_against_terms",
        message(patterns=["late_payment"]),
        Context(written_contract=True),
        "set_boundary",
        2,
    ),
    ("late_payment", message(patterns=["late_payment"]), Context(written_contract=False), "get_it_in_writing", 2),
    ("refund_abuse", message(patterns=["refund_abuse"]), Context(), "set_boundary", 2),
    ("scope_creep_against_terms", message(patterns=["scope_creep"]), Context(written_contract=True), "set_boundary", 2),
    ("scope_creep", message(patterns=["scope_creep"]), Context(), "get_it_in_writing", 1),
    ("controlling", message(patterns=["controlling"]), Context(), "set_boundary", 1),
    ("know_better", message(patterns=["know_better"]), Context(), "acknowledge", 1),
    ("distrust", message(patterns=["distrust"], frustration="high"), Context(), "acknowledge", 1),
    ("indecision", message(patterns=["indecision"]), Context(), "acknowledge", 1),
    ("frustrated_valued_client", message(frustration="medium"), HIGH_VALUE, "acknowledge", 2),
    ("frustration", message(frustration="high"), Context(), "acknowledge", 2),
    ("displeasure", message(frustration="medium"), Context(), "acknowledge", 1),
    ("nothing", message(), Context(earlier_threats=9, monthly_value=1, relationship_months=99), "continue", 0),
]

MORE = [  # beside CASES: situations whose advice comes from further rules
    (message("legal"), Context()),
    (message("regulator"), Context()),
    (message("reputation/medium"), Context()),
    (message("reputation/low"), Context()),
    (message("job/medium"), Context()),
    (message("other/low", frustration="high"), Context()),
    (message("legal", bluff="high"), Context(carried_out=1)),
    (message(abuse="medium"), Context()),
    (message(frustration="high"), Context(earlier_threats=3)),
    (message(patterns=["scope_creep"]), Context(relationship_months=8)),
]


@pytest.mark.parametrize(("rule", "prediction", "context", "next_step", "severity"), CASES, ids=[c[0] for c in CASES])
def test_each_rule_wins_where_it_should(rule, prediction, context, next_step, severity):
    decision = POLICY.decide(prediction, context)
    assert (decision.rule, decision.next_step, decision.severity) == (rule, next_step, severity)


def test_every_rule_of_the_default_policy_has_a_case():
    assert [c[0] for c in CASES] == [r.id for r in POLICY.rules]


def test_every_next_step_is_taken():
    assert {c[3] for c in CASES} == set(NEXT_STEPS)


def test_every_advice_is_reachable():
    situations = [(c[1], c[2]) for c in CASES] + MORE
    reached = {i for prediction, context in situations for i in POLICY.decide(prediction, context).advice}
    assert reached == set(tomllib.loads((RULES / "advice.toml").read_text("utf-8")))


# --- Sense ----------------------------------------------------------------------------------------------------------


def test_self_harm_overrides_everything():
    everything = [f"{k}/treat_as_real" for k in THREAT_KINDS]
    decision = POLICY.decide(message(*everything, abuse="high", frustration="high", patterns=["late_payment"]))
    assert decision.rule == "self_harm"
    assert decision.advice == ("self_harm_listen", "self_harm_escalate", "violence_safety", "property_secure")


@pytest.mark.parametrize("reason", ["", "empty", "too_short", "unknown_language", "mostly_quoted"])
def test_safety_does_not_wait_for_reliable_scores(reason):
    assert step("self_harm", reason=reason) == "escalate_to_person"
    assert step("violence", reason=reason) == "safety"


def test_violence_overrides_everything_but_self_harm():
    context = Context(earlier_threats=5, monthly_value=1)
    decision = POLICY.decide(message("legal/high", "property", "violence", abuse="high"), context)
    assert decision.rule == "violence"
    assert decision.advice == ("violence_safety", "violence_report", "property_secure")


@pytest.mark.parametrize("band", ["medium", "high"])
@pytest.mark.parametrize("context", [Context(), HIGH_VALUE, Context(earlier_threats=9, carried_out=9, monthly_value=1)])
def test_plain_frustration_gets_listening_and_a_fix_never_an_end(band, context):
    decision = POLICY.decide(message(frustration=band), context)
    assert decision.advice[:2] == ("listen_restate", "fix_it")
    assert decision.next_step == "acknowledge"
    assert not {"consider_ending", "end_handover", "pause_call"} & set(decision.advice)


def test_neutral_messages_get_no_advice():
    assert advice() == ()
    assert advice(reason="empty") == ()


@pytest.mark.parametrize("reason", ["too_short", "unknown_language", "mostly_quoted"])
def test_scores_that_cannot_be_trusted_are_named_so(reason):
    assert advice(reason=reason, abuse="high", frustration="high", patterns=["distrust"]) == ("read_yourself",)


@pytest.mark.parametrize("abuse", ["medium", "high"])
def test_abuse_with_a_just_complaint_gets_both(abuse):
    found = set(advice(abuse=abuse, frustration="high"))
    assert {"listen_restate", "fix_it", "not_personal"} <= found


def test_a_doubtful_threat_with_insults_and_a_complaint_gets_all_three():
    found = advice("legal/low", abuse="high", frustration="high")
    assert found == ("evaluate_threat", "stand_firm", "threat_legal_bluff", "not_personal", "listen_restate")


def test_one_and_the_same_threat_must_have_kind_and_credibility():
    assert step("legal/low", "churn/high") == "evaluate_threat"
    assert step("legal/high", "churn/low") == "escalate_to_person"


def test_advice_is_short_and_without_repetition():
    for c in CASES:
        found = POLICY.decide(c[1], c[2]).advice
        assert len(found) <= MAX_ADVICE
        assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("context", "value"),
    [
        (Context(), set()),
        (Context(monthly_value=149), {"low"}),
        (Context(monthly_value=150), set()),
        (Context(monthly_value=2000), {"high"}),
        (Context(monthly_value=1000, relationship_months=30), {"high"}),
        (Context(monthly_value=1000, relationship_months=29), set()),
        (Context(monthly_value=2000, currency="NPR"), {"low"}),
        (Context(monthly_value=20000, currency="nok"), {"high"}),
        (Context(monthly_value=10**9, currency="XAU"), set()),
    ],
)
def test_client_value_follows_income_and_currency(context, value):
    assert POLICY.client_value is not None
    assert POLICY.client_value.of(context) == value


def test_deciding_again_gives_the_same():
    prediction = message("legal", abuse="high")
    assert POLICY.decide(prediction) == load_policy().decide(prediction)


@pytest.mark.parametrize(("args", "name"), [((None,), "prediction"), ((message(), None), "context")])
def test_wrong_types_name_the_argument(args, name):
    for call in (POLICY.decide, POLICY.trace):
        with pytest.raises(TypeError, match=f"^{name} must be"):
            call(*args)


def test_trace_says_which_rules_were_tried_and_why_one_won():
    trace = POLICY.trace(message("legal/low", frustration="high"))
    rules = [t for t in trace if t.role == "rule"]
    assert [t.rule for t in rules if t.applies] == ["threat_doubtful"]
    assert rules[-1].rule == "threat_doubtful"
    assert rules[0].why == ("threats: asked for self_harm, found legal of credibility low",)
    by_name = {t.rule: t for t in trace}
    assert str(by_name["complaint_too"]).startswith("also complaint_too applies: frustration: asked for medium or high")
    assert by_name["trouble_returns"].why == ("earlier_threats: asked for at least 2, found 0",)
    assert str(POLICY.trace(message())[len(POLICY.rules) - 1]) == "rule nothing applies: it has no conditions"


# --- Files of one's own ---------------------------------------------------------------------------------------------

LAST = '[[rule]]\nid = "last"\nseverity = 0\nnext_step = "continue"\nadvice = []\n'
VALUE = "[client_value]\nhigh_monthly = 9\nhigh_total = 9\nlow_monthly = 1\nunits = { USD = 1 }\n"


def rule(when='abuse = "high"', rule_id="mine", advice='["pause_call"]', severity="3", next_step='"pause"', more=""):
    return (
        f'[[rule]]\nid = "{rule_id}"\nwhen = {{ {when} }}\nseverity = {severity}\nnext_step = {next_step}\n'
        f"advice = {advice}\n{more}\n"
    )


def also(when='abuse = "high"', rule_id="too", advice='["stay_calm"]'):
    return f'[[also]]\nid = "{rule_id}"\nwhen = {{ {when} }}\nadvice = {advice}\n'


@pytest.fixture
def load(tmp_path):
    def write_and_load(text, **options):
        path = tmp_path / "mine.toml"
        path.write_text(text, "utf-8")
        return load_policy(path, **options)

    return write_and_load


def test_a_file_replaces_the_default(load):
    policy = load(rule() + LAST + also())
    assert policy.decide(message("legal/high")).rule == "last"
    assert policy.decide(message(abuse="high")).advice == ("pause_call", "stay_calm")


def test_a_file_extends_the_default(load):
    text = rule('threats = "legal"', next_step='"get_it_in_writing"', advice='["keep_record"]')
    policy = load('extends = "default"\n' + text + also('threats = "legal"', advice='["stay_calm"]'))
    assert policy.decide(message("legal/high")).rule == "mine"
    assert policy.decide(message("legal")).advice[:2] == ("keep_record", "stay_calm")
    assert policy.decide(message("job/high")).rule == "job_credible"
    assert policy.client_value == POLICY.client_value


def test_the_caller_overrides_what_the_file_says(load):
    assert load(rule(), extends_default=True).decide(message("job/high")).rule == "job_credible"
    assert load('extends = "default"\n' + rule() + LAST, extends_default=False).decide(message("legal")).rule == "last"


def test_own_thresholds_replace_the_default_ones(load):
    policy = load('extends = "default"\n' + VALUE)
    assert policy.decide(message(frustration="high"), Context(monthly_value=9)).rule == "frustrated_valued_client"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[rule", ["mine.toml", "expected TOML"]),
        ("colour = 1\n" + LAST, ["mine.toml", "only the keys extends", "found colour"]),
        ('extends = "other"\n' + LAST, ["mine.toml: extends", 'expected "default"', "found other"]),
        ("rule = 1", ["mine.toml: rule", "[[rule]]", "found 1"]),
        (rule(more="colour = 1") + LAST, ["rule 'mine'", "only the keys", "found colour"]),
        ('[[rule]]\nid = "a"\nseverity = 0\nadvice = []', ["rule 'a'", "the key next_step", "Add it"]),
        ("[[rule]]\nseverity = 0\nadvice = []\nnext_step='safety'", ["rule 'number 1'", "the key id"]),
        (rule(rule_id="") + LAST, ["id", "a name"]),
        (rule("abuse = 'huge'") + LAST, ["rule 'mine': when.abuse", "one of low, medium, high", "found huge"]),
        (rule("abuse = []") + LAST, ["when.abuse", "different choices", "found []"]),
        (rule("abuse = ['high', 'high']") + LAST, ["when.abuse", "different choices"]),
        (rule("abuse = ['low', 'medium', 'high']") + LAST, ["when.abuse", "fewer than all", "always holds"]),
        (rule("threats = 'war'") + LAST, ["when.threats", "violence, property", "found war"]),
        (rule("credibility = 'sure'") + LAST, ["when.credibility", "treat_as_real", "found sure"]),
        (rule("patterns = ['late']") + LAST, ["when.patterns", "late_payment", "found late"]),
        (rule("reliable = 1") + LAST, ["when.reliable", "True, False", "found 1"]),
        (rule("reason = 'odd'") + LAST, ["when.reason", "too_short", "found odd"]),
        (rule("reliable = true, reason = 'empty'") + LAST, ["when.reason", "never applies"]),
        (rule("earlier_threats = '2'") + LAST, ["when.earlier_threats", "a number above 0", "found 2"]),
        (rule("carried_out = 0") + LAST, ["when.carried_out", "a number above 0", "found 0"]),
        (rule("mood = 'bad'") + LAST, ["rule 'mine': when", "only the keys", "found mood"]),
        (rule("severity = 3") + LAST, ["rule 'mine': when", "only the keys", "found severity"]),
        ("[[rule]]\nid='a'\nwhen=1\nseverity=0\nadvice=[]\nnext_step='safety'", ["a table of conditions", "found 1"]),
        (rule(severity="5") + LAST, ["severity", "one of 0, 1, 2, 3, 4", "found 5"]),
        (rule(severity="true") + LAST, ["severity", "found True"]),
        (rule(next_step='"shout"') + LAST, ["next_step", "consider_ending", "found shout"]),
        (rule(advice='["sing"]') + LAST, ["rule 'mine': advice", "pause_call", "found sing"]),
        (rule(advice='"pause_call"') + LAST, ["advice", "a list of 0 to 5", "found pause_call"]),
        (rule(advice='["pause_call", "pause_call"]') + LAST, ["advice", "different choices"]),
        (rule() + LAST + also(advice="[]"), ["also 'too': advice", "a list of 1 to 5"]),
        (rule() + rule("abuse = 'medium'") + LAST, ["'mine'", "an id of its own", "the id twice"]),
        (rule() + LAST + also(rule_id="mine"), ["'mine'", "the id twice"]),
        ('extends = "default"\n' + rule(rule_id="violence"), ["'violence'", "ids of the default count too"]),
        (rule(), ["mine.toml", "a last rule without conditions", "'mine' as the last"]),
        ("", ["mine.toml", "a last rule without conditions", "no rule"]),
        (LAST + rule(), ["rule 'mine'", "a rule that can win", "'last' before it"]),
        (rule("abuse = ['medium', 'high']", "wide") + rule() + LAST, ["rule 'mine'", "'wide' before it"]),
        (rule("earlier_threats = 1", "a") + rule("earlier_threats = 2", "b") + LAST, ["rule 'b'", "'a' before it"]),
        (
            rule("threats = ['legal', 'job']", "a")
            + rule("threats = 'job', credibility = 'low', abuse = 'high'", "b")
            + LAST,
            ["rule 'b'", "'a' before it"],
        ),
        (rule("client_value = 'low'") + LAST, ["'mine'", "a table [client_value]"]),
        (LAST + also("severity = 4"), ["'too': when.severity", "one that a rule gives", "found 4"]),
        ("client_value = 1\n" + LAST, ["mine.toml: client_value", "a table"]),
        (VALUE.replace("9", "'9'", 1) + LAST, ["client_value: high_monthly", "a number above 0", "found 9"]),
        (VALUE.replace("USD = 1", "USD = 0") + LAST, ["client_value: USD", "a number above 0", "found 0"]),
        (VALUE.replace("low_monthly = 1", "low_monthly = 9") + LAST, ["client_value", "low_monthly below"]),
        (VALUE.replace("high_total = 9\n", "") + LAST, ["client_value", "the key high_total"]),
    ],
)
def test_a_faulty_file_says_where_what_was_expected_and_found(load, text, words):
    with pytest.raises(PolicyError) as error:
        load(text)
    for word in (*words, "expected", "found"):
        assert word in str(error.value)


@pytest.mark.parametrize(
    "later",
    ["abuse = 'medium'", "abuse = 'high', written_contract = true", "threats = 'churn'", "earlier_threats = 1"],
)
def test_a_rule_that_can_still_win_is_no_error(load, later):
    first = rule("abuse = 'high', threats = 'legal', earlier_threats = 2", "first")
    assert len(load(first + rule(later, "second") + LAST).rules) == 3


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(PolicyError, match="a policy file"):
        load_policy(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xe9")
    with pytest.raises(PolicyError, match="UTF-8"):
        load_policy(tmp_path / "latin.toml")
    with pytest.raises(TypeError, match=r"^path must be"):
        load_policy(1)  # type: ignore[arg-type]
