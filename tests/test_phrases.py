"""The phrase matcher."""

import pytest

from clienttone.phrases import PhraseBook, fold, split_words


def test_folding_drops_case_accents_and_apostrophes_but_keeps_devanagari():
    assert fold("Won’t") == fold("WONT") == "wont"
    assert fold("ΜΉΝΥΣΗ") == fold("μηνυση")
    assert fold("पैसा") == "पैसा"


def test_phrases_match_prefixes_gaps_numbers_and_names_at_original_offsets():
    book = PhraseBook({"a": ["lawyer* _ ^"], "b": ["within ~ days"], "c": ["order #"]}, ["two"])
    message = "Two LAWYERS, called Éva, within two days of order 77. Within. Two days"
    hits = book.find(split_words(message))
    assert {group: [message[start:end] for start, end, _ in found] for group, found in hits.items()} == {
        "a": ["LAWYERS, called Éva"],
        "b": ["within two days"],
        "c": ["order 77"],
    }


def test_an_unusable_phrase_is_refused():
    with pytest.raises(ValueError, match="_ x"):
        PhraseBook({"a": ["_ x"]})


def test_words_keep_their_places_whatever_folding_does_to_their_length():
    message = "İyi\u0301 don't Mr. Ünal!  ß’ok \u200d x"
    words = split_words(message)
    assert words.raw == ["İyi\u0301", "don't", "Mr", "Ünal", "ß’ok", "\u200d", "x"]
    assert words.texts == ["iyi", "dont", "mr", "unal", "ssok", "", "x"]
    assert [words.sentence(at) for at in range(7)] == [0, 0, 0, 0, 1, 1, 1]


def test_numbers_inside_sums_are_no_numbers():
    book = PhraseBook({"a": ["within ~ days"]}, ["two"])
    assert book.find(split_words("within 5 days", [(7, 8)])) == {}
    assert book.find(split_words("within 5 days")) == {"a": [(0, 13, 0)]}


def test_hits_of_a_group_stand_in_the_order_of_the_message():
    book = PhraseBook({"a": ["law*", "lawyer", "lawyer _ bo", "^ law"]})
    hits = book.find(split_words("my lawyer bo. Dana Law"))["a"]
    assert [hit[0] for hit in hits] == [3, 3, 3, 14, 19]
    assert set(hits) == {(3, 9, 0), (3, 12, 0), (14, 22, 1), (19, 22, 1)}
    assert book.find(split_words("")) == {}
