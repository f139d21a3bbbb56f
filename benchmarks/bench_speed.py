"""Speed, memory and size of clienttone and its peers, all in one run, interleaved: ``bench_speed.py --out FILE.json``.

Every measurement is a process of its own. Round by round each scorer has its turn, so that a busy minute of the machine hits
all of them; the figures are medians over the rounds. Ratios are against the equal scikit-learn pipeline, above 1 is better.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

import corpus
from scorers import REFERENCE, SCORERS, Scorer

FORMAT = 1
HERE = Path(__file__).parent
MESSAGE = "I have asked three times now. Refund me by Friday or I will report you."
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
TIMED_IMPORT = "from time import perf_counter as now; start = now()\n{}\nprint(1e3 * (now() - start))"


@dataclass(frozen=True, slots=True)
class Settings:
    """``seconds`` a timed run of single calls lasts at least; ``budget`` and ``memory_budget`` seconds for a batch."""

    runs: int
    messages: int
    seconds: float
    budget: float
    memory_budget: float
    training: int
    lengths: tuple[int, ...] = (50, 300, 2000)
    batch_length: int = 120


class Failed(Exception):
    """A measurement's process ended with an error; the text is the reason."""


def run(command: list[str], scorer: Scorer) -> str:
    done = subprocess.run(
        command, env={**os.environ, **ONE_THREAD, **scorer.env}, cwd=HERE, capture_output=True, text=True
    )
    if done.returncode:
        raise Failed(reason(done.stderr))
    return done.stdout


def reason(stderr: str) -> str:
    """The exception's line of a traceback; without the traceback, the last line."""
    lines = [line for line in stderr.splitlines() if line.strip()]
    return next((x for x in reversed(lines) if "Error" in x or "Fail" in x), lines[-1] if lines else "no message")[:300]


