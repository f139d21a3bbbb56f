"""One measurement in a process of its own: ``worker.py TASK SCORER FOLDER`` prints one line of JSON.

The folder holds ``settings.json`` and the texts; `bench_speed` writes it and starts this file once a task.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter
from typing import Any

from scorers import SCORERS, Score, Scorer

WARM = 200  # messages before the batch is timed


def seconds_a_call(call: Callable[[Any], Any], items: Sequence[Any], at_least: float) -> float:
    """Mean time of a call over the items in turn, in a run of ``at_least`` seconds, after a call that warms up."""
    call(items[0])  # tables that are made at the first call must not count
    number = 1
    while True:
        todo = list(islice(cycle(items), number))
        start = perf_counter()
        for item in todo:
            call(item)
        taken = perf_counter() - start
        if taken >= at_least:
            return taken / number
        number *= 2


def affordable(score: Score, texts: list[str], budget: float) -> list[str]:
    """As many of the texts as a slow scorer can do in ``budget`` seconds, judged by runs of up to a tenth of a second."""
    size, taken = 4, 0.0
    while taken < 0.1 and size < len(texts):
        size *= 2
        start = perf_counter()
        score(texts[:size])
        taken = perf_counter() - start
    return texts if size >= len(texts) else texts[: max(size, int(size / taken * budget))]


def texts_of(folder: Path, length: int) -> list[str]:
    return json.loads((folder / f"texts-{length}.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def throughput(score: Score, texts: list[str]) -> float:
    """Messages a second, after a warm-up."""
    score(texts[:WARM])
    start = perf_counter()
    score(texts)
    return len(texts) / (perf_counter() - start)


def time_task(scorer: Scorer, folder: Path, settings: dict[str, Any]) -> dict[str, float]:
    score, out = scorer.load(folder), {}
    assess = scorer.load_assess and scorer.load_assess(folder)
    for length in settings["lengths"]:
        texts = texts_of(folder, length)
        out[f"one_{length}_us"] = 1e6 * seconds_a_call(lambda t: score([t]), texts, settings["seconds"])
        if assess:
            out[f"assess_{length}_us"] = 1e6 * seconds_a_call(assess, texts, settings["seconds"])
    batch = affordable(score, texts_of(folder, settings["batch_length"]), settings["budget"])
    out["batch_per_s"] = throughput(score, batch)
    if scorer.load_two:
        with contextlib.suppress(NotImplementedError):
            out["batch_2_workers_per_s"] = throughput(scorer.load_two(folder), batch)
    return out


def memory_task(scorer: Scorer, folder: Path, settings: dict[str, Any]) -> dict[str, float]:
    score, texts = scorer.load(folder), texts_of(folder, settings["batch_length"])
    texts = affordable(score, texts, settings["memory_budget"])
    score(texts)
    return {"memory_mb": peak_memory(), "memory_messages": len(texts)}


def peak_memory() -> float:
    """MB. VmHWM where there is one: ru_maxrss would also count the process that this one was forked from."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    from resource import RUSAGE_SELF, getrusage

    return getrusage(RUSAGE_SELF).ru_maxrss / 1e6  # bytes on macOS


def cold_task(scorer: Scorer, folder: Path, _: dict[str, Any]) -> dict[str, float]:
    """The caller times the whole process."""
    scorer.load(folder)(["I have asked three times now. Refund me by Friday or I will report you."])
    return {}


def prepare_task(scorer: Scorer, folder: Path, settings: dict[str, Any]) -> dict[str, Any]:
    size = scorer.prepare(folder, settings["training"])
    return {"size_mb": size, "ap": quality(scorer, folder)}


def quality(scorer: Scorer, folder: Path) -> dict[str, float] | None:
    """Average precision a label on the dev split of our own messages; None where a scorer has other labels."""
    if not scorer.columns:
        return None
    from corpus import LABELS, labelled
    from scorers import average_precision

    rows = labelled("dev")
    table = scorer.columns(scorer.load(folder)([r["text"] for r in rows]))
    columns = zip(LABELS, zip(*table, strict=True), strict=True)
    return {label: round(average_precision([r[label] for r in rows], scores), 4) for label, scores in columns}


TASKS: dict[str, Callable[[Scorer, Path, dict[str, Any]], dict[str, Any]]] = {
    "prepare": prepare_task,
    "cold": cold_task,
    "time": time_task,
    "memory": memory_task,
}


def main() -> None:
    task, name, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    settings = json.loads((folder / "settings.json").read_text())
    print(json.dumps(TASKS[task](SCORERS[name], folder, settings)))


if __name__ == "__main__":
    main()
