"""Writes ``rules/unicode.bin``, the character table that normalisation reads.

The table is data, not a call into `unicodedata`, so that every Python version folds a message in the same way and a
shipped model keeps its scores. Run ``python -m clienttone.training.unicode_table`` to make it anew.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np

from clienttone.definition import PAGE, UNICODE_TABLE
from clienttone.normalize import DELETE, PUNCTUATION, SPACE, SYMBOL, UPPER, WORD

APOSTROPHES, DASHES, QUOTES = "'’ʼ`´‘", "–—−‐‑―", "“”„«»"


def _is_accent(cp: int) -> bool:
    return 0x300 <= cp <= 0x36F


def _fold(ch: str) -> str:
    """Casefold, compatibility form, Latin and Greek accents off; marks of other scripts carry vowels and stay."""
    if ch in APOSTROPHES:
        return "'"
    if ch in DASHES:
        return "-"
    if ch in QUOTES:
        return '"'
    if ch in "åÅ":
        return "å"
    plain = unicodedata.normalize("NFKD", ch)
    if not 0x900 <= ord(ch) < 0xE00:
        plain = "".join(x for x in plain if not _is_accent(ord(x))) or ch
    else:
        plain = ch
    folded = plain.casefold()
    if len(folded) == 1 and not folded.isspace():
        return folded
    lower = ch.casefold()
    return lower if len(lower) == 1 else ch


def entry(cp: int) -> int:
    """The table's value for one code point: folded code point, class and upper-case flag in one number."""
    ch = chr(cp)
    category = unicodedata.category(ch)
    if ch == "\n" or category in ("Zl", "Zp"):
        return SPACE << 21 | 10
    if category in ("Cc", "Zs"):
        return SPACE << 21 | 32
    invisible = _is_accent(cp) or 0xFE00 <= cp <= 0xFE0F or 0x1F3FB <= cp <= 0x1F3FF or cp == 0x20E3
    if category in ("Cs", "Co", "Cf") or invisible:
        return DELETE << 21 | cp
    folded = _fold(ch)
    kind = unicodedata.category(folded)
    if kind == "Nd":
        return WORD << 21 | ord("0")
    if kind[0] in "LMN" or folded in "'_":
        cls = WORD
    else:
        cls = PUNCTUATION if kind[0] == "P" else SYMBOL
    return (UPPER if ch.isupper() else 0) | cls << 21 | ord(folded)


def main() -> None:
    """Write the table: its pages hold differences from the code point, so that most are alike and are stored once."""
    values = np.array([entry(cp) for cp in range(0x110000)], np.uint32)
    differences = values - np.arange(len(values), dtype=np.uint32)
    pages, page_of = np.unique(differences.reshape(-1, PAGE), axis=0, return_inverse=True)
    data = page_of.astype("<u2").tobytes() + pages.astype("<u4").tobytes()
    (Path(__file__).parents[1] / UNICODE_TABLE).write_bytes(data)


if __name__ == "__main__":
    main()
