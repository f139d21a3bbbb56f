"""Which engine works, and what it costs to start."""

import os
import subprocess
import sys

import pytest

from clienttone import engine, normalize
from clienttone.assessor import DEFAULT_MODEL
from clienttone.model import load_model

SMALL = "import sys, clienttone; clienttone.assess('You idiots, I will sue you. Pay me now!'); print('numpy' in sys.modules)"


def run(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.skipif(engine.ENGINE != "c", reason="the C extension is not built, or numpy was asked for")
def test_with_the_c_engine_one_message_needs_no_numpy():
    assert run(SMALL, CLIENTTONE_ENGINE="") == ["False"]


def test_numpy_does_everything_where_it_is_asked_for():
    assert run(SMALL, CLIENTTONE_ENGINE="numpy") == ["True"]


@pytest.mark.parametrize("name", ["c", "numpy"])
def test_messages_may_change_while_they_are_scored(monkeypatch, name):
    if name == "c" and engine.ENGINE != "c":
        pytest.skip("the C extension is not built, or numpy was asked for")
    monkeypatch.setattr(engine, "ENGINE", name)
    model, messages = load_model(DEFAULT_MODEL), ["> a", "b", "c"]
    for module in (engine, normalize):
        monkeypatch.setattr(module, "cut", lambda message: messages.clear() or message)
    assert engine.score(model, messages).shape == (3, 4)
    assert not messages


def test_both_engines_assess_alike():
    code = """
import clienttone
for text in ("You idiots, I will sue you. Pay me now!", "", "ok", "> a\\n> b", "Bonjour, je voudrais un rendez-vous demain"):
    a = clienttone.assess(text)
    print(a.labels, a.reason, a.threats and a.threats[0].kind, a.evidence["abuse"] and a.evidence["abuse"][0].start)
"""
    assert run(code, CLIENTTONE_ENGINE="numpy") == run(code, CLIENTTONE_ENGINE="")
