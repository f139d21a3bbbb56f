"""The data folder as it is committed: whole, legal by the codebook, and free of other people's text."""

import csv
import json
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from clienttone.results import LABELS, PATTERNS, THREAT_KINDS

DATA = Path(__file__).parents[1] / "data"
LANGUAGES = ("el", "en", "fil", "id", "nb", "ne")
KEYS = (
    "id",
    "lang",
    "collection",
    "family",
    "split",
    "text",
    "abuse",
    "threat",
    "threat_kinds",
    "bluff",
    "frustration",
)
NEVER_BLUFF = {"violence", "property", "self_harm"}


def messages(language):
    with (DATA / "messages" / f"{language}.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def table(name):
    with (DATA / "annotations" / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def sources():
    return tomllib.loads((DATA / "sources.toml").read_text(encoding="utf-8"))


def legal(kinds, threat, bluff):
    sound_bluff = not bluff or (threat and not NEVER_BLUFF & set(kinds))
    return set(kinds) <= set(THREAT_KINDS) and bool(kinds) == bool(threat) and sound_bluff


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_message_is_legal_by_the_codebook(language):
    for row in messages(language):
        assert tuple(row) == (*KEYS, "patterns"), row["id"]
        assert row["lang"] == language
        assert row["split"] in ("train", "dev")
        assert row["text"].strip(), row["id"]
        assert all(row[label] in (0, 1, None) for label in LABELS), row["id"]
        assert set(row["patterns"]) <= set(PATTERNS), row["id"]
        assert legal(row["threat_kinds"], row["threat"], row["bluff"]), row["id"]


def test_no_message_occurs_twice_and_no_family_is_cut():
    rows = [row for language in LANGUAGES for row in messages(language)]
    texts = Counter(" ".join(row["text"].casefold().split()) for row in rows)
    assert [text for text, times in texts.items() if times > 1] == []
    assert len({row["id"] for row in rows}) == len(rows)
    splits = {(row["family"], row["split"]) for row in rows}
    assert len(splits) == len({family for family, _ in splits})


@pytest.mark.parametrize("name", ["real.csv", "aux.csv"])
def test_annotations_are_legal_and_hold_no_text(name):
    rows = table(name)
    assert "text" not in rows[0]
    for row in rows:
        assert all(row[label] in ("0", "1") for label in LABELS), row["id"]
        kinds = [kind for kind in row["threat_kinds"].split("+") if kind]
        assert legal(kinds, row["threat"] == "1", row["bluff"] == "1"), row["id"]
        assert not any(" " in value for value in row.values()), row["id"]


def test_no_group_of_real_messages_is_cut():
    splits = {(row["group"], row["split"]) for row in table("real.csv")}
    assert len(splits) == len({group for group, _ in splits})


def test_each_annotated_message_has_a_source():
    known = sources()
    assert {row["group"].partition(":")[0] for row in table("real.csv")} == set(known["real"])
    assert {row["corpus"] for row in table("aux.csv")} <= set(known["aux"])


def test_sources_say_what_they_are():
    for part, tables in sources().items():
        for name, source in tables.items():
            place = f"{part}.{name}"
            for key in ("name", "original", "licence", "mapping"):
                assert source[key], place
            assert isinstance(source["permissive"], bool), place
            assert set(source.get("use", {})) <= set(LABELS), place
            assert all(0 < weight <= 1 for weight in source.get("use", {}).values()), place


@pytest.mark.parametrize("part", ["tests", "threads"])
def test_what_is_for_testing_is_never_trained_on(part):
    assert all(source["use"] == {} for source in sources()[part].values())


def test_permissive_sources_state_a_permissive_licence():
    for tables in sources().values():
        for source in tables.values():
            stated = source["licence"].removesuffix(" by the compiler")
            assert source["permissive"] == (stated in ("public domain", "CC0", "CC BY 4.0", "MIT")), source["name"]


def test_text_files_end_their_lines_with_a_line_feed():
    for path in DATA.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"\r" not in content, path
            assert content.endswith(b"\n"), path


def test_the_datasheet_gives_the_true_number_of_messages():
    total = sum(len(messages(language)) for language in LANGUAGES)
    assert f"{total:,} messages written for this project" in (DATA / "README.md").read_text(encoding="utf-8")
