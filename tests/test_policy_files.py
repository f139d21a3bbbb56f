"""Policies of one's own: files that replace or extend the default, and what is refused in them."""

import pytest
from policies import LAST, SAFE, also, message, rule

from clienttone.errors import PolicyError
from clienttone.policy import load_policy
from clienttone.results import Context

POLICY = load_policy()
VALUE = "[client_value]\nhigh_monthly = 9\nhigh_total = 9\nlow_monthly = 1\nunits = { USD = 1 }\n"


@pytest.fixture
def load(tmp_path):
    def write_and_load(text, **options):
        path = tmp_path / "mine.toml"
        path.write_text(text, "utf-8")
        return load_policy(path, **options)

    return write_and_load


def test_a_file_replaces_the_default(load):
    policy = load(SAFE + rule() + LAST + also())
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
    assert (
        load('extends = "default"\n' + SAFE + rule() + LAST, extends_default=False).decide(message("legal")).rule
        == "last"
    )


def test_own_thresholds_replace_the_default_ones(load):
    policy = load('extends = "default"\n' + VALUE)
    assert policy.decide(message(frustration="high"), Context(monthly_value=9)).rule == "frustrated_valued_client"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[rule", ["mine.toml", "expected TOML"]),
        ("colour = 1\n" + LAST, ["mine.toml", "only the keys extends", "found 'colour'"]),
        ('extends = "other"\n' + LAST, ["mine.toml: extends", 'expected "default"', "found other"]),
        ("rule = 1", ["mine.toml: rule", "[[rule]]", "found 1"]),
        (rule(more="colour = 1") + LAST, ["rule 'mine'", "only the keys", "found 'colour'"]),
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
        (rule("mood = 'bad'") + LAST, ["rule 'mine': when", "only the keys", "found 'mood'"]),
        (rule("severity = 3") + LAST, ["rule 'mine': when", "only the keys", "found 'severity'"]),
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
    assert len(load(SAFE + first + rule(later, "second") + LAST).rules) == 4


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(PolicyError, match="a policy file"):
        load_policy(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xe9")
    with pytest.raises(PolicyError, match="UTF-8"):
        load_policy(tmp_path / "latin.toml")
    with pytest.raises(TypeError, match=r"^path must be"):
        load_policy(1)  # type: ignore[arg-type]
