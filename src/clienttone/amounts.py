"""Sums of money in a message, in the ways the six languages write them, and what they are worth roughly in USD."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

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


def _any(words: list[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_NUMBER = r"\d{1,15}(?:[ \u00a0\u202f]\d{3}(?!\d)|[.,'’]\d{1,9}){0,6}"
_SCALE = rf"(?:[ \u00a0\u202f-]?(?P<times>{_any(list(_TIMES))})(?![^\W\d_]))?"
_NOT_GLUED = r"(?![^\W_])"
# After the number come words and signs that may not run on; "P" is a peso only when glued to its digits.
_BEFORE = re.compile(
    rf"(?<![^\W_])(?P<sign>{_any([sign for sign in _CURRENCY if sign != ',-'])}|(?-i:P)(?=\d))"
    rf"\.?[ \u00a0]?(?P<number>{_NUMBER}){_SCALE}",
    re.IGNORECASE,
)
_AFTER = re.compile(
    rf"(?<![^\W_])(?<!\d[.,])(?P<number>{_NUMBER}){_SCALE}"
    rf"(?:[ \u00a0\u202f-]?(?P<sign>{_any(list(_CURRENCY))}){_NOT_GLUED})?",
    re.IGNORECASE,
)


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
    found = [_amount(match, _CURRENCY.get(match["sign"].lower(), "PHP")) for match in _BEFORE.finditer(message)]
    starts = [amount.start for amount in found]
    for match in _AFTER.finditer(message):
        currency = _currency_after(match)
        before = bisect_left(starts, match.end()) - 1
        # "Rp 5 juta" and "$5 USD" are one sum, though both patterns see it.
        if currency and (before < 0 or found[before].end <= match.start()):
            found.append(_amount(match, currency))
    return tuple(sorted(found, key=lambda amount: amount.start))


def _currency_after(match: re.Match[str]) -> str:
    if match["sign"]:
        return _CURRENCY.get(match["sign"].lower(), "")
    return _IMPLIED.get((match["times"] or "").lower(), "")


def _amount(match: re.Match[str], currency: str) -> Amount:
    times = _TIMES.get((match["times"] or "").lower(), 1.0)
    return Amount(read_number(match["number"]) * times, currency, match.start(), match.end())


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
