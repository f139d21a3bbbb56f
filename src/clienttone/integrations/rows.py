"""What a table's rows are to be assessed with, and what the assessment adds to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from clienttone.results import LABELS, Assessment

LISTS = ("labels", "threat_kinds", "patterns", "advice")
RESULT_COLUMNS = (*LABELS, "labels", "threat_kinds", "patterns", "next_step", "advice", "reliable", "reason", "error")
_DIGITS = 6

AssessMany = Callable[[Sequence[str]], Sequence[Assessment]]
Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How to read, score and write a table.

    ``id_column`` only names bad rows on stderr. ``format`` is csv, jsonl or parquet, or None to go by the file names.
    With ``workers`` above 1 the assessing function must be picklable. ``chunk_size`` is in rows. Without ``advice``
    that column is left out. The ``progress`` bar needs a terminal on stderr.
    """

    text_column: str = "text"
    id_column: str | None = None
    format: str | None = None
    overwrite: bool = False
    workers: int = 1
    chunk_size: int = 2000
    advice: bool = True
    progress: bool = True

    def __post_init__(self) -> None:
        for name in ("workers", "chunk_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"TableOptions.{name} must be at least 1, not {getattr(self, name)}")

    def results(self) -> tuple[str, ...]:
        """The result columns of this run."""
        return tuple(name for name in RESULT_COLUMNS if self.advice or name != "advice")


@dataclass(frozen=True, slots=True)
class Cell:
    """What is to be assessed of one row: its ``text``, or the ``problem`` for which there is none."""

    text: str = ""
    problem: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows in the format's own form, their cells, and how far the input is read (bytes or rows)."""

    rows: Any
    cells: list[Cell]
    position: int


def score_cells(assess_many: AssessMany, cells: list[Cell]) -> list[Result]:
    """One result a cell, in order; a cell with a problem has no values but its ``error``."""
    scored = iter(assess_many([cell.text for cell in cells if not cell.problem]))
    blank = dict.fromkeys(RESULT_COLUMNS)
    return [{**blank, "error": cell.problem} if cell.problem else _result(next(scored)) for cell in cells]


def _result(assessment: Assessment) -> Result:
    return {
        **{label: round(float(getattr(assessment.scores, label)), _DIGITS) for label in LABELS},
        "labels": list(assessment.labels),
        "threat_kinds": list(dict.fromkeys(x.kind for x in assessment.threats)),
        "patterns": [x.name for x in assessment.patterns],
        "next_step": assessment.decision.next_step,
        "advice": [x.text for x in assessment.advice],
        "reliable": assessment.reliable,
        "reason": assessment.reason,
        "error": "",
    }
