"""An SVG of a result of `bench_growth`, with the standard library only: ``plot_growth.py RESULT.json [--out FILE.svg]``.

Seconds against length and against batch size, both axes logarithmic, one line an engine.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

from plot import GRID, INK, OURS, text

SIZE, PAD, TOP = 300, 70, 60
COLOURS = (OURS, "#d07a1f")
TITLES = {
    "length": "seconds, against characters of one message",
    "batch": "seconds, against messages of 120 characters",
}


def span(values: list[float]) -> tuple[int, int]:
    """Whole powers of ten around the values, as exponents."""
    logs = [math.log10(v) for v in values]
    return math.floor(min(logs)), max(math.ceil(max(logs)), math.floor(min(logs)) + 1)


def panel(key: str, engines: dict[str, Any], left: float) -> list[str]:
    lines = {name: entry["seconds"][key] for name, entry in engines.items()}
    xs, ys = (span([p[i] for points in lines.values() for p in points]) for i in (0, 1))

    def at(n: float, seconds: float) -> tuple[float, float]:
        x = left + (math.log10(n) - xs[0]) / (xs[1] - xs[0]) * SIZE
        return x, TOP + SIZE - (math.log10(seconds) - ys[0]) / (ys[1] - ys[0]) * SIZE

    out = [text(left, TOP - 14, TITLES[key], weight="bold"), *grid(at, xs, ys)]
    for number, (name, points) in enumerate(lines.items()):
        path, colour = " ".join("{:.1f},{:.1f}".format(*at(*p)) for p in points), COLOURS[number % len(COLOURS)]
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out.append(f'<rect x="{left + 10}" y="{TOP + 12 + 18 * number}" width="12" height="4" fill="{colour}"/>')
        out.append(
            text(left + 28, TOP + 18 + 18 * number, f"{name}, exponent {engines[name]['exponent'][key]:.2f}", size=11)
        )
    return out


def grid(at: Any, xs: tuple[int, int], ys: tuple[int, int]) -> list[str]:
    out = []
    for power in range(xs[0], xs[1] + 1):
        x, y = at(10**power, 10 ** ys[0])
        out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y:.1f}" y2="{TOP}" stroke="{GRID}"/>')
        out.append(text(x, y + 16, short(10**power), "middle", 10))
    for power in range(ys[0], ys[1] + 1):
        x, y = at(10 ** xs[0], 10**power)
        out.append(f'<line x1="{x:.1f}" x2="{x + SIZE:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>')
        out.append(text(x - 6, y + 4, f"{10.0**power:g}", "end", 10))
    return out


def short(n: int) -> str:
    return f"{n // 10**6}M" if n >= 10**6 else f"{n // 1000}k" if n >= 1000 else str(n)


def svg(result: dict[str, Any]) -> str:
    """The whole picture: two panels side by side."""
    engines = {name: entry for name, entry in result["engines"].items() if entry["status"] == "measured"}
    out = [text(12, 22, "How the cost grows (both axes logarithmic; exponent 1 is linear)", size=15, weight="bold")]
    for number, key in enumerate(TITLES):
        out += panel(key, engines, PAD + number * (SIZE + PAD))
    m, bottom = result["machine"], TOP + SIZE + 44
    note = f"A message is read up to {result['read']:,} characters. {m['cpu']}, {m['cores']} cores, Python {m['python']}, {m['date']}"
    width = 2 * (SIZE + PAD) + 40
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{bottom + 14}" font-family="sans-serif" fill="{INK}">'
    return (
        "\n".join(
            [head, '<rect width="100%" height="100%" fill="#ffffff"/>', *out, text(12, bottom, note, size=11), "</svg>"]
        )
        + "\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path, metavar="RESULT.json")
    parser.add_argument("--out", type=Path, metavar="FILE.svg", help="(the result's name with .svg)")
    args = parser.parse_args()
    result = json.loads(args.result.read_text(encoding="utf-8"))
    (args.out or args.result.with_suffix(".svg")).write_text(svg(result), encoding="utf-8")


if __name__ == "__main__":
    main()
