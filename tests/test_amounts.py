"""Sums of money in a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clienttone.amounts import find_amounts, read_number


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("$10", 10, "USD"),
        ("USD 10", 10, "USD"),
        ("10 dollars", 10, "USD"),
        ("$1,250.50", 1250.5, "USD"),
        ("$5k", 5000, "USD"),
        ("£2.45", 2.45, "GBP"),
        ("€20", 20, "EUR"),
        ("20 ευρώ", 20, "EUR"),
        ("20 ΕΥΡΩ", 20, "EUR"),
        ("1.500 kr", 1500, "NOK"),
        ("NOK 4 900", 4900, "NOK"),
        ("500,-", 500, "NOK"),
        ("₱250", 250, "PHP"),
        ("250 pesos", 250, "PHP"),
        ("250-peso", 250, "PHP"),
        ("P250", 250, "PHP"),
        ("Rp 150.000", 150_000, "IDR"),
        ("150rb", 150_000, "IDR"),
        ("1,5 juta", 1_500_000, "IDR"),
        ("रु ५००", 500, "NPR"),
        ("Rs. 500", 500, "NPR"),
        ("NPR 1,50,000", 150_000, "NPR"),
        ("२ लाख", 200_000, "NPR"),
        ("५ हजार रुपैयाँ", 5000, "NPR"),
    ],
)
def test_sums_are_read_in_local_ways(text, value, currency):
    message = f"x {text}."
    (amount,) = find_amounts(message)
    assert (amount.value, amount.currency) == (pytest.approx(value), currency)
    assert message[amount.start : amount.end] == text


@pytest.mark.parametrize("text", ["order 4471", "12 May 2024", "3 times", "version 1.5", "Room 250"])
def test_numbers_without_a_currency_are_no_sums(text):
    assert find_amounts(text) == ()


@given(st.text(alphabet="0123456789.,५ ", min_size=1).filter(lambda text: text[0].isdigit()))
def test_reading_a_number_never_fails(text):
    for amount in find_amounts("$" + text):
        assert amount.value >= 0
    assert read_number("7") == 7
