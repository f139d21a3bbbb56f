"""From a model file's bytes to numpy arrays, and back.

The weights of the heads beside the labels are small integers, half of them 0 and a quarter 1 or -1, so a row is packed:
first 2 bits a weight, lowest first (0, +1, -1, or 3: larger), filled up to a byte; then 4 bits for each of the larger ones,
lowest first (2 to 8, -2 to -8, or 15: largest), filled up to a byte; then a byte for each of the largest.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clienttone.definition import BLOCKS, BUCKETS
from clienttone.results import LABELS
from clienttone.weights import GROUP, PADDING, Weights

Bytes = NDArray[np.uint8]
_LARGER, _LARGEST = 3, 15
_CODES = np.full(256, _LARGER, np.uint8)  # by the weight's byte
_CODES[[0, 1, 255]] = [0, 1, 2]
_NIBBLES = np.full(256, _LARGEST, np.uint8)
_NIBBLES[2:9] = np.arange(7)
_NIBBLES[np.arange(254, 247, -1)] = np.arange(7, 14)
_SMALL = np.array([0, 1, -1, 0], np.int8)
_MIDDLE = np.array([2, 3, 4, 5, 6, 7, 8, -2, -3, -4, -5, -6, -7, -8, 0, 0], np.int8)


class Arrays(NamedTuple):
    """The numbers of a `clienttone.model.ToneModel`, as its constructor takes them."""

    column: NDArray[np.int32]
    edges: NDArray[np.int64]
    idf2: NDArray[np.float32]
    coef: NDArray[np.float32]
    coef_more: NDArray[np.int8]
    scale_more: NDArray[np.float32]


def unpack(weights: Weights) -> Arrays:
    """The arrays of a file. Raises ``ValueError`` for NaN, infinity, or rows that do not stand where they are said to."""
    kept = np.unpackbits(np.frombuffer(weights.kept, np.uint8), bitorder="little").view(np.bool_)
    labels = np.frombuffer(weights.labels, "<f2").reshape(-1, len(LABELS) + 1)
    scales = np.frombuffer(weights.scales, "<f4")
    if not np.isfinite(labels).all() or not np.isfinite(scales).all():
        raise ValueError("NaN or infinity")
    column = np.where(kept, np.cumsum(kept, dtype=np.int32) - np.int32(1), np.int32(-1))
    edges = np.concatenate([[0], np.cumsum(kept.reshape(len(BLOCKS), BUCKETS).sum(axis=1))])
    idf = labels[:, -1].astype(np.float32)
    coef = labels[:, :-1].astype(np.float32) * idf[:, None]
    more = _unpack_rows(
        np.frombuffer(weights.packed, np.uint8), np.frombuffer(weights.groups, "<u4"), len(labels), len(scales)
    )
    return Arrays(column, edges, idf * idf, coef, more, scales)


def pack(arrays: Arrays) -> dict[str, NDArray[Any]]:
    """The arrays of a file: the label heads' weights and idf in half precision, the others' as they are."""
    idf = np.sqrt(arrays.idf2)
    labels = np.concatenate([arrays.coef / idf[:, None], idf[:, None]], axis=1)
    packed, groups = _pack_rows(np.asarray(arrays.coef_more, np.int8))
    return {
        "kept": np.packbits(arrays.column >= 0, bitorder="little"),
        "labels": labels.astype("<f2"),
        "groups": groups,
        "packed": packed,
        "scales": np.asarray(arrays.scale_more, "<f4"),
    }


def _ordinals(row: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of each item among those of its row; rows are sorted."""
    return np.arange(len(row)) - np.searchsorted(row, row)


def _pack_rows(more: NDArray[np.int8]) -> tuple[Bytes, NDArray[np.uint32]]:
    """(packed, groups) of (rows, heads) weights."""
    rows, heads = more.shape
    width = -(-heads // 4)
    padded = np.zeros((rows, 4 * width), np.int8)
    padded[:, :heads] = more
    codes = _CODES[padded.view(np.uint8)]
    row = np.flatnonzero(codes == _LARGER) // max(4 * width, 1)
    larger = padded[codes == _LARGER].view(np.uint8)
    nibbles = _NIBBLES[larger]
    top = nibbles == _LARGEST
    half = -(-np.bincount(row, minlength=rows) // 2)
    ends = np.cumsum(width + half + np.bincount(row[top], minlength=rows))
    starts = np.concatenate([[0], ends])
    packed = np.zeros(int(starts[-1]) + PADDING, np.uint8)
    quads = codes.reshape(rows, width, 4)
    packed[starts[:-1, None] + np.arange(width)] = np.bitwise_or.reduce(
        quads << np.array([0, 2, 4, 6], np.uint8), axis=2
    )
    number = _ordinals(row)
    for side in (0, 1):
        at = number % 2 == side
        packed[starts[row[at]] + width + number[at] // 2] |= nibbles[at] << np.uint8(4 * side)
    packed[starts[row[top]] + width + half[row[top]] + _ordinals(row[top])] = larger[top]
    return packed, starts[:-1:GROUP].astype("<u4")


def _unpack_rows(packed: Bytes, groups: NDArray[np.uint32], rows: int, heads: int) -> NDArray[np.int8]:
    """(rows, heads) weights; the n-th rows of all groups are read at once."""
    out = np.zeros((rows, heads), np.int8)
    at = groups.astype(np.int64)
    for lane in range(GROUP):
        mine = len(out[lane::GROUP])
        if mine and int(at.max()) + PADDING > len(packed):
            break
        out[lane::GROUP], sizes = _unpack_some(packed, at[:mine], heads)
        at[:mine] += sizes
    if not np.array_equal(at, np.append(groups[1:], len(packed) - PADDING)[: len(at)]):
        raise ValueError("packed rows do not stand where groups says")
    return out


def _unpack_some(packed: Bytes, at: NDArray[np.int64], heads: int) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """(weights, sizes in bytes) of the packed rows that start there."""
    width = -(-heads // 4)
    quads = packed[at[:, None] + np.arange(width)]
    codes = (quads[:, :, None] >> np.array([0, 2, 4, 6], np.uint8) & 3).reshape(len(at), 4 * width)[:, :heads]
    out = _SMALL[codes]
    row, head = np.nonzero(codes == _LARGER)
    number = _ordinals(row)
    nibbles = packed[at[row] + width + number // 2] >> (number % 2 * 4).astype(np.uint8) & 15
    out[row, head] = _MIDDLE[nibbles]
    top = nibbles == _LARGEST
    half = -(-np.bincount(row, minlength=len(at)) // 2)
    sizes = width + half + np.bincount(row[top], minlength=len(at))
    if np.any(at + sizes > len(packed) - PADDING):
        raise ValueError("packed rows run past their end")
    largest = packed[at[row[top]] + width + half[row[top]] + _ordinals(row[top])]
    out[row[top], head[top]] = largest.view(np.int8)
    return out, sizes
