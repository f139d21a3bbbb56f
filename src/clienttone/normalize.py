"""From messages to folded code points: one vectorised pass over a whole batch.

Every step is small and keeps the offset of each code point in the original message, so that spans can be told in the
writer's own text. What is folded: case, compatibility forms, Latin and Greek accents, digits (to ``0``), letters repeated
three times or more, links and @handles (to one mark each), invisible characters (away).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from clienttone.definition import PAGE, unicode_bytes
from clienttone.masking import cut

DELETE, SPACE, WORD, PUNCTUATION, SYMBOL = range(5)
UPPER = 1 << 24
LINK_MARK = 0xE000  # a private-use code point stands for any link
_AT, _COLON, _SLASH, _APOSTROPHE, _ZERO, _NEWLINE = 64, 58, 47, 39, 48, 10


@dataclass(frozen=True, slots=True)
class Folded:
    """The visible code points of a batch of messages, in order; every array has length n, one entry a code point.

    ``codes`` uint32 folded code points; ``upper`` bool, upper case in the original; ``position`` int64 index in the original
    message; ``message`` int32 number of the message; ``token`` bool, a token starts here; ``gap`` uint8, what stood
    before: 0 nothing, 1 white space, 2 a line break. ``size`` is the number of messages, ``visible`` (size,)
    how many code points were kept of each.
    """

    codes: NDArray[np.uint32]
    upper: NDArray[np.bool_]
    position: NDArray[np.int64]
    message: NDArray[np.int32]
    token: NDArray[np.bool_]
    gap: NDArray[np.uint8]
    size: int

    @property
    def visible(self) -> NDArray[np.int64]:
        """(size,) the number of code points kept of each message."""
        return np.bincount(self.message, minlength=self.size)


@cache
def unicode_table() -> NDArray[np.uint32]:
    """(0x110000,) uint32: folded code point in bits 0-20, class in 21-23, upper case in 24."""
    raw, pages = unicode_bytes(), 0x110000 // PAGE
    page_of = np.frombuffer(raw, "<u2", pages)
    table = np.frombuffer(raw, "<u4", offset=page_of.nbytes).reshape(-1, PAGE)[page_of].ravel()
    return np.asarray(table + np.arange(0x110000, dtype=np.uint32), np.uint32)


def _shift(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The flag of the code point before (False for the first)."""
    out = np.zeros_like(flags)
    out[1:] = flags[:-1]
    return out


def _link_marks(
    codes: NDArray[np.uint32], space: NDArray[np.bool_], first: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(inside, head): the code points of white-space delimited chunks with ``://`` in them, and the first of each."""
    inside = np.zeros(len(codes), np.bool_)
    hits = np.flatnonzero((codes[:-2] == _COLON) & (codes[1:-1] == _SLASH) & (codes[2:] == _SLASH))
    if not len(hits):
        return inside, inside
    chunk = np.cumsum(space | first)
    hits = hits[chunk[hits] == chunk[hits + 2]]  # not the end of one message and the start of the next
    linked = np.zeros(int(chunk[-1]) + 1, np.bool_)
    linked[chunk[hits]] = True
    inside = linked[chunk] & ~space
    return inside, inside & (~_shift(inside) | first)


def fold(messages: Sequence[str]) -> Folded:
    """Fold a batch. Linear in the number of characters; each message is read as `cut` says."""
    texts = [cut(m) for m in messages]
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    raw = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    entries = unicode_table()[raw]
    kept = np.flatnonzero((entries >> 21) & 7 != DELETE)
    entries = entries[kept]
    message = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)[kept]
    position = (np.arange(len(raw)) - np.repeat(np.cumsum(lengths) - lengths, lengths))[kept]
    codes, kinds, upper = entries & np.uint32(0x1FFFFF), ((entries >> 21) & 7).astype(np.uint8), entries >= UPPER
    first = np.ones(len(codes), np.bool_)
    first[1:] = message[1:] != message[:-1]
    space = kinds == SPACE
    inside, head = _link_marks(codes, space, first)
    codes = np.where(head, np.uint32(LINK_MARK), codes)
    kinds = np.where(head, np.uint8(SYMBOL), kinds)
    drop = inside & ~head | space
    token, handle = _tokens(codes, kinds, first)
    drop |= handle
    same = (codes[1:] == codes[:-1]) & ~first[1:]
    drop[2:] |= same[1:] & same[:-1] & (codes[2:] != _ZERO)
    gap = _gaps(codes, space, first)
    keep = np.flatnonzero(~drop)
    number = np.cumsum(token)[keep]
    start = np.ones(len(keep), np.bool_)
    start[1:] = number[1:] != number[:-1]
    return Folded(codes[keep], upper[keep], position[keep], message[keep], start, gap[keep], len(texts))


def _tokens(
    codes: NDArray[np.uint32], kinds: NDArray[np.uint8], first: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(start, handle): where tokens start, and the names of @handles.

    A token is a run of word characters (an apostrophe counts inside a word only), a run of one punctuation mark, or one
    symbol.
    """
    word = kinds == WORD
    apostrophe = codes == _APOSTROPHE
    letter = word & ~apostrophe
    after = np.zeros_like(letter)
    after[:-1] = letter[1:] & ~first[1:]
    word = letter | (apostrophe & _shift(letter) & ~first & after)
    start = first.copy()
    start[1:] |= (word[1:] != word[:-1]) | (~word[1:] & (codes[1:] != codes[:-1])) | (kinds[1:] == SYMBOL)
    named = _shift(codes == _AT) & word & ~first
    if not named.any():
        return start, named
    number = np.cumsum(start)
    names = np.zeros(int(number[-1]) + 1, np.bool_)
    names[number[named]] = True
    return start, names[number]


def _gaps(codes: NDArray[np.uint32], space: NDArray[np.bool_], first: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """What stands before each code point: 0 nothing, 1 white space, 2 white space with a line break."""
    run = np.cumsum(~space)  # white space belongs to the run of the visible code point before it
    broken = np.bincount(run, weights=space & (codes == _NEWLINE), minlength=len(codes) + 1) > 0
    gap = _shift(space).astype(np.uint8)
    before = np.maximum(run - 1, 0)
    gap[(gap == 1) & broken[before]] = 2
    gap[first] = 2
    return gap
