"""Sums of money in a message, in the ways the six languages write them, and what they are worth roughly in USD."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from dataclasses import dataclass
else:
    from clienttone.records import dataclass

_SIGNS = {
    "USD": "us$ $ usd dollar dollars buck bucks dolar dolyar δολαριο δολάριο δολαρια δολάρια डलर",
    "EUR": "€ eur euro euros ευρω ευρώ युरो",
    "GBP": "£ gbp pound pounds quid λιρες λίρες",
    "NOK": "kr nok kroner krone kronor ,-",
    "PHP": "₱ php peso pesos piso",
    "IDR": "rp idr rupiah",
    "NPR": "rs nrs npr रु रू ₨ रुपैयाँ रुपैयां रुपैया रुपियाँ rupaiya rupees rupee",
    "INR": "₹ inr",
}
_TIMES = {
    "k": 1e3, "thousand": 1e3, "grand": 1e3, "tusen": 1e3, "libo": 1e3, "libong": 1e3, "χιλιαδες": 1e3, "χιλιάδες": 1e3,
    "rb": 1e3, "ribu": 1e3, "हजार": 1e3, "hajar": 1e3, "million": 1e6, "millioner": 1e6, "milyon": 1e6,
    "milyong": 1e6, "εκατομμυρια": 1e6, "εκατομμύρια": 1e6, "jt": 1e6, "juta": 1e6, "m": 1e6, "milyar": 1e9,
    "lakh": 1e5, "lakhs": 1e5, "लाख": 1e5, "crore": 1e7, "करोड": 1e7,
}  # fmt: skip
# These words say the currency as well, where none is written.
_IMPLIED = {"rb": "IDR", "ribu": "IDR", "jt": "IDR", "juta": "IDR", "lakh": "NPR", "lakhs": "NPR", "लाख": "NPR"}
_CURRENCY = {sign: code for code, signs in _SIGNS.items() for sign in signs.split()}


def _any(words: Iterable[str]) -> str:
    """One of the words, longer ones first; by their first letter, so that few are tried."""
    rests: dict[str, list[str]] = {}
    for word in sorted(words, key=len, reverse=True):
        rests.setdefault(re.escape(word[0]), []).append(re.escape(word[1:]))
    return "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in rests.items())


_LONGEST_SIGN = max(map(len, _CURRENCY)) + 2  # with a full stop and a blank
_DIGITS = re.compile(r"\d\d*+")  # searched in half the time of \d+


@cache  # most messages need none of these, and they take long to compile
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """A currency sign up to the number behind it, a number, and a number with the currency behind it."""
    number = r"(?P<number>\d{1,15}(?:[ \u00a0\u202f]\d{3}(?!\d)|[.,'’]\d{1,9}){0,6})"
    scale = rf"(?:[ \u00a0\u202f-]?(?P<times>{_any(_TIMES)})(?![^\W\d_]))?"
    before = _any(sign for sign in _CURRENCY if sign != ",-")
    # After the number come words and signs that may not run on; "P" is a peso only when glued to its digits.
    texts = (
        rf"(?<![^\W_])(?P<sign>{before}|(?-i:P)\Z)\.?[ \u00a0]?\Z",
        number + scale,
        rf"(?<![^\W_])(?<!\d[.,]){number}{scale}(?:[ \u00a0\u202f-]?(?P<sign>{_any(_CURRENCY)})(?![^\W_]))?",
    )
    first, second, third = (re.compile(text, re.IGNORECASE) for text in texts)
    return first, second, third


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum of money, at least 0, in ``currency`` (ISO 4217), written at ``message[start:end]``."""

    value: float
    currency: str
    start: int = 0
    end: int = 0

    def __str__(self) -> str:
        return f"{self.value:,.2f}".removesuffix(".00") + f" {self.currency}"


def find_amounts(message: str) -> tuple[Amount, ...]:
    """The sums of the message in order; a number with neither currency nor a word such as ``juta`` is none."""
    numbers = [run.start() for run in _DIGITS.finditer(message)]
    if not numbers:
        return ()
    found = list(_signed_before(message, numbers))
    # "Rp 5 juta" and "$5 USD" are one sum, though both patterns see it.
    found += [amount for amount in _signed_after(message, numbers) if not _overlaps(amount, found)]
    return tuple(sorted(found, key=lambda amount: amount.start))


def _signed_before(message: str, numbers: Sequence[int]) -> Iterator[Amount]:
    sign_before, number, _ = _patterns()
    end = 0
    for place in numbers:
        sign = sign_before.search(message, max(end, place - _LONGEST_SIGN), place) if place >= end else None
        match = number.match(message, place) if sign else None
        if sign and match:
            end = match.end()
            yield _amount(match, _CURRENCY.get(sign["sign"].lower(), "PHP"), sign.start())


def _signed_after(message: str, numbers: Sequence[int]) -> Iterator[Amount]:
    number = _patterns()[2]
    end = 0
    for place in numbers:
        match = number.match(message, place) if place >= end else None
        if match:
            end = match.end()
            if currency := _currency_after(match):
                yield _amount(match, currency, match.start())


def _overlaps(amount: Amount, others: Sequence[Amount]) -> bool:
    """Whether the last of the others (sorted) that starts before the amount's end reaches into it."""
    before = bisect_left(others, amount.end, key=lambda other: other.start) - 1
    return before >= 0 and others[before].end > amount.start


def _currency_after(match: re.Match[str]) -> str:
    if match["sign"]:
        return _CURRENCY.get(match["sign"].lower(), "")
    return _IMPLIED.get((match["times"] or "").lower(), "")


def _amount(match: re.Match[str], currency: str, start: int) -> Amount:
    times = _TIMES.get((match["times"] or "").lower(), 1.0)
    return Amount(read_number(match["number"]) * times, currency, start, match.end())


def read_number(text: str) -> float:
    """A number with local digits and separators: ``1.500`` and ``1,500`` are 1500, ``1,5`` and ``1.5`` are 1.5."""
    text = re.sub(r"[ \u00a0\u202f'’]", "", text)
    groups = re.split(r"[.,]", text)
    marks = [sign for sign in text if sign in ".,"]
    # The last mark is a decimal one if it differs from those before it, or is alone and not followed by three digits.
    alone = len(marks) == 1 and (len(groups[-1]) != 3 or groups[0] in ("0", "०"))
    if alone or (len(set(marks)) == 2 and marks.count(marks[-1]) == 1):
        return float(f"{int(''.join(groups[:-1]))}.{''.join(str(int(d)) for d in groups[-1])}")
    return float(int("".join(groups)))
