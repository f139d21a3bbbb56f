"""THE definition of the features, shared by training and scoring.

A row (a message, or one segment of it) is three blocks of hashed n-gram counts, each with 2**20 buckets:

* ``word``: tokens, pairs of neighbours, pairs with one token between them, and words in capitals;
* ``stem``: the same over the first `STEM` characters of each token, a stemmer for languages that inflect;
* ``char``: n-grams of 2 to 5 characters inside a token padded with one space on each side.

A block's values are ``(1 + ln tf) * idf``, scaled to unit length (L2), as in scikit-learn's ``TfidfTransformer(sublinear_tf=True)``;
buckets that training did not keep count for nothing. Hashes are polynomial over code points, with 64-bit wrap-around.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clienttone.definition import BITS, BLOCKS, BUCKETS, CHARS, STEM
from clienttone.normalize import Folded
from clienttone.segment import Segments

__all__ = ["BITS", "BLOCKS", "BUCKETS", "CHARS", "STEM", "Counts", "Occurrences", "count", "occurrences"]

_BASE = 0x9E3779B97F4A7C15
_U = np.uint64
_PAIR, _CHAR_STEP, _MIX = _U(0xC2B2AE3D27D4EB4F), _U(_BASE), _U(0xD6E8FEB86659FD93)
_UNIGRAM, _BIGRAM, _SKIP, _CAPS, _STEM_SALT = _U(101), _U(102), _U(103), _U(106), _U(99)

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Every n-gram of a batch; arrays of equal length.

    ``bucket`` int64 in ``0 .. 3 * BUCKETS`` (block number times BUCKETS plus hash); ``message`` and ``segment`` int64 say where
    it stands (segment -1: it spans two); ``first``/``last`` int64: its first and last code point in the `Folded` batch.
    """

    bucket: Ints
    message: Ints
    segment: Ints
    first: Ints
    last: Ints


@cache
def _powers(size: int) -> tuple[Hashes, Hashes]:
    """Powers of the base and of its inverse modulo 2**64, ``size`` of each."""
    with np.errstate(over="ignore"):
        up: Hashes = np.multiply.accumulate(np.full(size, _BASE, np.uint64))
        down: Hashes = np.multiply.accumulate(np.full(size, pow(_BASE, -1, 1 << 64), np.uint64))
    return up, down


def _mix(h: Hashes) -> Hashes:
    h = (h ^ (h >> _U(32))) * _MIX
    h = (h ^ (h >> _U(32))) * _MIX
    return h ^ (h >> _U(32))


def _buckets(hashes: Hashes, block: int) -> Ints:
    return (hashes >> _U(64 - BITS)).astype(np.int64) + block * BUCKETS


def _span_hashes(prefix: Hashes, inverse: Hashes, starts: Ints, ends: Ints) -> Hashes:
    return _mix((prefix[ends] - prefix[starts]) * inverse[starts])


def _char_grams(folded: Folded, starts: Ints) -> list[tuple[Hashes, Ints, Ints]]:
    """(hash, first, last) of the padded character n-grams; tokens are laid out with one space between them."""
    n, tokens = len(folded.codes), len(starts)
    slot = np.arange(n) + np.cumsum(folded.token)
    line = np.full(n + tokens + 1, 32, np.uint64)
    line[slot] = folded.codes
    owner = np.zeros(len(line), np.int64)  # the code point a slot stands for; a space stands for the one after it
    owner[slot] = np.arange(n)
    owner[slot[starts] - 1] = starts
    owner[-1] = n
    space = line == 32
    h, valid, grams = _mix(line + _U(0x1234567)), np.ones(len(line), np.bool_), []
    for k in range(2, CHARS[1] + 1):
        m = len(line) - k + 1
        if m <= 0:
            break
        if k > 2:
            valid = valid[:m] & ~space[k - 2 : k - 2 + m]
        h = (h[:m] ^ line[k - 1 :]) * _CHAR_STEP
        h ^= h >> _U(29)
        at = np.flatnonzero(valid[:m])
        end = at + k - 1
        grams.append((_mix(h[at] + _U(k)), owner[at], owner[end] - space[end]))
    return grams


def _word_grams(hashes: Hashes, starts: Ints, ends: Ints) -> list[tuple[Hashes, Ints, Ints]]:
    """(hash, first, last) of single tokens, neighbours, and pairs with one token between."""
    return [
        (_mix(hashes + _UNIGRAM), starts, ends - 1),
        (_mix(hashes[:-1] * _PAIR + hashes[1:] + _BIGRAM), starts[:-1], ends[1:] - 1),
        (_mix(hashes[:-2] * _PAIR + hashes[2:] + _SKIP), starts[:-2], ends[2:] - 1),
    ]


def _caps_grams(folded: Folded, starts: Ints, ends: Ints) -> tuple[Hashes, Ints, Ints]:
    """One feature for each word of three or more letters written in capitals."""
    at = np.flatnonzero((np.add.reduceat(folded.upper, starts, dtype=np.int64) == ends - starts) & (ends - starts >= 3))
    return _mix(np.full(len(at), 7, np.uint64) + _CAPS), starts[at], ends[at] - 1


def occurrences(folded: Folded, segments: Segments) -> Occurrences:
    """All n-grams of a batch that stand inside one message."""
    n = len(folded.codes)
    if not n:
        empty = np.zeros(0, np.int64)
        return Occurrences(empty, empty, empty, empty, empty)
    starts = np.flatnonzero(folded.token)
    ends = np.append(starts[1:], n)
    up, down = _powers(1 << max(18, n.bit_length()))
    with np.errstate(over="ignore"):
        prefix = np.zeros(n + 1, np.uint64)
        np.cumsum(folded.codes * up[:n], out=prefix[1:])
        words = _word_grams(_span_hashes(prefix, down, starts, ends), starts, ends)
        stems = _word_grams(
            _span_hashes(prefix, down, starts, np.minimum(ends, starts + STEM)) + _STEM_SALT, starts, ends
        )
        grams = ([*words, _caps_grams(folded, starts, ends)], stems, _char_grams(folded, starts))
    bucket = np.concatenate([_buckets(h, block) for block, parts in enumerate(grams) for h, _, _ in parts])
    first = np.concatenate([a for parts in grams for _, a, _ in parts])
    last = np.concatenate([b for parts in grams for _, _, b in parts])
    first_segment = segments.of[first]
    inside = folded.message[first] == folded.message[last]
    segment = np.where(first_segment == segments.of[last], first_segment, -1)
    keep = np.flatnonzero(inside)
    return Occurrences(bucket[keep], folded.message[first[keep]], segment[keep], first[keep], last[keep])


@dataclass(frozen=True, slots=True)
class Counts:
    """Term counts of rows, sorted by row, then column; arrays of equal length: ``row``, ``column`` int64, ``tf`` float32."""

    row: Ints
    column: Ints
    tf: NDArray[np.float32]


def count(row: Ints, column: NDArray[np.int32], shape: tuple[int, int]) -> Counts:
    """Count how often each column stands in each row; ``shape`` says how many rows and columns there are."""
    rows, columns = shape
    key: NDArray[np.integer[Any]] = row * columns + column
    if rows * columns <= 1 << 32:
        key = key.astype(np.uint32)  # which is sorted twice as fast
    key.sort()
    at = run_starts(key)
    tf = np.diff(at, append=len(key)).astype(np.float32)
    key = key.take(at)
    row = (key // columns).astype(np.int64)
    return Counts(row, key - row * columns, tf)


def run_starts(values: NDArray[Any]) -> Ints:
    """Where each run of equal values starts."""
    new = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return np.flatnonzero(new)
