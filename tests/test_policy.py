"""The policy decides by values written by hand; no model is involved."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policies import message

import clienttone.policy
from clienttone.policy import MAX_ADVICE, NEXT_STEPS, load_policy
from clienttone.results import LABELS, PATTERNS, THREAT_KINDS, Context

POLICY = load_policy()
RULES = Path(clienttone.policy.__file__).parent / "rules"
HIGH_VALUE = Context(monthly_value=5000)


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
        (Context(), None),
        (Context(monthly_value=149), "low"),
        (Context(monthly_value=150), None),
        (Context(monthly_value=2000), "high"),
        (Context(monthly_value=1000, relationship_months=30), "high"),
        (Context(monthly_value=1000, relationship_months=29), None),
        (Context(monthly_value=2000, currency="NPR"), "low"),
        (Context(monthly_value=20000, currency="nok"), "high"),
        (Context(monthly_value=10**9, currency="XAU"), None),
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


BANDS = st.sampled_from(["low", "medium", "high"])
THREATS = st.builds(
    "{}/{}".format, st.sampled_from(THREAT_KINDS), st.sampled_from(["low", "medium", "high", "treat_as_real"])
)
CONTEXTS = st.builds(
    Context,
    relationship_months=st.none() | st.integers(0, 40),
    monthly_value=st.none() | st.integers(0, 5000),
    earlier_threats=st.integers(0, 4),
    carried_out=st.integers(0, 2),
    written_contract=st.none() | st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(THREATS, max_size=3),
    st.lists(st.sampled_from(PATTERNS), max_size=2, unique=True),
    st.sampled_from(["", "", "too_short"]),
    st.fixed_dictionaries(dict.fromkeys(LABELS, BANDS)),
    CONTEXTS,
)
def test_the_quick_decision_and_the_trace_agree(threats, patterns, reason, bands, context):
    prediction = message(*threats, patterns=patterns, reason=reason, **bands)
    decision, trace = POLICY.decide(prediction, context), POLICY.trace(prediction, context)
    assert [t.rule for t in trace if t.role == "rule" and t.applies] == [decision.rule]
    by_id = {r.id: r for r in (*POLICY.rules, *POLICY.also)}
    advice = [i for t in trace if t.applies for i in by_id[t.rule].advice]
    assert decision.advice == tuple(dict.fromkeys(advice))[:MAX_ADVICE]
