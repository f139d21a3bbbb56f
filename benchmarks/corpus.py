"""The messages of the benchmark: our own, joined and cut to the length that is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MESSAGES = Path(__file__).parents[1] / "data" / "messages"
LABELS = ("abuse", "threat", "bluff", "frustration")
_STRIDE = 7919  # a prime: neighbours come from different languages


def own() -> list[dict[str, Any]]:
    """All messages of ``data/messages``, the languages mixed, in the same order at each call."""
    lines = [line for path in sorted(MESSAGES.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").split("\n")]
    rows = [json.loads(line) for line in lines if line]
    return [rows[i * _STRIDE % len(rows)] for i in range(len(rows))]


def labelled(split: str) -> list[dict[str, Any]]:
    """The messages of a split of which all four labels are known."""
    return [row for row in own() if row["split"] == split and all(row[label] is not None for label in LABELS)]


def of_length(texts: list[str], length: int, count: int) -> list[str]:
    """``count`` different messages of exactly ``length`` characters; from the second round on they start mid-message."""
    return [_one(texts, i % len(texts), 5 * (i // len(texts)), length) for i in range(count)]


def _one(texts: list[str], number: int, skip: int, length: int) -> str:
    parts, size = [texts[number][skip:]], len(texts[number]) - skip
    while size < length:
        number = (number + 1) % len(texts)
        parts.append(texts[number])
        size += len(texts[number]) + 1
    return " ".join(parts)[:length].ljust(length, ".")
