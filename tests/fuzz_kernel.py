"""Compare the C extension with numpy on random messages: ``python tests/fuzz_kernel.py --messages 1000000 --seed 1``.

Messages are random pieces of every kind the rules know (links, handles, quotes, repeats, sentence ends, scripts, invisible
and lone surrogate code points). Both score them in batches of other sizes, and describe every tenth. Stops with the first
message that differs. Under the sanitizers, with an extension built for that alone::

    CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=undefined -O1 -g" LDFLAGS="-fsanitize=address,undefined" \\
        python setup.py build_ext --inplace --force
    LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)" ASAN_OPTIONS=detect_leaks=0 \\
        python tests/fuzz_kernel.py
"""

from __future__ import annotations

import argparse
import random

import numpy as np
from numpy.typing import NDArray

from clienttone.definition import BLOCKS, BUCKETS
from clienttone.engine import Facts, Spans
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


def random_model(seed: int = 0, kept: float = 0.5, shares: tuple[float, ...] = SHARES, more: int = 5) -> ToneModel:
    """Random weights for a random share of the buckets; logits lie about -2 to 2. ``more``: heads beside the labels."""
    rng = np.random.default_rng(seed)
    known = rng.random(len(BLOCKS) * BUCKETS) < kept
    column = np.where(known, np.cumsum(known) - 1, -1).astype(np.int32)
    edges = np.concatenate([[0], np.cumsum(known.reshape(len(BLOCKS), BUCKETS).sum(axis=1))])
    idf = rng.uniform(1, 10, int(edges[-1])).astype(np.float16).astype(np.float32)
    coef = rng.normal(0, 0.5, (len(idf), len(LABELS))).astype(np.float16).astype(np.float32) * idf[:, None]
    others = np.clip(rng.standard_cauchy((len(idf), more)), -127, 127).astype(np.int8)
    heads = [Head(name, share, (1.1, -0.2), 0.5, 0.5, 0.9) for name, share in zip(LABELS, shares, strict=True)]
    heads += [Head(f"head {i}", shares[i % len(shares)], (0.9, 0.1), 0.5, 0.5, 0.9) for i in range(more)]
    scales = rng.uniform(0.01, 0.05, more).astype(np.float32)
    return ToneModel("random", tuple(heads), column, edges, idf * idf, coef, others, scales)


def alone(model: ToneModel, messages: list[str]) -> NDArray[np.float32]:
    """What numpy says of each message by itself."""
    return np.concatenate([np.zeros((0, len(LABELS)), np.float32), *(model.score_with_numpy([m]) for m in messages)])


def differs(found: Facts, expected: Facts) -> bool:
    """Whether two engines say different things of a message: probabilities further apart than the tolerance, or other words."""
    far = max(abs(a - b) for a, b in zip(found[0], expected[0], strict=True)) > TOLERANCE
    return far or found[1:-1] != expected[1:-1] or any(map(other_words, found[-1], expected[-1]))


def other_words(found: Spans, expected: Spans) -> bool:
    """Whether the spans are not the same; a weight that lies between two roundings may go either way, and change its rank."""
    pairs = list(zip(sorted(found), sorted(expected), strict=False))
    return len(found) != len(expected) or any(a[:2] != b[:2] or abs(a[2] - b[2]) > 1.5e-4 for a, b in pairs)


def described(model: ToneModel, message: str) -> tuple[Facts, Facts]:
    """What both engines say of a message."""
    return model.describe([message])[0], model.describe_with_numpy([message])[0]


def random_message(rng: random.Random) -> str:
    pieces = [
        rng.choice(PIECES) if rng.random() < 0.9 else chr(rng.randrange(0x110000))
        for _ in range(int(rng.expovariate(0.1)))
    ]
    return "".join(piece * (rng.randrange(2, 400) if rng.random() < 0.01 else 1) for piece in pieces)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng, model, done = random.Random(asked.seed), random_model(asked.seed), 0
    while done < asked.messages:
        messages = [random_message(rng) for _ in range(rng.randrange(1, 600))]
        half = len(messages) // 2
        expected = np.concatenate([model.score_with_numpy(messages[:half]), model.score_with_numpy(messages[half:])])
        wrong = np.flatnonzero(np.abs(model.score(messages) - expected).max(axis=1) > TOLERANCE)
        some = range(0, len(messages), 10)
        wrong = np.append(wrong, [i for i in some if differs(*described(model, messages[i]))]).astype(int)
        if len(wrong):
            raise SystemExit(f"seed {asked.seed}: the engines differ on {messages[wrong[0]]!r}")
        done += len(messages)
    print(f"{done} messages, no difference")


if __name__ == "__main__":
    main()
