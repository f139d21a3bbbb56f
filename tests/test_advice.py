"""The words: complete, strictly read, and found by language tags."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import clienttone.advice
from clienttone.advice import (
    MAX_REPLIES,
    PLACEHOLDERS,
    languages,
    load_catalog,
    placeholders,
    read_catalog,
    render,
    resolve_language,
)
from clienttone.errors import LocaleError

EN = Path(clienttone.advice.__file__).parent / "locales" / "en.toml"
CATALOG = load_catalog()
FOUNDING_ROWS = {
    *("fil-a.1", "fil-a.2", "fil-a.3", "fil-a.4", "fil-a.5", "fil-a.6"),
    *("el.1", "el.2", "el.3", "el.4", "el.5", "el.6"),
    *("ne.1", "ne.2", "ne.3", "ne.4", "ne.5"),
    *("fil-b.1", "fil-b.2", "fil-b.3", "fil-b.4"),
    *("nb.1", "nb.2", "nb.3", "nb.4", "nb.5", "nb.6", "nb.7", "nb.8"),
    "all",
}


def test_every_founding_row_is_the_source_of_an_advice_and_no_other():
    assert {row for a in CATALOG for row in a.source} == FOUNDING_ROWS


@pytest.mark.parametrize("advice", tuple(CATALOG), ids=lambda a: a.id)
def test_english_is_short_and_whole(advice):
    assert len(advice.text) <= 160  # read in the middle of a call
    assert len(advice.why) <= 120
    assert all(len(r) <= 160 for r in advice.reply)
    assert all(x.endswith((".", "?", "")) for x in (advice.text, advice.why, advice.avoid))
    assert "ignore" not in f"{advice.text} {advice.why}".lower()


def test_every_placeholder_is_used_and_every_row_with_a_reply_has_one():
    assert {p for a in CATALOG for r in a.reply for p in placeholders(r)} == PLACEHOLDERS
    for i in ("listen_restate", "hold_terms", "pause_call", "agree_first", "consider_ending", "pay_reminder"):
        assert CATALOG.entries[i].reply


def test_the_pause_has_a_time_and_self_harm_a_crisis_line():
    assert all("time" in placeholders(r) for r in CATALOG.entries["pause_call"].reply)
    for i in ("self_harm_listen", "self_harm_escalate"):
        assert any("crisis_line" in placeholders(r) for r in CATALOG.entries[i].reply)


def test_legal_advice_is_never_certain():
    assert "check" in CATALOG.entries["threat_legal"].text.lower()


def test_render_keeps_the_order():
    found = render(["fix_it", "pause_call"], CATALOG)
    assert [a.id for a in found] == ["fix_it", "pause_call"]
    assert found[1].source == ("fil-a.5", "el.1", "all")
    assert render((), CATALOG) == ()


def test_render_refuses_an_unknown_id():
    with pytest.raises(LocaleError, match="advice in en: expected an advice id, found 'sing'"):
        render(["sing"], CATALOG)


@pytest.mark.parametrize(("tag", "language"), [("en", "en"), ("EN-us", "en"), ("en_GB", "en"), (" En ", "en")])
def test_tags_that_name_english(tag, language):
    assert resolve_language(tag) == language
    assert load_catalog(tag).language == language


@pytest.mark.parametrize(
    ("tag", "language"),
    [("nb-NO", "nb"), ("NO", "nb"), ("nn-NO", "nb"), ("tl", "fil"), ("TL-PH", "fil"), ("fil-PH", "fil"), ("el", "el")],
)
def test_tags_that_stand_for_another(monkeypatch, tag, language):
    monkeypatch.setattr(clienttone.advice, "languages", lambda: ("el", "en", "fil", "id", "nb", "ne"))
    assert resolve_language(tag) == language


@pytest.mark.parametrize("tag", ["", "xx", "english", "../en", "-en", "enx"])
def test_unknown_languages_list_what_there_is(tag):
    with pytest.raises(LocaleError, match=re.escape(", ".join(languages()))):
        load_catalog(tag)


@pytest.mark.parametrize("tag", [None, 1, b"en", ["en"]])
def test_a_tag_must_be_a_str(tag):
    with pytest.raises(TypeError, match=r"^language tag must be a str"):
        load_catalog(tag)


def test_the_catalog_is_read_only():
    with pytest.raises(TypeError):
        CATALOG.entries["fix_it"] = CATALOG.entries["pause_call"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('language = "en"', 'language = "el"', ["en.toml: language", "expected 'en'", "found 'el'"]),
        ('language = "en"', "", ["en.toml", "the key language"]),
        ('language = "en"', 'language = "en"\ncolour = 1', ["only the keys language, advice", "found 'colour'"]),
        ("[advice.fix_it]", "[advice.mend_it]", ["en.toml: advice", "found 'mend_it'"]),
        ("[advice.fix_it]", "[advice.fix_it]\ncolour = 1", ["en.toml: fix_it", "found 'colour'"]),
        ("[advice.fix_it]", "[advice.fix_it]\n[advice.fix_it.more]", ["en.toml: fix_it", "only the keys"]),
        ('why = "A fix', 'because = "A fix', ["en.toml: fix_it", "found 'because'"]),
        ('why = "A fix with a date does more than any number of apologies."', 'why = " "', ["fix_it: why", "sentence"]),
        ("A fix with a date", "A fix with a {date}", ["fix_it: why", "no placeholders"]),
        ("I'm sorry about {issue}", "I'm sorry about {sorrow}", ["fix_it: reply", "placeholders out of", "sorrow"]),
        ("I'm sorry about {issue}", "I'm sorry about {issue", ["fix_it: reply", "matching braces"]),
        ("I'm sorry about {issue}", "I'm sorry about {}", ["fix_it: reply", "placeholders out of"]),
        ("[\"I'm sorry", "['a', 'b', 'c', \"I'm sorry", ["fix_it: reply", f"a list of 0 to {MAX_REPLIES}"]),
        ("[\"I'm sorry", "[1, \"I'm sorry", ["fix_it: reply", "sentences"]),
        ("[advice.fix_it]", "[advice.fix_it", ["en.toml", "TOML in UTF-8"]),
    ],
)
def test_a_damaged_locale_says_where_what_was_expected_and_found(tmp_path, old, new, words):
    text = EN.read_text("utf-8")
    assert text.count(old) == 1
    (tmp_path / "en.toml").write_text(text.replace(old, new), "utf-8")
    with pytest.raises(LocaleError) as error:
        read_catalog(tmp_path / "en.toml")
    for word in (*words, "expected", "found"):
        assert word in str(error.value)


@pytest.mark.parametrize("text", ['language = "en"\nadvice = 1', 'language = "en"\n[advice]\nfix_it = 1'])
def test_tables_must_be_tables(tmp_path, text):
    (tmp_path / "en.toml").write_text(text, "utf-8")
    with pytest.raises(LocaleError):
        read_catalog(tmp_path / "en.toml")


def test_a_missing_or_binary_locale(tmp_path):
    with pytest.raises(LocaleError, match="a locale file"):
        read_catalog(tmp_path / "en.toml")
    (tmp_path / "en.toml").write_bytes(b"\xff")
    with pytest.raises(LocaleError, match="UTF-8"):
        read_catalog(tmp_path / "en.toml")


def test_ids_stand_in_the_same_order_in_words_and_sources():
    words = tomllib.loads(EN.read_text("utf-8"))["advice"]
    assert list(words) == list(CATALOG.entries)
