"""What the tests of tables share."""

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq

from clienttone.integrations.tables import TableOptions, assess_table
from clienttone.results import LABELS, Advice, Assessment, Decision, Pattern, Prediction, Scores, Threat

QUIET = TableOptions(progress=False)


def fake(messages):
    """Assessments whose abuse score tells the length of the message."""
    return [one(message) for message in messages]


def one(message):
    scores = Scores(len(message) / 1000, 0.5, 0.25, 0.123456789)
    threats = tuple(Threat(kind, 0.9, 0, 1) for kind in ("legal", "churn", "legal"))
    prediction = Prediction(
        scores, ("abuse", "threat"), {}, threats, (Pattern("distrust", 0.7),), dict.fromkeys(LABELS, ()),
        reliable=bool(message), reason="" if message else "empty",
    )  # fmt: skip
    return Assessment(
        prediction, Decision("r", 1, "acknowledge", ()), (Advice("a", "Listen."), Advice("b", "Mend it."))
    )


def interrupted(messages):
    raise KeyboardInterrupt


def run(tmp_path, name, content, assess_many=fake, **options):
    source, target = tmp_path / f"in{name}", tmp_path / f"out{name}"
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    counts = assess_table(source, target, assess_many, TableOptions(**{"progress": False, **options}))
    return counts, target


def read_csv(path):
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as handle:
        return list(csv.DictReader(handle))


def read_jsonl(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def parquet(tmp_path, columns, schema=None):
    source = tmp_path / "in.parquet"
    pq.write_table(pa.table(columns, schema=schema), source, row_group_size=2)
    return source