def task(name: str, scorer_name: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-W", "ignore", "worker.py", name, scorer_name, str(folder)]
    return json.loads(run(command, SCORERS[scorer_name]).splitlines()[-1])  # type: ignore[no-any-return]


def import_ms(name: str, _: Path) -> dict[str, float]:
    scorer = SCORERS[name]
    code = TIMED_IMPORT.format(scorer.statement)
    return {"import_ms": float(run([sys.executable, "-W", "ignore", "-c", code], scorer).splitlines()[-1])}


def cold_ms(name: str, folder: Path) -> dict[str, float]:
    """Start of a process to its end, one message scored; for clienttone the whole command with advice."""
    start = time.perf_counter()
    if name.startswith("clienttone"):
        run(clienttone_command(), SCORERS[name])
    else:
        task("cold", name, folder)
    return {"cold_ms": 1e3 * (time.perf_counter() - start)}


def clienttone_command() -> list[str]:
    script = Path(sys.executable).with_name("clienttone")
    start = [str(script)] if script.exists() else [sys.executable, "-c", "from clienttone.cli import main; main()"]
    model = os.environ.get("BENCH_MODEL")
    return [*start, "assess", *(["--model", model] if model else []), MESSAGE]


def one_round(name: str, folder: Path) -> dict[str, float]:
    return {
        **import_ms(name, folder),
        **cold_ms(name, folder),
        **task("time", name, folder),
        **task("memory", name, folder),
    }


def prepare(names: Iterable[str], folder: Path) -> dict[str, dict[str, Any]]:
    """Train or load each scorer once; one that cannot be used is recorded with the reason."""
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        try:
            found[name] = {"status": "measured", "versions": versions(SCORERS[name]), **task("prepare", name, folder)}
        except Failed as error:
            missing = "No module named" in str(error) or "no module named" in str(error)
            found[name] = {"status": f"{'not installed' if missing else 'broken'}: {error}"}
        say(f"{name}: {found[name]['status']}")
    return found


def versions(scorer: Scorer) -> dict[str, str]:
    out = {}
    for package in scorer.packages:
        try:
            out[package] = version(package)
        except PackageNotFoundError:
            continue
    return out


def measure(settings: Settings, names: list[str]) -> dict[str, Any]:
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_inputs(folder, settings)
        found = prepare(names, folder)
        ready = [name for name in found if found[name]["status"] == "measured"]
        rounds: dict[str, list[dict[str, float]]] = {name: [] for name in ready}
        for number in range(settings.runs):
            for name in ready:
                say(f"round {number + 1} of {settings.runs}: {name}")
                rounds[name].append(one_round(name, folder))
    for name in ready:
        found[name]["runs"] = rounds[name]
        found[name]["median"] = medians(rounds[name]) | {"size_mb": found[name].pop("size_mb")}
    return {
        "format": FORMAT,
        "kind": "speed",
        "machine": {**machine(), "load_at_start": load, "load_at_end": os.getloadavg()[0]},
        "settings": asdict(settings),
        "scorers": found,
        "ratios": ratios(found),
    }


def write_inputs(folder: Path, settings: Settings) -> None:
    texts = [row["text"] for row in corpus.own()]
    counts = {**dict.fromkeys(settings.lengths, 64), settings.batch_length: settings.messages}
    for length, count in counts.items():
        body = json.dumps(corpus.of_length(texts, length, count), ensure_ascii=False)
        (folder / f"texts-{length}.json").write_text(body, encoding="utf-8")
    (folder / "settings.json").write_text(json.dumps(asdict(settings)))


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {key: median(r[key] for r in rounds) for key in rounds[0]}


def ratios(found: dict[str, dict[str, Any]]) -> dict[str, dict[str, float]]:
    """How many times better than the reference, a scorer and a measure; `assess` stands against its plain scoring."""
    base = found.get(REFERENCE, {}).get("median", {})
    out: dict[str, dict[str, float]] = {}
    for name, entry in found.items():
        for key, value in entry.get("median", {}).items():
            against = base.get(key.replace("assess_", "one_"))
            if against and value and key != "memory_messages":
                out.setdefault(name, {})[key] = round(value / against if key.endswith("_per_s") else against / value, 4)
    return out


def machine() -> dict[str, Any]:
    info = Path("/proc/cpuinfo")
    models = (
        [x.split(":")[1].strip() for x in info.read_text().splitlines() if x.startswith("model name")]
        if info.exists()
        else []
    )
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def table(result: dict[str, Any]) -> str:
    """The medians, then the ratios to the reference: one line a scorer, one column a measure."""
    medians = {name: e.get("median", {}) for name, e in result["scorers"].items()}
    broken = [f"{name}: {e['status']}" for name, e in result["scorers"].items() if e["status"] != "measured"]
    ratios_title = f"How many times better than {REFERENCE}"
    return "\n".join(["Medians", *grid(medians), "", ratios_title, *grid(result["ratios"]), "", *broken])


def grid(rows: dict[str, dict[str, float]]) -> list[str]:
    keys = [k for k in dict.fromkeys(k for row in rows.values() for k in row) if k != "memory_messages"]
    head = [
        "| " + " | ".join([" " * 20, *keys]) + " |",
        "| " + " | ".join(["-" * 20, *("-" * (len(k) - 1) + ":" for k in keys)]) + " |",
    ]
    cells = {name: [f"{row[k]:,.4g}" if k in row else "" for k in keys] for name, row in rows.items() if row}
    lines = [[f"{name:20}", *(f"{c:>{len(k)}}" for c, k in zip(row, keys, strict=True))] for name, row in cells.items()]
    return head + ["| " + " | ".join(line) + " |" for line in lines]


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, help="rounds (7; with --quick 3)")
    parser.add_argument("--messages", type=int, help="messages in the batch (20000; with --quick 4000)")
    parser.add_argument("--quick", action="store_true", help="for trying out, in about three minutes")
    parser.add_argument("--only", nargs="+", choices=SCORERS, metavar="SCORER", help=f"some of: {', '.join(SCORERS)}")
    parser.add_argument("--model", type=Path, metavar="DIR", help="clienttone's model folder (the shipped one)")
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="write the result here")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    if args.model:
        os.environ["BENCH_MODEL"] = str(args.model.resolve())
    usual = Settings(3, 4000, 0.05, 2.0, 2.0, 4000) if args.quick else Settings(7, 20_000, 0.2, 20.0, 20.0, 20_000)
    settings = replace(usual, runs=args.runs or usual.runs, messages=args.messages or usual.messages)
    result = measure(settings, args.only or list(SCORERS))
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table(result))


if __name__ == "__main__":
    main()
