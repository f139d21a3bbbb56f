"""The next step for 120 messages in many voices, twenty a language, judged by the shipped model and policy."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from clienttone import Assessor, Context
from clienttone.policy import NEXT_STEPS

Case = dict[str, Any]
CASES: list[Case] = json.loads((Path(__file__).parent / "cases" / "next_steps.json").read_text("utf-8"))
LANGUAGES = ("en", "fil", "el", "ne", "nb", "id")
BAR = 0.9  # share of the cases whose next step is one of those accepted
QUIET = 0.95  # share of the ordinary messages that get no advice at all


@pytest.fixture(scope="module")
def judged():
    """(case, assessment) pairs."""
    assessor = Assessor()
    return [(case, assessor.assess(case["message"], context=Context(**case.get("context", {})))) for case in CASES]


def shown(case, assessment):
    """A miss on a few lines: what was expected, what came out, and why."""
    threats = [f"{t.kind}/{t.credibility}" for t in assessment.threats]
    patterns = [p.name for p in assessment.patterns]
    found = f"{assessment.decision.next_step} by {assessment.decision.rule}"
    return (
        f"{case['language']} {case['comment']}: expected {' or '.join(case['next_step'])}, found {found}; "
        f"{dict(assessment.bands)} {threats} {patterns} {assessment.reason}\n    {case['message']}"
    )


def test_the_cases_are_twenty_a_language_over_every_step():
    assert Counter(case["language"] for case in CASES) == dict.fromkeys(LANGUAGES, 20)
    assert len({case["message"] for case in CASES}) == len(CASES)
    for language in LANGUAGES:
        assert {step for c in CASES if c["language"] == language for step in c["next_step"]} == set(NEXT_STEPS)


def test_the_next_step_is_right(judged):
    misses = [(case, found) for case, found in judged if found.decision.next_step not in case["next_step"]]
    report = "\n".join(shown(*miss) for miss in misses)
    print(report)
    assert len(misses) <= round((1 - BAR) * len(CASES)), f"{len(misses)} misses\n{report}"


def test_praise_gets_no_advice(judged):
    advised = [shown(case, found) for case, found in judged if case["comment"] == "praise" and found.advice]
    assert not advised, "\n".join(advised)


def test_ordinary_messages_get_no_advice(judged):
    ordinary = [(case, found) for case, found in judged if case["next_step"] == ["continue"]]
    advised = [shown(case, found) for case, found in ordinary if found.advice]
    assert len(ordinary) == 5 * len(LANGUAGES)
    assert len(advised) <= (1 - QUIET) * len(ordinary), "\n".join(advised)


def test_plain_frustration_is_never_a_reason_to_part(judged):
    plain = [found for case, found in judged if case["comment"] == "plain frustration"]
    assert len(plain) == len(LANGUAGES)
    for found in plain:
        assert found.decision.next_step != "consider_ending"
        assert "consider_ending" not in found.decision.advice


def test_no_history_makes_plain_frustration_a_reason_to_part():
    assessor = Assessor()
    worst = Context(monthly_value=1, earlier_threats=9, carried_out=3, relationship_months=60)
    for case in (case for case in CASES if case["comment"] == "plain frustration"):
        decision = assessor.assess(case["message"], context=worst).decision
        assert decision.next_step != "consider_ending"
        assert "consider_ending" not in decision.advice


def test_safety_needs_no_context_and_no_context_softens_it():
    assessor = Assessor()
    valued = Context(monthly_value=90_000, relationship_months=120, written_contract=True)
    for case in (case for case in CASES if case["comment"] in ("self-harm", "violence")):
        assert assessor.assess(case["message"], context=valued).decision.severity == 4, case["message"]
