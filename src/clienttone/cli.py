"""The command line: ``clienttone assess | batch | train | evaluate | policy | advice | info``.

Exit codes: 0 ok; 1 some rows of a batch failed; 2 wrong usage; 3 a file or its data cannot be used; 130 interrupted.
Errors are one line on stderr and never repeat a message's text.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager, suppress
from functools import cache

from clienttone import __version__
from clienttone.card import one_line, to_text
from clienttone.errors import ClientToneError, DataError, MissingExtra, explain
from clienttone.options import BAD_FILE, INTERRUPTED, OK, SOME_ROWS_FAILED, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from clienttone.assessor import Assessor
    from clienttone.results import Assessment


@cache
def load_assessor(model: Path | None, policy: Path | None, advice_language: str) -> Assessor:
    """The assessor of these files (None: the shipped ones), loaded once a process."""
    from clienttone.assessor import Assessor

    return Assessor(model=model, policy=policy, advice_language=advice_language)


def assess_rows(model: Path | None, policy: Path | None, language: str, messages: Sequence[str]) -> list[Assessment]:
    """`Assessor.assess_many` in a form that worker processes can be sent."""
    return load_assessor(model, policy, language).assess_many(messages)


def _message(text: str | None) -> str:
    if text is not None and text != "-":
        return text
    if sys.stdin.isatty():
        print("Type or paste the message, then press Ctrl-D.", file=sys.stderr)
    return sys.stdin.read()


def _print_json(value: object) -> None:
    import json

    # ASCII escapes reach any terminal or pipe unharmed
    print(json.dumps(value, indent=2))


def _assess(options: argparse.Namespace) -> int:
    assessor = load_assessor(options.model, options.policy, options.advice_language)
    message = _message(options.text)
    assessment = assessor.assess(message, context=options.context)
    if options.json:
        _print_json(assessment.as_dict())
    else:
        print(to_text(assessment, message, color=_colour()))
    return OK


def _colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _batch(options: argparse.Namespace) -> int:
    from functools import partial

    from clienttone.integrations.tables import TableOptions, assess_table

    table = TableOptions(**{name: getattr(options, name) for name in TableOptions.__match_args__})
    load_assessor(options.model, options.policy, options.advice_language)  # a bad model is known before any work
    assess_many = partial(assess_rows, options.model, options.policy, options.advice_language)
    with _terminated_is_interrupted():
        counts = assess_table(options.source, options.target, assess_many, table)
    print(f"{counts.rows:,} rows written to {options.target}, {counts.failed:,} with an error", file=sys.stderr)
    return SOME_ROWS_FAILED if counts.failed else OK


@contextmanager
def _terminated_is_interrupted() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does, so that the temporary file is removed."""
    import signal
    import threading

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _train(options: argparse.Namespace) -> int:
    data = _data_folder(options.data)
    with _train_extra():
        from clienttone.training.fit import train
    train(data, options.out, options.corpora, options.licence, options.seed, options.progress)
    print(f"model written to {options.out}", file=sys.stderr)
    return OK


def _evaluate(options: argparse.Namespace) -> int:
    data = _data_folder(options.data)
    with _train_extra():
        from clienttone.training.evaluate import evaluate
    _print_json(evaluate(options.model, data, options.corpora))
    return OK


def _data_folder(data: Path) -> Path:
    if not data.is_dir():
        remedy = "Run this in a clone of the repository, or name its data folder with --data."
        raise DataError(explain(data, "the data folder", "no folder", remedy))
    return data


@contextmanager
def _train_extra() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtra(f"{error.name} is not installed. Run: pip install 'clienttone[train]'") from error


def _policy_check(options: argparse.Namespace) -> int:
    from clienttone.policy import load_policy

    if options.file is None:
        _check_shipped()
        return OK
    load_policy(options.file)
    print(f"{options.file}: ok")
    return OK


def _check_shipped() -> None:
    """Hold the shipped rules and locales to every rule for their kind; the other commands only see that none is altered."""
    from clienttone.advice import languages, read_catalog
    from clienttone.policy import check_default_policy
    from clienttone.threat_rules import check_rules, load_rules
    from clienttone.tomlfiles import shipped_path

    check_default_policy()
    load_rules()
    check_rules()
    for language in languages():
        read_catalog(shipped_path(f"locales/{language}.toml"))
    print(f"policy, threat rules and advice in {len(languages())} languages: ok")


def _policy_explain(options: argparse.Namespace) -> int:
    assessor = load_assessor(options.model, options.policy, "en")
    assessment = assessor.assess(_message(options.text), context=options.context)
    for tried in assessor.policy.trace(assessment.prediction, options.context):
        print(one_line(str(tried)))
    decision = assessment.decision
    print(f"won: {one_line(decision.rule)}, severity {decision.severity}, next step {decision.next_step}")
    return OK


def _advice_list(options: argparse.Namespace) -> int:
    from clienttone.advice import languages, load_catalog

    written_in = " ".join(languages())  # a catalog that lacks an id does not load
    for advice in load_catalog(options.advice_language).entries.values():
        source = " ".join(advice.source) or "no row"
        print(f"{advice.id} [{source}] ({written_in})\n    {one_line(advice.text)}")
    return OK


def _info(options: argparse.Namespace) -> int:
    from clienttone.engine import ENGINE

    model = load_assessor(options.model, None, "en").model
    print(f"clienttone {__version__}\nmodel {model.name}\nengine {ENGINE}")
    return OK


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "assess": _assess,
    "batch": _batch,
    "train": _train,
    "evaluate": _evaluate,
    "policy check": _policy_check,
    "policy explain": _policy_explain,
    "advice list": _advice_list,
    "info": _info,
}


def _open_streams() -> None:
    """Any bytes may come in and any character go out; line ends stay as they are, so that offsets fit the input."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape", newline="")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; wrong usage ends in ``SystemExit(2)``."""
    _open_streams()
    options = parse(argv)
    try:
        code = _COMMANDS[options.command](options)
        sys.stdout.flush()
    except BrokenPipeError:
        with suppress(OSError):  # the reader has left; nothing more may be written at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except (ClientToneError, OSError) as error:
        print(f"clienttone: error: {' '.join(str(error).split())}", file=sys.stderr)
        return BAD_FILE
    except KeyboardInterrupt:
        print("clienttone: interrupted", file=sys.stderr)
        return INTERRUPTED
    return code


if __name__ == "__main__":
    sys.exit(main())
