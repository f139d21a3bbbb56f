"""The six catalogs say the same things, and language tags find them."""

from __future__ import annotations

import tomllib
from itertools import permutations
from pathlib import Path

import pytest

import clienttone.advice
from clienttone import Assessor
from clienttone.advice import PLACEHOLDERS, languages, load_catalog, placeholders, resolve_language
from clienttone.errors import LocaleError

LANGUAGES = ("el", "en", "fil", "id", "nb", "ne")
FOLDER = Path(clienttone.advice.__file__).parent / "locales"
PAIRS = tuple(permutations(LANGUAGES, 2))  # both directions


def tables(language):
    return tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8"))["advice"]


def test_there_are_six_languages():
    assert languages() == LANGUAGES


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_what_one_language_has_the_other_has(one, other):
    mine, theirs = tables(one), tables(other)
    assert set(mine) <= set(theirs)
    for advice_id, table in mine.items():
        assert set(table) <= set(theirs[advice_id]), advice_id


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_the_placeholders_of_one_language_are_in_the_other(one, other):
    mine, theirs = load_catalog(one).entries, load_catalog(other).entries
    for advice_id, advice in mine.items():
        here, there = ({p for r in a.reply for p in placeholders(r)} for a in (advice, theirs[advice_id]))
        assert here <= there <= PLACEHOLDERS, advice_id


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_a_reply_or_warning_in_one_language_is_in_the_other(one, other):
    for advice_id, advice in load_catalog(one).entries.items():
        there = load_catalog(other).entries[advice_id]
        assert len(advice.reply) == len(there.reply), advice_id
        assert bool(advice.avoid) == bool(there.avoid), advice_id


@pytest.mark.parametrize("language", [x for x in LANGUAGES if x != "en"])
def test_nothing_is_left_in_english(language):
    english = load_catalog("en").entries
    for advice in load_catalog(language):
        assert advice.text != english[advice.id].text
        assert advice.why != english[advice.id].why


@pytest.mark.parametrize(("language", "low", "high"), [("el", "\u0370", "\u03ff"), ("ne", "\u0900", "\u097f")])
def test_greek_and_nepali_are_written_in_their_script(language, low, high):
    for advice in load_catalog(language):
        letters = [c for c in advice.text if c.isalpha()]
        assert sum(low <= c <= high for c in letters) > 0.8 * len(letters), advice.id


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        *((x, x) for x in LANGUAGES),
        *(("nb-NO", "nb"), ("no", "nb"), ("nn", "nb"), ("no-NO", "nb"), ("nn-NO", "nb"), ("NB_no", "nb")),
        *(("tl", "fil"), ("tl-PH", "fil"), ("fil-PH", "fil"), ("EN-us", "en"), ("en-Latn-GB", "en")),
        *(("el-GR", "el"), ("ne-NP", "ne"), ("id-ID", "id"), (" id ", "id")),
    ],
)
def test_a_tag_finds_its_language(tag, language):
    assert resolve_language(tag) == language
    assert load_catalog(tag).language == language


@pytest.mark.parametrize("tag", ["de", "", "xx-NO", "english", "-", "nbb"])
def test_an_unknown_language_is_refused_with_a_list_of_those_there_are(tag):
    with pytest.raises(LocaleError, match="el, en, fil, id, nb, ne"):
        load_catalog(tag)
    with pytest.raises(LocaleError, match="el, en, fil, id, nb, ne"):
        Assessor(advice_language=tag)


def test_an_unknown_language_is_refused_for_a_message_too():
    with pytest.raises(LocaleError):
        Assessor().assess("Hello", advice_language="de")


@pytest.mark.parametrize("tag", [None, 3, b"en"])
def test_a_tag_that_is_no_text_is_a_type_error(tag):
    with pytest.raises(TypeError, match="tag"):
        resolve_language(tag)
