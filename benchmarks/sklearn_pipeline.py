"""The equal scikit-learn pipeline: the same features and the same mixing, as a competent user of scikit-learn writes them.

Three `TfidfVectorizer` blocks (words with pairs and skip pairs, stems of five characters, character n-grams of 2 to 5),
four `LogisticRegression` labels, and each message scored as a whole and segment by segment. Every text is tokenised once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

SHARE = 0.3  # weight of the strongest segment
STEM = 5
MIN_LENGTH = 8  # characters; a shorter sentence is read together with the next one

_ACCENT, _LINK, _HANDLE = re.compile("[\u0300-\u036f]"), re.compile(r"\S*://\S*"), re.compile(r"@\w+")
_REPEAT, _DIGIT = re.compile(r"([^\d\s])\1{2,}"), re.compile(r"\d")
_QUOTED = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_WORD = r"[\w\u0900-\u0903\u093a-\u094f]+"
_TOKEN = re.compile(rf"{_WORD}(?:'{_WORD})*|!+|\?+|\.+|,+|[^\w\s]")
_END = re.compile("(?<=[.!?;।॥。])\\s+|(?<=[.!?;।॥。][\"')\\]}])\\s+|\\s*\n\\s*")

Row = tuple[list[str], int]  # tokens in lower case, how many of them were written in capitals


def fold(text: str) -> str:
    if ">" in text:
        text = _QUOTED.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFKD", text)))
    text = _HANDLE.sub("@", _LINK.sub("\ue000", text))
    return _DIGIT.sub("0", _REPEAT.sub(r"\1\1", text))


def segments(text: str) -> list[str]:
    out: list[str] = []
    for part in _END.split(text):
        if out and len(out[-1]) < MIN_LENGTH:
            out[-1] += " " + part
        else:
            out.append(part)
    return out


def row(text: str) -> Row:
    tokens = _TOKEN.findall(text)
    return [t.lower() for t in tokens], sum(len(t) >= 3 and t.isupper() for t in tokens)


def word_grams(row: Row) -> list[str]:
    return _pairs(row[0]) + ["\x07"] * row[1]


def stem_grams(row: Row) -> list[str]:
    return _pairs([t[:STEM] for t in row[0]])


def _pairs(tokens: list[str]) -> list[str]:
    neighbours = [a + " " + b for a, b in zip(tokens, tokens[1:], strict=False)]
    return tokens + neighbours + [a + "  " + b for a, b in zip(tokens, tokens[2:], strict=False)]


def char_grams(row: Row) -> list[str]:
    padded = [f" {t} " for t in row[0]]
    return [t[i : i + n] for t in padded for n in (2, 3, 4, 5) for i in range(len(t) - n + 1)]


class Pipeline:
    """Strings in, (n, 4) float32 probabilities out."""

    def __init__(self, min_df: int) -> None:
        analyzers = (word_grams, stem_grams, char_grams)
        self.blocks = [
            TfidfVectorizer(analyzer=a, sublinear_tf=True, min_df=min_df, dtype=np.float32) for a in analyzers
        ]
        self.labels: list[Any] = []

    def fit(self, texts: Sequence[str], labels: Sequence[Sequence[int]]) -> Pipeline:
        rows = [row(fold(t)) for t in texts]
        x = sp.hstack([b.fit_transform(rows) for b in self.blocks]).tocsr()
        for y in labels:
            self.labels.append(
                LogisticRegression(C=10, solver="liblinear", dual=True, tol=0.02, max_iter=300).fit(x, y)
            )
        return self

    def score(self, texts: Sequence[str]) -> Any:
        parts = [[row(s) for s in segments(fold(t))] for t in texts]
        whole = [([t for r in rows for t in r[0]], sum(r[1] for r in rows)) for rows in parts]
        owner = np.array([i for i, rows in enumerate(parts) if len(rows) > 1 for _ in rows], np.int64)
        rows = whole + [r for rows in parts if len(rows) > 1 for r in rows]
        x = sp.hstack([b.transform(rows) for b in self.blocks], format="csr")
        logits = np.column_stack([r.decision_function(x) for r in self.labels])
        z, strongest = logits[: len(texts)], logits[: len(texts)].copy()
        if len(owner):
            first = np.flatnonzero(np.diff(owner, prepend=-1))
            strongest[owner[first]] = np.maximum.reduceat(logits[len(texts) :], first, axis=0)
        return (1 / (1 + np.exp(-(z + SHARE * (strongest - z))))).astype(np.float32)
