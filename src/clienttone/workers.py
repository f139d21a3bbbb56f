"""One function over many items on several cores: results in order, and only a few items under way at a time."""

from __future__ import annotations

from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor, Future
    from typing import Any, TypeVar

    Item = TypeVar("Item")
    Result = TypeVar("Result")


def check_workers(workers: object) -> None:
    """Raise ``TypeError`` or ``ValueError`` for anything but a whole number of at least 1."""
    if isinstance(workers, bool) or not isinstance(workers, int):
        raise TypeError(f"workers must be int, not {type(workers).__name__}")
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int, threads: bool
) -> Iterator[Result]:
    """``map`` with ``workers`` threads, or processes, in which case ``function`` and the items must be picklable.

    Threads are for a function that lets go of the interpreter. Processes are joblib's where it is installed, which share
    large arrays, and else the standard library's.
    """
    if workers == 1:
        return map(function, items)
    if threads:
        from concurrent.futures import ThreadPoolExecutor

        return _pooled(ThreadPoolExecutor(workers), function, items, workers)
    return _joblib(function, items, workers) or _processes(function, items, workers)


def _joblib(function: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result] | None:
    from importlib import import_module

    try:
        joblib: Any = import_module("joblib")
    except ImportError:
        return None
    jobs = (joblib.delayed(function)(item) for item in items)
    found: Iterator[Result] = joblib.Parallel(workers, return_as="generator", pre_dispatch=workers + 1)(jobs)
    return found


def _processes(function: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return _pooled(ProcessPoolExecutor(workers, get_context("spawn"), ignore_interrupt), function, items, workers)


def ignore_interrupt() -> None:
    """Let the parent handle an interrupt: a traceback from each worker would only bury its message."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _pooled(
    pool: Executor, function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[Result]:
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
