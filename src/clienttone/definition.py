"""What a model's weights depend on: the constants of the features and the character table, for both engines."""

from __future__ import annotations

import hashlib
import mmap
from functools import cache
from pathlib import Path

from clienttone.errors import ModelError, explain

TYPE_CHECKING = False  # typing's own costs its import
if TYPE_CHECKING:
    from typing import Any

BITS = 20
BUCKETS = 1 << BITS  # of each block
BLOCKS = ("word", "stem", "char")
CHARS = (2, 5)  # shortest and longest n-gram of characters
STEM = 5  # characters of a token that stand for its stem
UNICODE_TABLE = "rules/unicode.bin"
PAGE = 256  # code points


def feature_definition() -> dict[str, Any]:
    """What stands in a model's manifest; a model trained on another definition is refused."""
    return {
        "bits": BITS,
        "chars": list(CHARS),
        "stem": STEM,
        "blocks": list(BLOCKS),
        "unicode_sha256": hashlib.sha256(unicode_bytes()).hexdigest(),
    }


@cache
def unicode_bytes() -> mmap.mmap:
    """The character table: (0x1100,) uint16, the page of each 256 code points, then pages of 256 uint32, little-endian.

    What a page holds, plus the code point, modulo 2**32, is the folded code point in bits 0-20, its class in 21-23 and
    upper case in 24. Raises `ModelError` if the file cannot be read.
    """
    path = Path(__file__).parent / UNICODE_TABLE
    try:
        return map_file(path)
    except (OSError, ValueError):
        raise ModelError(
            explain(path, "the character table", "no readable file", "Install clienttone again.")
        ) from None


def map_file(path: Path) -> mmap.mmap:
    """A file as read-only memory. Raises ``OSError``, or ``ValueError`` for an empty file."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
