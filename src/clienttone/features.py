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

Ints = NDArray[np.int32]
Indices = NDArray[np.int64]
Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Every n-gram of a batch; arrays of equal length.

    ``bucket`` int32 in ``0 .. 3 * BUCKETS`` (block number times BUCKETS plus hash); ``message`` and ``segment`` int32 say where
    it stands (segment -1: it spans two); ``first``/``last`` int32: its first and last code point in the `Folded` batch.
    """

    bucket: Ints
    message: Ints
    segment: Ints
    first: Ints
    last: Ints


@cache
def _powers(size: int) -> tuple[Hashes, Hashes]:
    """Powers of the base and of its inverse modulo 2**64, ``size`` of each."""
    up: Hashes = np.multiply.accumulate(np.full(size, _BASE, np.uint64))
    down: Hashes = np.multiply.accumulate(np.full(size, pow(_BASE, -1, 1 << 64), np.uint64))
    return up, down


def _mix(h: Hashes) -> Hashes:
    h = (h ^ (h >> _U(32))) * _MIX
    h = (h ^ (h >> _U(32))) * _MIX
    return h ^ (h >> _U(32))


def _buckets(hashes: Hashes, block: int) -> Ints:
    return (hashes >> _U(64 - BITS)).astype(np.int32) + np.int32(block * BUCKETS)


def _token_hashes(codes: NDArray[np.uint32], starts: Indices, ends: Indices) -> tuple[Hashes, Hashes]:
    """(hashes of the whole tokens, of their stems)."""
    n = len(codes)
    up, down = _powers(1 << max(18, n.bit_length()))
    prefix = np.zeros(n + 1, np.uint64)
    np.cumsum(codes * up[:n], out=prefix[1:])
    before, scale, stems = prefix.take(starts), down.take(starts), np.minimum(ends, starts + STEM)
    return _mix((prefix.take(ends) - before) * scale), _mix((prefix.take(stems) - before) * scale) + _STEM_SALT


def _word_grams(tokens: Hashes, pair: Indices, skip: Indices) -> Hashes:
    """Hashes of single tokens, neighbours, and pairs with one token between; ``pair`` and ``skip`` say where these start."""
    left = tokens * _PAIR
    pairs = left.take(pair) + tokens.take(pair + 1) + _BIGRAM
    skips = left.take(skip) + tokens.take(skip + 2) + _SKIP
    return _mix(np.concatenate([tokens + _UNIGRAM, pairs, skips]))


def _char_grams(folded: Folded) -> tuple[Hashes, Ints, Ints]:
    """(hash, first, last) of the padded character n-grams; tokens are laid out with one space between them."""
    n = len(folded.codes)
    slot = np.arange(n) + np.cumsum(folded.token)
    line = np.full(int(slot[-1]) + 2, 32, np.uint64)
    line[slot] = folded.codes
    inner = line != 32
    seen = np.cumsum(inner, dtype=np.int32)
    first, last = seen - inner, seen - np.int32(1)  # a space stands for the code point after it, or before it
    h, whole, grams = _mix(line + _U(0x1234567)), np.ones(len(line), np.bool_), []  # whole: inside one token
    for k in range(2, min(CHARS[1], len(line)) + 1):
        m = len(line) - k + 1
        h = (h[:m] ^ line[k - 1 :]) * _CHAR_STEP
        h ^= h >> _U(29)
        if k > 2:
            whole = whole[:m] & inner[k - 2 : k - 2 + m]
        at = np.flatnonzero(whole[:m])
        grams.append((_mix(h.take(at) + _U(k)), first.take(at), last[k - 1 :].take(at)))
    hashes, firsts, lasts = zip(*grams, strict=True)
    return np.concatenate(hashes), np.concatenate(firsts), np.concatenate(lasts)


def occurrences(folded: Folded, segments: Segments) -> Occurrences:
    """All n-grams of a batch that stand inside one message."""
    if not len(folded.codes):
        empty = np.zeros(0, np.int32)
        return Occurrences(empty, empty, empty, empty, empty)
    starts = np.flatnonzero(folded.token)
    ends = np.append(starts[1:], len(folded.codes))
    message = folded.message.take(starts)
    pair, skip = np.flatnonzero(message[1:] == message[:-1]), np.flatnonzero(message[2:] == message[:-2])
    words, stems = _token_hashes(folded.codes, starts, ends)
    # one feature for each word of three or more letters written in capitals
    capitals = np.add.reduceat(folded.upper, starts, dtype=np.int64)
    caps = np.flatnonzero((capitals == ends - starts) & (capitals >= 3))
    chars, first, last = _char_grams(folded)
    bucket = [
        _buckets(_word_grams(words, pair, skip), 0),
        _buckets(_mix(np.full(len(caps), 7, np.uint64) + _CAPS), 0),
        _buckets(_word_grams(stems, pair, skip), 1),
        _buckets(chars, 2),
    ]
    low, high = [starts, starts[pair], starts[skip]], [ends - 1, ends[pair + 1] - 1, ends[skip + 2] - 1]
    first = np.concatenate([*low, starts[caps], *low, first], dtype=np.int32)
    last = np.concatenate([*high, ends[caps] - 1, *high, last], dtype=np.int32)
    segment = segments.of.take(first)
    segment[segment != segments.of.take(last)] = -1
    return Occurrences(np.concatenate(bucket), folded.message.take(first), segment, first, last)


@dataclass(frozen=True, slots=True)
class Counts:
    """Term counts of rows, sorted by row, then column; arrays of equal length: ``row``, ``column`` int32, ``tf`` float32."""

    row: Ints
    column: Ints
    tf: NDArray[np.float32]


def count(row: Ints, column: Ints, which: NDArray[np.bool_], shape: tuple[int, int]) -> Counts:
    """Count how often each column stands in each row, of the n-grams ``which`` (bool); ``shape`` is (rows, columns)."""
    rows, columns = shape
    dtype = np.uint32 if rows * columns <= 1 << 32 else np.uint64  # the smaller ones are sorted twice as fast
    key: NDArray[np.integer[Any]] = row.compress(which).astype(dtype)
    key *= columns
    key += column.compress(which).astype(dtype)
    key.sort()
    bounds = run_bounds(key)
    key = key.take(bounds[:-1])
    tf = (bounds[1:] - bounds[:-1]).astype(np.float32)
    number = key // columns
    key -= number * columns
    return Counts(number.astype(np.int32), key.astype(np.int32), tf)


def run_bounds(values: NDArray[Any]) -> Indices:
    """Where each run of equal values starts, and where the last one ends."""
    new = np.ones(len(values) + 1, np.bool_)
    np.not_equal(values[1:], values[:-1], out=new[1:-1])
    return np.flatnonzero(new)
