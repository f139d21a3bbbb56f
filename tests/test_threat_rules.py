"""The shipped threat rules: the pairs they must tell apart, and phrases that do what their examples say."""

import json
from pathlib import Path

import pytest
from candidates import LANGUAGES, ids, whole

from clienttone import threat_rules
from clienttone.amounts import find_amounts
from clienttone.checks import COMPUTED
from clienttone.errors import DataError
from clienttone.phrases import split_words
from clienttone.results import THREAT_KINDS
from clienttone.threat_rules import HELPERS, check_rules, phrase_groups
from clienttone.threats import analyse, load_rules

CASES = json.loads((Path(__file__).parent / "cases" / "credibility.json").read_text(encoding="utf-8"))
GROUPS = [
    (language, group, table)
    for language in LANGUAGES
    for group, table in phrase_groups(language).items()
    if group != "number_words"
]


def groups_of(message: str) -> dict[str, list[str]]:
    book = load_rules().book
    money = [(amount.start, amount.end) for amount in find_amounts(message)]
    hits = book.find(split_words(message, money))
    return {group: [message[start:end] for start, end, _ in found] for group, found in hits.items()}


def test_table_has_ten_pairs_a_language_and_several_kinds():
    assert len(CASES) == 60
    assert {language: sum(case["language"] == language for case in CASES) for language in LANGUAGES} == dict.fromkeys(
        LANGUAGES, 10
    )
    assert len({case["kind"] for case in CASES}) >= 8


def miss_of(case: dict, side: str) -> str:
    expected = case[side]
    found = analyse(expected["text"], [whole(expected["text"], case["kind"])])
    if not found:
        return f"{case['id']} {side}: dropped"
    missing = set(expected["reasons"]) - ids(found[0])
    if found[0].credibility == expected["credibility"] and not missing:
        return ""
    return f"{case['id']} {side}: {found[0].credibility}, not {expected['credibility']}; missing {sorted(missing)}"


def test_at_least_55_of_60_pairs_are_right():
    misses = [[miss for side in ("credible", "doubtful") if (miss := miss_of(case, side))] for case in CASES]
    for miss in misses:
        if miss:
            print(*miss, sep="\n")
    assert sum(not miss for miss in misses) >= 55


@pytest.mark.parametrize(("language", "group", "table"), GROUPS, ids=[f"{x[0]}-{x[1]}" for x in GROUPS])
def test_phrases_do_what_their_examples_say(language, group, table):
    for example in table.get("examples", []):
        assert group in groups_of(example), example
    for example in table.get("not_examples", []):
        assert group not in groups_of(example), (example, groups_of(example)[group])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_group(language):
    rules, groups = load_rules(), phrase_groups(language)
    wanted = {entry.id for entry in rules.indicators} - set(COMPUTED)
    wanted |= {entry.id for entry in rules.not_threats} | set(rules.grand) | HELPERS
    assert wanted == set(groups) - {"number_words"}
    for group in wanted - HELPERS - set(rules.grand):
        assert groups[group]["examples"], group
        assert groups[group]["not_examples"], group


def test_rules_name_only_what_exists():
    rules = load_rules()
    known = {entry.id for entry in rules.indicators}
    assert set(COMPUTED) <= known
    assert rules.never_low <= known
    assert rules.treat_as_real | rules.cheap_kinds | rules.never_low_kinds <= set(THREAT_KINDS)
    assert {guard for entry in rules.not_threats for guard in entry.guards} <= HELPERS
    assert all(entry.text for entry in rules.indicators)


def test_rules_are_read_once():
    assert load_rules() is load_rules()


def test_the_shipped_rules_hold_what_is_taken_for_granted_at_start():
    check_rules()


@pytest.mark.parametrize("phrase", ["", "_ x", "x _", "ab* x", "# _ x", "~ day*", "^"])
def test_a_phrase_that_cannot_be_used_is_named(monkeypatch, phrase):
    monkeypatch.setattr(
        threat_rules, "phrase_groups", lambda language: {"number_words": [], "veiled": {"phrases": [phrase]}}
    )
    with pytest.raises(DataError, match=r"threats_en.toml: veiled: expected words") as caught:
        check_rules()
    assert f"found {phrase}" in str(caught.value)
