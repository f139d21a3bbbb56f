"""The public surface on the shipped model."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import clienttone

HOSTILE = "Refund me by Friday or my lawyers will shut you down, you clowns"


def test_the_surface_is_sorted_and_complete():
    assert list(clienttone.__all__) == sorted(clienttone.__all__)
    assert all(hasattr(clienttone, name) for name in clienttone.__all__)


def test_a_hostile_message():
    a = clienttone.assess(HOSTILE)
    assert {"abuse", "threat"} <= {*a.labels}
    assert a.threats[0].kind == "legal"
    assert HOSTILE[a.threats[0].start : a.threats[0].end]
    assert a.decision.rule
    assert a.advice
    assert a.reliable
    words = {HOSTILE[e.start : e.end] for e in a.evidence["abuse"]}
    assert any("clowns" in w for w in words)
    assert json.loads(json.dumps(a.as_dict()))["scores"]["threat"] == pytest.approx(a.scores.threat)


def test_an_ordinary_message_gets_no_advice():
    a = clienttone.assess("Could you move my appointment to Thursday, please?")
    assert (a.labels, a.threats, a.patterns, a.advice) == ((), (), (), ())


def test_the_message_is_not_kept():
    a = clienttone.assess("zyxwvut you idiots")
    assert "zyxwvut" not in repr(a)
    assert "zyxwvut" not in a._repr_html_()
    assert "zyxwvut" in a.html("zyxwvut you idiots")


def test_many_and_one_give_the_same_numbers():
    messages = [HOSTILE, "", "ok", "θα σας κάνω μήνυση", "> quoted\nplain answer here"] * 3
    many = clienttone.assess_many(messages)
    scores = clienttone.score_many(messages)
    assert scores.shape == (15, 4)
    assert scores.dtype == np.float32
    for message, a, row in zip(messages, many, scores, strict=True):
        assert a == clienttone.assess(message)
        assert [a.scores.abuse, a.scores.threat, a.scores.frustration] == pytest.approx(row[[0, 1, 3]], abs=1e-6)


@pytest.mark.parametrize("value", [None, b"bytes", 7, 1.5, ["list"]])
def test_what_is_not_a_message_is_named(value):
    with pytest.raises(TypeError, match="message must be str"):
        clienttone.assess(value)
    with pytest.raises(TypeError, match=r"messages\[1\] must be str"):
        clienttone.score_many(["fine", value])


@pytest.mark.parametrize("value", ["one string", b"bytes", None, 3])
def test_messages_must_be_several(value):
    with pytest.raises(TypeError, match="messages must be an iterable of str"):
        clienttone.assess_many(value)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        ("\u200b\u200e", "empty"),
        ("ok", "too_short"),
        ("> You idiots\n> I will sue you\n", "mostly_quoted"),
        ("Wann kommt denn endlich meine Bestellung an, ich warte schon seit drei Wochen darauf", "unknown_language"),
        ("これは三週間も待っている注文についての苦情です", "unknown_language"),
        ("Где мой заказ? Я жду уже три недели и никто не отвечает", "unknown_language"),
    ],
)
def test_not_sure_is_an_answer(message, reason):
    a = clienttone.assess(message)
    assert (a.reliable, a.reason) == (False, reason)


@pytest.mark.parametrize(
    "message",
    [
        "\ud800 lone \udfff",
        "a\x00b",
        "x" * 10_000_000,
        "😡" * 100_000,
        "\u202e\u2067abc\u2069",
        "!" * 50_000,
        "\n" * 50_000,
        "@" * 9999,
        ">" * 9999,
    ],
    ids=["surrogates", "nul", "10MB", "emoji", "bidi", "marks", "lines", "at", "quotes"],
)
def test_any_string_is_answered(message):
    a = clienttone.assess(message)
    assert all(0 <= s <= 1 for s in (a.scores.abuse, a.scores.threat, a.scores.bluff, a.scores.frustration))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_spans_lie_inside_the_message(message):
    a = clienttone.assess(message)
    spans = [(e.start, e.end) for label in a.evidence.values() for e in label] + [(t.start, t.end) for t in a.threats]
    assert all(0 <= start < end <= len(message) for start, end in spans)
    for spans in a.evidence.values():
        assert [e.contribution for e in spans] == sorted((e.contribution for e in spans), reverse=True)


def test_language_of_advice_changes_no_decision():
    plain = clienttone.assess(HOSTILE)
    for language in ("fil", "el", "ne", "nb", "id", "nb-NO"):
        a = clienttone.assess(HOSTILE, advice_language=language)
        assert (a.prediction, a.decision) == (plain.prediction, plain.decision)
        assert [x.id for x in a.advice] == [x.id for x in plain.advice]


def test_an_unknown_advice_language_is_refused():
    with pytest.raises(clienttone.LocaleError, match="fil"):
        clienttone.assess("hello there", advice_language="xx")


def test_import_loads_numpy_at_most():
    code = "import sys, clienttone; clienttone.assess('hello'); print(*{m.partition('.')[0] for m in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"sklearn", "scipy", "pandas", "joblib", "datasets", "pyarrow", "tqdm"} & {*loaded}


def test_import_alone_loads_next_to_nothing():
    code = "import sys; before = {*sys.modules}; import clienttone; print(*{*sys.modules} - before)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    ours = {"clienttone", *(f"clienttone.{name}" for name in ("errors", "records", "results", "version"))}
    assert {name for name in loaded if name.startswith("clienttone")} == ours
    assert not {"numpy", "dataclasses", "typing", "json"} & {*loaded}


def test_names_that_are_imported_late_are_there():
    assert {"Assessor", "load_model", "load_policy"} <= {*dir(clienttone)}
    assert clienttone.load_policy is clienttone.load_policy
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = clienttone.nothing
