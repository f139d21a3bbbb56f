"""Two results of `bench_speed` side by side: ``compare.py OLD.json NEW.json``.

Compares ratios (each file's own, against the scikit-learn pipeline of the same run), which travel between machines better than
times. Exit status 0: none fell by more than the tolerance; 1: at least one did; 2: the files cannot be compared.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMAT = 1
TOLERANCE = 0.10


@dataclass(frozen=True, slots=True)
class Change:
    """One ratio in both files; None where a file does not have it."""

    scorer: str
    measure: str
    old: float | None
    new: float | None

    @property
    def factor(self) -> float | None:
        """new / old; None where one of them is missing."""
        return None if self.old is None or self.new is None else self.new / self.old

    def regressed(self, tolerance: float = TOLERANCE) -> bool:
        """The ratio fell by more than the tolerance (a share: 0.1 is 10%)."""
        return self.factor is not None and self.factor < 1 - tolerance


def changes(old: dict[str, Any], new: dict[str, Any], only: str = "") -> list[Change]:
    """Every ratio of either file whose scorer's name starts with ``only``, in the order of the files."""
    before, after = flat(old), flat(new)
    keys = [key for key in dict.fromkeys([*before, *after]) if key[0].startswith(only)]
    return [Change(*key, before.get(key), after.get(key)) for key in keys]


def flat(result: dict[str, Any]) -> dict[tuple[str, str], float]:
    return {(scorer, measure): ratio for scorer, row in result["ratios"].items() for measure, ratio in row.items()}


def read(path: Path) -> dict[str, Any]:
    """A result file. Raises ``ValueError`` saying what is wrong with it."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{path}: expected a result of bench_speed.py, found {type(error).__name__}: {error}"
        ) from None
    found = (result.get("kind"), result.get("format")) if isinstance(result, dict) else None
    if found != ("speed", FORMAT):
        raise ValueError(f"{path}: expected kind and format ('speed', {FORMAT}), found {found}")
    return dict(result)


def line(change: Change, tolerance: float) -> str:
    old, new = (f"{x:10,.3g}" if x is not None else "         -" for x in (change.old, change.new))
    factor = change.factor
    verdict = (
        "not in both"
        if factor is None
        else f"{factor - 1:+7.1%}" + ("  REGRESSION" if change.regressed(tolerance) else "")
    )
    return f"{change.scorer:20} {change.measure:22} {old} {new}  {verdict}"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path, metavar="OLD.json")
    parser.add_argument("new", type=Path, metavar="NEW.json")
    parser.add_argument("--only", default="", metavar="PREFIX", help='scorers whose name starts so, as "clienttone"')
    parser.add_argument("--tolerance", type=float, default=TOLERANCE, metavar="SHARE", help="allowed fall (0.1)")
    args = parser.parse_args(argv)
    try:
        old, new = read(args.old), read(args.new)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if old.get("settings") != new.get("settings"):
        print("the settings of the two runs differ: some changes may come from that", file=sys.stderr)
    found = changes(old, new, args.only)
    print(f"{'scorer':20} {'measure':22} {'old':>10} {'new':>10}  change")
    print("\n".join(line(change, args.tolerance) for change in found))
    if all(change.factor is None for change in found):
        print("no ratio stands in both files", file=sys.stderr)
        return 2
    return int(any(change.regressed(args.tolerance) for change in found))


if __name__ == "__main__":
    sys.exit(main())
