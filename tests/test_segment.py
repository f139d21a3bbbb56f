import pytest
from hypothesis import given
from hypothesis import strategies as st

from clienttone.normalize import fold
from clienttone.segment import segment


def cut(message):
    found = segment(fold([message]))
    return [message[a:b] for a, b in zip(found.start, found.end, strict=True)]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("", []),
        ("Where is it?", ["Where is it?"]),
        ("I paid twice. Refund me today!", ["I paid twice.", "Refund me today!"]),
        ("It costs 3.50 now", ["It costs 3.50 now"]),
        ("Hi.\nYou are thieves.", ["Hi.\nYou are thieves."]),
        ('He said "never again." Then he left.', ['He said "never again."', "Then he left."]),
        ("पैसा फिर्ता गर।  नत्र उजुरी हाल्छु", ["पैसा फिर्ता गर।", "नत्र उजुरी हाल्छु"]),
        ("first line here\nsecond line here", ["first line here", "second line here"]),
    ],
)
def test_cuts(message, expected):
    assert cut(message) == expected


def test_quoted_mail_signatures_and_code_are_not_read():
    message = "Thanks, that works.\n> you are idiots\n> all of you\n```\nkill -9 1\n```\n-- \nJohn Law, Attorney"
    assert cut(message) == ["Thanks, that works."]


@given(st.lists(st.text(max_size=80), max_size=4))
def test_every_visible_character_is_in_one_segment_of_its_message(messages):
    folded = fold(messages)
    found = segment(folded)
    assert (found.message[found.of] == folded.message).all() if len(folded.codes) else len(found.message) == 0
    assert (found.start < found.end).all()
