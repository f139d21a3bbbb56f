"""Compare the C extension with numpy on random messages: ``python tests/fuzz_kernel.py --seconds 60 --seed 1``.

Messages are random pieces of every kind the rules know (links, handles, quotes, repeats, sentence ends, scripts, invisible
and lone surrogate code points). C scores them together, numpy each alone. Stops with the first message that differs.
"""

from __future__ import annotations

import argparse
import random
import time

import numpy as np
from numpy.typing import NDArray

from clienttone.features import BLOCKS, BUCKETS
from clienttone.model import Head, ToneModel
from clienttone.results import LABELS

SHARES = (0.0, 0.3, 0.7, 1.0)
TOLERANCE = 1e-6  # of a probability
PIECES = (
    *(
        "a",
        "bb",
        "ccc",
        "O",
        "ΣΑΣ",
        "ß",
        "कि",
        "क्ष",
        "I'M",
        "'",
        "’",
        "''",
        "don't",
        "REFUND",
        "abcdef",
        "0000",
        "１２",
        "ﬁ",
        "İ",
    ),
    *(" ", "  ", "\n", "\r\n", "\t", "\u2028", "\x85", "\xa0", "\u3000", "\x00", "\x1f"),
    *(
        ".",
        "!",
        "?",
        "...",
        "!!!!",
        ";",
        "।",
        "॥",
        "。",
        ".)",
        '."',
        "?]",
        ",",
        "-",
        "--",
        "\n-- \n",
        "```",
        "> ",
        "\n>",
    ),
    *("@", "@bob", "@@", "@a'b", "://", ":", "//", "http://x.y/z", "s://@a", "/", "_"),
    *(
        "\u200b",
        "\u200d",
        "\ufeff",
        "\u0301",
        "\u202e",
        "\ud800",
        "\udfff",
        "\ue000",
        "😡",
        "😡😡😡",
        "👩‍👩‍👧",
        "\U0010ffff",
    ),
)


def random_model(seed: int = 0, kept: float = 0.5, shares: tuple[float, ...] = SHARES) -> ToneModel:
    """Random weights for a random share of the buckets; logits lie about -2 to 2."""
    rng = np.random.default_rng(seed)
    known = rng.random(len(BLOCKS) * BUCKETS) < kept
    column = np.where(known, np.cumsum(known) - 1, -1).astype(np.int32)
    edges = np.concatenate([[0], np.cumsum(known.reshape(len(BLOCKS), BUCKETS).sum(axis=1))])
    idf = rng.uniform(1, 10, int(edges[-1])).astype(np.float32)
    coef = rng.normal(0, 0.5, (len(idf), len(LABELS))).astype(np.float32) * idf[:, None]
    heads = tuple(Head(name, share, (1.1, -0.2), 0.5, 0.5, 0.9) for name, share in zip(LABELS, shares, strict=True))
    none = np.zeros((len(idf), 0), np.int8)
    return ToneModel("random", heads, column, edges, idf * idf, coef, none, np.zeros(0, np.float32))


def alone(model: ToneModel, messages: list[str]) -> NDArray[np.float32]:
    """What numpy says of each message by itself."""
    return np.concatenate([np.zeros((0, len(LABELS)), np.float32), *(model.score_with_numpy([m]) for m in messages)])


def random_message(rng: random.Random) -> str:
    pieces = [
        rng.choice(PIECES) if rng.random() < 0.9 else chr(rng.randrange(0x110000))
        for _ in range(int(rng.expovariate(0.1)))
    ]
    return "".join(piece * (rng.randrange(2, 400) if rng.random() < 0.01 else 1) for piece in pieces)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng, model, done, stop = random.Random(asked.seed), random_model(asked.seed), 0, time.monotonic() + asked.seconds
    while time.monotonic() < stop:
        messages = [random_message(rng) for _ in range(rng.randrange(1, 300))]
        wrong = np.flatnonzero(np.abs(model.score(messages) - alone(model, messages)).max(axis=1) > TOLERANCE)
        if len(wrong):
            raise SystemExit(f"seed {asked.seed}: the engines differ on {messages[wrong[0]]!r}")
        done += len(messages)
    print(f"{done} messages, no difference")


if __name__ == "__main__":
    main()
