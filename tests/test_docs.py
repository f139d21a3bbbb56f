"""What the pages in docs/ say is so: their tables match the rules, and their examples run as printed."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest

from clienttone.cli import main
from clienttone.policy import NEXT_STEPS, load_policy
from clienttone.results import LABELS, THREAT_KINDS, Context, Prediction, Scores, Threat
from clienttone.threats import analyse, load_rules

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("threats.md", "policy.md")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    return [text for found, text in BLOCK.findall(page(name)) if found == language]


def table(name: str, heading: str) -> list[list[str]]:
    """The rows of the table whose first heading is ``heading``, as cells without backticks around them."""
    lines = iter(page(name).splitlines())
    next(line for line in lines if line.startswith(f"| {heading} |"))
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with the files that the pages show, each named by its first line."""
    for name in PAGES:
        for text in blocks(name, "toml"):
            (tmp_path / text.splitlines()[0].removeprefix("# ")).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- the examples run ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_python_examples_print_what_the_page_shows(name, folder, capsys):
    text = "\n".join(block for block in blocks(name, "python") if block.startswith(">>>"))
    test = doctest.DocTestParser().get_doctest(text, {}, name, str(DOCS / name), 0)
    assert test.examples
    assert doctest.DocTestRunner().run(test).failed == 0, capsys.readouterr().out


def test_every_command_of_the_policy_page_succeeds(folder, capsys):
    lines = [shlex.split(line) for block in blocks("policy.md", "sh") for line in block.splitlines()]
    assert [line[0] for line in lines] == ["clienttone"] * 4
    assert [main(line[1:]) for line in lines] == [0] * 4
    assert "won: " in capsys.readouterr().out


# --- docs/threats.md ----------------------------------------------------------------------------------------------------

REASONS = {row[0].strip("`"): row[1:] for row in table("threats.md", "reason")}


def test_the_table_has_every_reason_with_its_points():
    rules = load_rules()
    assert set(REASONS) == {"safety_floor", *(entry.id for entry in rules.indicators)}
    for entry in rules.indicators:
        effect, points = REASONS[entry.id][:2]
        assert (effect, int(points.split()[0])) == ("raises" if entry.points > 0 else "lowers", entry.points), entry.id


@pytest.mark.parametrize("reason", REASONS)
def test_the_example_of_a_reason_fires_it(reason):
    effect, _, kind, message, context = REASONS[reason]
    given = eval(f"Context({context.strip('`')})", {"Context": Context})
    (threat,) = analyse(message, [Threat(kind, 0.9, 0, len(message))], given)
    assert (reason, effect) in {(found.id, found.effect) for found in threat.reasons}


def test_every_field_of_the_context_is_explained():
    named = {name for row in table("threats.md", "field") for name in re.findall(r"`(\w+)`", row[0])}
    assert named == set(Context.__slots__)


def test_the_thresholds_and_floors_are_those_of_the_rules():
    rules, text = load_rules(), " ".join(page("threats.md").split())
    assert f"{rules.high} points or more are `high`, {rules.low} or fewer `low`" in text
    assert rules.treat_as_real == {"violence", "property", "self_harm"}
    assert rules.never_low == {"named_lawyer_or_firm", "case_number", "served_document"}
    own_sentence = {entry.id for entry in rules.indicators if not entry.whole_message}
    assert own_sentence == {"cheap_act", "hedged", "theatre_caps", "vague_harm"}


# --- docs/policy.md -----------------------------------------------------------------------------------------------------


def prediction(*threats: tuple[str, str], reliable: bool = True) -> Prediction:
    return Prediction(
        scores=Scores(0, 0, 0, 0),
        labels=(),
        bands=dict.fromkeys(LABELS, "low"),
        threats=tuple(Threat(kind, 0.9, 0, 1, credibility=credibility) for kind, credibility in threats),
        patterns=(),
        evidence={},
        reliable=reliable,
        reason="" if reliable else "too_short",
    )


def test_the_table_of_next_steps_is_that_of_the_shipped_policy():
    rows = table("policy.md", "next step")
    assert [row[0].strip("`") for row in rows] == list(NEXT_STEPS)
    for step, _, named in rows:
        rules = {rule.id for rule in load_policy().rules if rule.next_step == step.strip("`")}
        assert set(re.findall(r"`(\w+)`", named)) == rules


def test_the_example_decides_a_chargeback_differently_and_keeps_the_rest(folder):
    mine, shipped = load_policy("mine.toml"), load_policy()
    for kind in THREAT_KINDS:
        for credibility in ("low", "medium", "high", "treat_as_real"):
            found = prediction((kind, credibility))
            expected = shipped.decide(found).next_step
            if kind == "payment" and credibility in ("medium", "high"):
                expected = "escalate_to_person"
            assert mine.decide(found).next_step == expected


@pytest.mark.parametrize(("kind", "step"), [("self_harm", "escalate_to_person"), ("violence", "safety")])
def test_the_example_keeps_safety_above_its_own_rule(kind, step, folder):
    found = prediction(("payment", "high"), (kind, "treat_as_real"))
    decision = load_policy("mine.toml").decide(found)
    assert (decision.severity, decision.next_step) == (4, step)


def test_the_example_leaves_unreliable_scores_alone(folder):
    assert load_policy("mine.toml").decide(prediction(("payment", "high"), reliable=False)).rule == "unreliable"


def test_the_further_advice_of_the_example_needs_two_years(folder):
    mine, found = load_policy("mine.toml"), prediction(("churn", "high"))
    assert "flex_for_value" in mine.decide(found, Context(relationship_months=24)).advice
    assert "flex_for_value" not in mine.decide(found, Context(relationship_months=23)).advice
