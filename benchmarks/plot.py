"""An SVG of a result of `bench_speed`, with the standard library only: ``plot.py RESULT.json [--out FILE.svg]``.

One panel a measure, one bar a scorer: how many times better than the scikit-learn pipeline, on a logarithmic scale. Bars to
the right of the line at 1x are better, bars to the left worse.
"""

from __future__ import annotations

import argparse
import math
from html import escape
from pathlib import Path
from typing import Any

from compare import read

PANELS = {
    "batch_per_s": "batch of messages of 120 characters, one worker",
    "one_300_us": "one message of 300 characters, scores",
    "assess_300_us": "one message of 300 characters, full assessment (others: scores)",
    "import_ms": "import",
    "cold_ms": "cold start to first score (clienttone: the command, with advice)",
    "memory_mb": "peak memory, scoring the batch",
}
WIDTH, LEFT, RIGHT, BAR, TITLE, GAP = 760, 160, 70, 18, 26, 14
OURS, OTHERS, INK, GRID = "#2a6fb0", "#b5bcc4", "#22272e", "#e3e6ea"


def panel_rows(result: dict[str, Any], measure: str) -> list[tuple[str, float]]:
    """(scorer, ratio), best first; where only ours assess, the others stand with their plain scoring."""
    plain = measure.replace("assess_", "one_")
    rows = [(name, row.get(measure, row.get(plain))) for name, row in result["ratios"].items()]
    return sorted(((n, r) for n, r in rows if r is not None), key=lambda row: -row[1])


def scale(ratios: list[float]) -> tuple[float, float]:
    """Whole powers of ten around the ratios and 1, as exponents."""
    logs = [math.log10(r) for r in ratios] + [0.0]
    low, high = math.floor(min(logs)), math.ceil(max(logs))
    return low, max(high, low + 1)


def text(x: float, y: float, words: str, anchor: str = "start", size: int = 12, weight: str = "normal") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" '
        f'fill="{INK}">{escape(words)}</text>'
    )


def bars(rows: list[tuple[str, float]], top: float, low: float, high: float) -> list[str]:
    def at(ratio: float) -> float:
        return LEFT + (math.log10(ratio) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    out = []
    for number, (name, ratio) in enumerate(rows):
        y, x = top + number * BAR, at(ratio)
        colour = OURS if name.startswith("clienttone") else OTHERS
        left, width = min(x, at(1)), max(abs(x - at(1)), 1)
        out.append(f'<rect x="{left:.1f}" y="{y + 2}" width="{width:.1f}" height="{BAR - 4}" fill="{colour}"/>')
        out += [text(LEFT - 8, y + 13, name, "end"), text(max(x, at(1)) + 6, y + 13, f"{ratio:,.3g}x", size=11)]
    for power in range(math.floor(low), math.ceil(high) + 1):
        x = at(10**power)
        line = f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{top + len(rows) * BAR}" stroke="{INK if power == 0 else GRID}"/>'
        out.insert(0, line)
    return out


def svg(result: dict[str, Any]) -> str:
    """The whole picture."""
    found = {measure: panel_rows(result, measure) for measure in PANELS}
    top, out = (
        34.0,
        [
            text(
                12, 22, "How many times better than the equal scikit-learn pipeline (log scale)", size=15, weight="bold"
            )
        ],
    )
    for measure, rows in found.items():
        if not rows:
            continue
        low, high = scale([r for _, r in rows])
        out.append(text(12, top + 18, PANELS[measure], size=12, weight="bold"))
        out += bars(rows, top + TITLE, low, high)
        top += TITLE + len(rows) * BAR + GAP
    m = result["machine"]
    out.append(text(12, top + 12, f"{m['cpu']}, {m['cores']} cores, Python {m['python']}, {m['date']}", size=11))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top + 24:.0f}" font-family="sans-serif">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="#ffffff"/>', *out, "</svg>"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path, metavar="RESULT.json")
    parser.add_argument("--out", type=Path, metavar="FILE.svg", help="(the result's name with .svg)")
    args = parser.parse_args()
    (args.out or args.result.with_suffix(".svg")).write_text(svg(read(args.result)), encoding="utf-8")


if __name__ == "__main__":
    main()
