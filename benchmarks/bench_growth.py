"""How the cost grows with the length of a message and the size of a batch: ``bench_growth.py --out FILE.json``.

Both engines, each in a process of its own. The exponent is the slope of a straight line through the points on a log-log scale:
1 is linear. It is fitted where the text outweighs the fixed cost of a call, and only up to the length that is read at all.
``steepest`` is the largest slope over any factor of ten within the same range: a fit must not hide a bend.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import corpus
from bench_speed import FORMAT, Failed, machine, run, say
from scorers import SCORERS

READ = 100_000  # characters of a message that are read; beyond, the cost no longer grows
FIT_LENGTHS = (5_000, READ)
FIT_SIZES = (1_000, 1_000_000)
BATCH_LENGTH = 120
TEXT = 200_000  # characters that are scored in turn at each length: one message over and over would run from the processor's caches
MOST_MESSAGES = 1_000
ONCE = 100_000  # messages; larger batches are measured once
SHORT_RUN = 0.02  # seconds; shorter calls are repeated
ENGINES = ("clienttone (C)", "clienttone (numpy)")

Points = list[tuple[int, float]]


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """Least-squares slope of log(cost) over log(n); NaN for fewer than two points."""
    x, y = [math.log(n) for n, _ in points], [math.log(cost) for _, cost in points]
    if len(points) < 2:
        return math.nan
    mx, my = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sum((a - mx) ** 2 for a in x)


def steps(most: int) -> list[int]:
    """1, 2, 5, 10, 20, 50 … up to ``most``."""
    return [n for power in range(8) for n in (10**power, 2 * 10**power, 5 * 10**power) if n <= most]


def seconds(call: Callable[[], Any]) -> float:
    """Seconds of a call, after one that warms up, as the mean of a run of at least `SHORT_RUN`."""
    start = perf_counter()
    call()
    number = max(1, round(SHORT_RUN / (perf_counter() - start)))
    start = perf_counter()
    for _ in range(number):
        call()
    return (perf_counter() - start) / number


def medians(calls: dict[int, Callable[[], Any]], runs: int) -> Points:
    """The median over the runs of each call; in rounds, so that a busy minute of the machine hits all of them."""
    rounds = [{n: seconds(call) for n, call in calls.items()} for _ in range(runs)]
    return [(n, median(found[n] for found in rounds)) for n in calls]


def points(name: str, runs: int, longest: int, largest: int) -> dict[str, Points]:
    """In the engine's own process: seconds against length and against batch size."""
    score, own = SCORERS[name].load(Path()), [row["text"] for row in corpus.own()]
    some = corpus.of_length(own, BATCH_LENGTH, min(largest, 20_000))
    many = [some[i % len(some)] for i in range(largest)]
    texts = {n: corpus.of_length(own, n, min(MOST_MESSAGES, max(1, TEXT // n))) for n in steps(longest)}
    lengths = medians({n: partial(one_by_one, score, texts[n]) for n in texts}, runs)
    sizes = [n for n in steps(largest) if n < ONCE]
    return {
        "length": [(n, cost / len(texts[n])) for n, cost in lengths],
        "batch": medians({n: partial(score, many[:n]) for n in sizes}, runs)
        + medians({n: partial(score, many[:n]) for n in steps(largest) if n >= ONCE}, 1),
    }


def one_by_one(score: Any, texts: list[str]) -> None:
    for text in texts:
        score([text])


def steepest(points: Sequence[tuple[float, float]]) -> float:
    """The largest slope between two points a factor of ten apart; NaN where there are none."""
    costs = dict(points)
    slopes = [math.log10(costs[10 * n] / cost) for n, cost in points if 10 * n in costs]
    return max(slopes, default=math.nan)


def fit(found: dict[str, Points], slope: Callable[[Points], float]) -> dict[str, float]:
    """The slope of each curve in its range; left out where there are too few points."""
    slopes = {}
    for key, (low, high) in {"length": FIT_LENGTHS, "batch": FIT_SIZES}.items():
        slopes[key] = slope([(n, s) for n, s in found[key] if low <= n <= high])
    return {key: round(value, 4) for key, value in slopes.items() if not math.isnan(value)}


def measure(args: argparse.Namespace) -> dict[str, Any]:
    engines: dict[str, Any] = {}
    for name in ENGINES:
        say(name)
        try:
            with tempfile.TemporaryDirectory() as folder:
                ready(name, Path(folder))
            sizes = ["--runs", str(args.runs), "--longest", str(args.longest), "--largest", str(args.largest)]
            found = json.loads(run([sys.executable, __file__, "--engine", name, *sizes], SCORERS[name]))
            engines[name] = {
                "status": "measured",
                "exponent": fit(found, exponent),
                "steepest": fit(found, steepest),
                "seconds": found,
            }
        except Failed as error:
            engines[name] = {"status": f"not installed: {error}"}
    return {"format": FORMAT, "kind": "growth", "machine": machine(), "read": READ, "engines": engines}


def ready(name: str, folder: Path) -> None:
    """Raises `Failed` where the engine was not built."""
    (folder / "settings.json").write_text('{"training": 0}')
    run([sys.executable, "worker.py", "prepare", name, str(folder)], SCORERS[name])


def report(result: dict[str, Any]) -> str:
    lines = []
    for name, entry in result["engines"].items():
        lines.append(f"{name}: {entry['status']}")
        for key, value in entry.get("exponent", {}).items():
            seconds = ", ".join(
                f"{n:,}: {1e3 * s:,.3g}" for n, s in entry["seconds"][key] if math.log10(n).is_integer()
            )
            lines.append(
                f"  {key:6} exponent {value:.3f}, steepest decade {entry['steepest'].get(key, math.nan):.3f}; ms at {seconds}"
            )
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer runs, batches up to 20,000 messages")
    parser.add_argument("--runs", type=int, help="runs a point (7; with --quick 3)")
    parser.add_argument("--longest", type=int, default=1_000_000, help="characters of the longest message (1000000)")
    parser.add_argument("--largest", type=int, help="messages in the largest batch (1000000; with --quick 20000)")
    parser.add_argument("--model", type=Path, metavar="DIR", help="clienttone's model folder (the shipped one)")
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="write the result here")
    parser.add_argument("--engine", choices=ENGINES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.runs = args.runs or (3 if args.quick else 7)
    args.largest = args.largest or (20_000 if args.quick else 1_000_000)
    return args


def main() -> None:
    args = arguments()
    if args.engine:
        print(json.dumps(points(args.engine, args.runs, args.longest, args.largest)))
        return
    if args.model:
        os.environ["BENCH_MODEL"] = str(args.model.resolve())
    result = measure(args)
    if args.out:
        args.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(report(result))


if __name__ == "__main__":
    main()
