"""Whatever a policy says, threats of self-harm, violence and damage to property are answered first."""

import pytest
from policies import LAST, SAFE, also, message, rule

from clienttone.conditions import CREDIBILITIES
from clienttone.errors import PolicyError
from clienttone.policy import SAFETY_KINDS, load_policy
from clienttone.results import Context

POLICY = load_policy()
LOUD = rule("earlier_threats = 1", "loud", severity="0", next_step='"continue"', advice="[]")
FIVE = '["stay_calm", "reply_donts", "keep_record", "fix_it", "same_side"]'


@pytest.fixture
def load(tmp_path):
    def write_and_load(text):
        path = tmp_path / "mine.toml"
        path.write_text(text, "utf-8")
        return load_policy(path)

    return write_and_load


@pytest.mark.parametrize("kind", SAFETY_KINDS)
@pytest.mark.parametrize("credibility", CREDIBILITIES)
def test_rules_that_extend_the_default_never_come_before_safety(load, kind, credibility):
    policy = load('extends = "default"\n' + LOUD + rule(f"threats = ['legal', '{kind}']"))
    situation = message(f"{kind}/{credibility}", "legal", abuse="high"), Context(earlier_threats=3)
    assert policy.decide(*situation) == POLICY.decide(*situation)
    assert policy.decide(message("legal")).rule == "mine"
    assert policy.decide(message(), Context(earlier_threats=1)).rule == "loud"


def test_further_advice_does_not_push_out_that_for_safety(load):
    policy = load('extends = "default"\n' + also("severity = [2, 4]", advice=FIVE))
    decision = policy.decide(message("self_harm", "violence", "property"))
    assert decision.advice[:4] == ("self_harm_listen", "self_harm_escalate", "violence_safety", "property_secure")
    assert decision.advice[4] == "stay_calm"


@pytest.mark.parametrize("when", ["threats = 'violence'", "threats = 'self_harm', abuse = 'high'"])
def test_a_rule_behind_safety_that_cannot_win_is_refused(load, when):
    with pytest.raises(
        PolicyError, match="rule 'mine': expected a rule that can win, found one behind those for safety"
    ):
        load('extends = "default"\n' + rule(when))


@pytest.mark.parametrize("kind", SAFETY_KINDS)
def test_a_policy_that_replaces_the_default_begins_with_safety(load, kind):
    policy = load(SAFE + LOUD + LAST)
    decision = policy.decide(message(f"{kind}/treat_as_real", abuse="high"), Context(earlier_threats=1))
    assert (decision.rule, decision.severity) == ("safe", 4)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (LAST, "property, self_harm, violence"),
        (LOUD + SAFE + LAST, "property, self_harm, violence"),
        (SAFE.replace('"violence", ', "") + LAST, "violence"),
        (SAFE.replace("severity = 4", "severity = 3") + LAST, "property, self_harm, violence"),
        (SAFE.replace(" }", ', credibility = "high" }') + LAST, "property, self_harm, violence"),
        (SAFE.replace(" }", ", reliable = true }") + LAST, "property, self_harm, violence"),
        (SAFE.replace('"violence"', '"violence", "legal"') + LAST, "property, self_harm, violence"),
    ],
)
def test_a_policy_that_passes_over_safety_is_refused(load, text, missing):
    with pytest.raises(PolicyError) as error:
        load(text)
    assert "mine.toml: expected at the top, rules of severity 4" in str(error.value)
    assert f"found none there for {missing}. Put them first" in str(error.value)


def test_the_default_policy_is_held_to_the_same():
    assert [r.id for r in POLICY.rules[:3]] == ["self_harm", "violence", "property"]
    assert {r.severity for r in POLICY.rules[:3]} == {4}
