"""Several workers give what one gives, in the same order, with few items under way."""

import sys
import threading

import numpy as np
import pytest

import clienttone
from clienttone import assessor, workers
from clienttone.assessor import Assessor
from clienttone.workers import in_order

MESSAGES = [f"Refund me {n} or I will sue you, you clowns" for n in range(7)]


def double(number):
    return 2 * number


@pytest.mark.parametrize("threads", [True, False])
def test_results_come_in_order(threads):
    assert list(in_order(double, iter(range(20)), 2, threads)) == list(range(0, 40, 2))
    assert list(in_order(double, [], 2, threads)) == []


def test_processes_need_no_joblib(monkeypatch):
    monkeypatch.setitem(sys.modules, "joblib", None)
    assert list(in_order(double, range(5), 2, threads=False)) == [0, 2, 4, 6, 8]


def test_few_items_are_under_way():
    taken, before = [], threading.active_count()
    results = in_order(double, (taken.append(n) or n for n in range(100)), 3, threads=True)
    assert next(results) == 0
    assert len(taken) <= 5
    results.close()
    assert threading.active_count() == before


def test_an_error_reaches_the_caller():
    with pytest.raises(TypeError):
        list(in_order(double, [1, None], 2, threads=True))


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(assessor, "CHUNK_MESSAGES", 2)


def test_several_workers_give_what_one_gives(small_chunks):
    assert np.array_equal(clienttone.score_many(MESSAGES, workers=2), clienttone.score_many(MESSAGES))
    assert clienttone.assess_many(MESSAGES, workers=2) == clienttone.assess_many(MESSAGES)
    assert clienttone.assess_many([], workers=2) == []


def test_without_the_c_extension_processes_work(small_chunks, monkeypatch):
    monkeypatch.setattr(assessor, "ENGINE", "numpy")
    found = Assessor(advice_language="el").assess_many(MESSAGES[:4], workers=2)
    assert found == clienttone.assess_many(MESSAGES[:4], advice_language="el")


@pytest.mark.parametrize("value", [1.0, "2", None, True])
def test_workers_must_be_a_whole_number(value):
    for call in (clienttone.score_many, clienttone.assess_many):
        with pytest.raises(TypeError, match="workers must be int"):
            call(["x"], workers=value)


@pytest.mark.parametrize("value", [0, -1])
def test_workers_must_be_at_least_one(value):
    for call in (clienttone.score_many, clienttone.assess_many):
        with pytest.raises(ValueError, match="workers must be at least 1"):
            call(["x"], workers=value)


def test_ctrl_c_is_left_to_the_parent(monkeypatch):
    seen = []
    monkeypatch.setattr("signal.signal", lambda *given: seen.append(given))
    workers.ignore_interrupt()
    assert len(seen) == 1
