"""A threat's span lies on the sentence that makes it: 60 messages of several sentences, one of which is a threat."""

from __future__ import annotations

import json
from pathlib import Path

from clienttone import assess

CASES = json.loads((Path(__file__).parent / "cases" / "threat_spans.json").read_text(encoding="utf-8"))


def overlaps(case, threat):
    start = case["text"].index(case["sentence"])
    return threat.start < start + len(case["sentence"]) and threat.end > start


def test_spans_overlap_the_sentence_that_threatens():
    first = [(case, found.threats[0]) for case in CASES if (found := assess(case["text"])).threats]
    assert len(first) >= 0.6 * len(CASES), "most of the threats are found"
    right = [overlaps(case, threat) for case, threat in first]
    assert sum(right) >= 0.9 * len(right), [
        case["text"] for (case, _), good in zip(first, right, strict=True) if not good
    ]
