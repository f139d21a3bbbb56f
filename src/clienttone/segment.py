"""Sentences and lines: where one segment of a message ends and the next starts.

A bag of words dilutes: one insult inside ten kind sentences must count as it does alone. So every message is scored as a
whole and segment by segment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clienttone.normalize import Folded

MIN_LENGTH = 8  # visible characters; a shorter sentence ("No.", "Hi,") is read together with the next one
_TERMINAL, _CLOSER = 1, 2
_ROLES = np.zeros(ord("。") + 2, np.uint8)  # of each code point; the last entry stands for all that are beyond
_ROLES[[ord(c) for c in ".!?;।॥。"]] = _TERMINAL
_ROLES[[ord(c) for c in "\"')]}"]] = _CLOSER


@dataclass(frozen=True, slots=True)
class Segments:
    """The segments of a batch of messages.

    ``of`` (n,) int32: the segment number of each code point of the `Folded` batch; ``message`` (m,) int32: the message each
    segment belongs to; ``start``/``end`` (m,) int64: its span in the original message; ``several`` (m,) bool: the message
    has more than this one.
    """

    of: NDArray[np.int32]
    message: NDArray[np.int32]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    several: NDArray[np.bool_]


def segment(folded: Folded) -> Segments:
    """Cut at line breaks and after closing punctuation that white space follows."""
    codes, n = folded.codes, len(folded.codes)
    role = _ROLES.take(codes, mode="clip")
    terminal = role == _TERMINAL
    new = np.ones(n, np.bool_)
    new[1:] = folded.message[1:] != folded.message[:-1]
    ended = terminal.copy()
    ended[1:] |= (role[1:] == _CLOSER) & terminal[:-1] & ~new[1:]
    candidate = folded.gap == 2
    candidate[1:] |= (folded.gap[1:] == 1) & ended[:-1]
    starts = np.flatnonzero(candidate | new)
    keep = new[starts]
    keep[1:] |= starts[1:] - starts[:-1] >= MIN_LENGTH
    starts = starts[keep]
    mark = np.zeros(n, np.int32)
    mark[starts] = 1
    message = folded.message[starts]
    ends = np.append(starts[1:], n) - 1 if n else starts
    several = np.bincount(message, minlength=folded.size)[message] > 1
    return Segments(
        np.cumsum(mark, dtype=np.int32) - 1, message, folded.position[starts], folded.position[ends] + 1, several
    )
