"""What the command line takes: one parser for all sub-commands, and the exit codes."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from clienttone import __version__
from clienttone.results import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

OK, SOME_ROWS_FAILED, USAGE, BAD_FILE, INTERRUPTED = 0, 1, 2, 3, 130
EPILOG = """exit codes:
  0    ok
  1    some rows of a batch failed (the others are written)
  2    wrong usage
  3    a file or its data cannot be used
  130  interrupted

Colours appear on a terminal, unless NO_COLOR is set."""

Parser = argparse.ArgumentParser


class _Parser(Parser):
    """A parser whose errors leave out what was typed: it may be a message."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        said = re.split(r"['\"]", message, maxsplit=1)[0].rstrip(": ")
        self.exit(USAGE, f"{self.prog}: error: {said}\n")


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of one run: ``command`` names the (sub-)command, ``context`` is the `Context` that was given.

    Wrong usage ends in ``SystemExit(2)``.
    """
    parser = build_parser()
    options, rest = parser.parse_known_args(argv)
    if rest:
        parser.error(f"{len(rest)} unknown arguments. Quote the message; put -- before it if it starts with a dash")
    try:
        options.context = _context(options)
    except (TypeError, ValueError) as error:
        parser.error(str(error))
    return options


def _context(options: argparse.Namespace) -> Context:
    given = {name: getattr(options, name, None) for name in Context.__match_args__}
    return Context(**{name: value for name, value in given.items() if value is not None})


def build_parser() -> Parser:
    """The parser of all sub-commands; each sets ``command`` to its name, such as "policy check"."""
    parser = _Parser(
        prog="clienttone", description="How hostile is a client's message, why, and what to do.", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"clienttone {__version__}")
    message = _shared("text", nargs="?", metavar="TEXT", help="the message; without it or with -, standard input")
    model = _shared("--model", type=Path, metavar="DIR", help="a model of your own (the shipped one)")
    policy = _shared("--policy", type=Path, metavar="FILE", help="a policy of your own (TOML)")
    language = _shared("--advice-language", default="en", metavar="TAG", help="en, fil, el, ne, nb, id or auto")
    progress = _shared("--no-progress", dest="progress", action="store_false", help="no progress bar")
    context, data = _context_options(), _data_options()
    add = _adder(parser)
    assess = add("assess", "assess one message", message, policy, model, language, context)
    assess.add_argument("--json", action="store_true", help="for machines")
    _add_batch_options(add("batch", "assess a file of messages", policy, model, language, progress))
    _add_train_options(add("train", "train a model", data, progress))
    add("evaluate", "measure a model", data, model)
    add_policy = _adder(add("policy", "check or explain a policy"), "policy ")
    check = add_policy("check", "check a policy file")
    check.add_argument("file", nargs="?", type=Path, metavar="FILE", help="without it, all that is shipped")
    add_policy("explain", "which rules were tried, and why one won", message, policy, model, context)
    add_advice = _adder(add("advice", "the advice there is"), "advice ")
    add_advice("list", "every advice id with its text and source", language)
    add("info", "version, model and engine", model)
    return parser


def _adder(parser: Parser, group: str = "") -> Callable[..., Parser]:
    """A function that adds one sub-command to ``parser``."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, text: str, *parents: Parser) -> Parser:
        command = commands.add_parser(name, help=text, description=text, parents=parents, allow_abbrev=False)
        command.set_defaults(command=group + name)
        return command

    return add


def _shared(*names: str, **details: Any) -> Parser:
    """A parent of several commands, with one argument."""
    parser = _Parser(add_help=False)
    parser.add_argument(*names, **details)
    return parser


def _context_options() -> Parser:
    parser = _Parser(add_help=False)
    group = parser.add_argument_group("context", "what you know beside the message; nothing is guessed")
    group.add_argument("--amount", type=float, dest="amount_at_stake", metavar="N", help="money at stake")
    group.add_argument("--currency", metavar="CODE", help="ISO 4217 code of the amounts")
    group.add_argument("--relationship-months", type=float, metavar="N", help="how long the client has been one")
    group.add_argument("--monthly-value", type=float, metavar="N", help="revenue a month")
    group.add_argument("--earlier-threats", type=int, metavar="N", help="ultimatums made before")
    group.add_argument("--carried-out", type=int, metavar="N", help="those that were carried out")
    group.add_argument("--written-contract", action=argparse.BooleanOptionalAction, help="the terms are in writing")
    group.add_argument("--country", metavar="CODE", help="ISO 3166 alpha-2 code")
    return parser


def _data_options() -> Parser:
    parser = _Parser(add_help=False)
    parser.add_argument("--data", type=Path, default=Path("data"), metavar="DIR", help="the data folder (data)")
    parser.add_argument("--corpora", type=Path, metavar="DIR", help="folder of the corpora that are not shipped")
    return parser


def _add_batch_options(parser: Parser) -> None:
    parser.add_argument("source", type=Path, metavar="IN", help="CSV, JSONL or Parquet")
    parser.add_argument("target", type=Path, metavar="OUT", help="the same format, with the result columns added")
    parser.add_argument("--text-column", default="text", metavar="NAME", help="column of the messages (text)")
    parser.add_argument("--id-column", metavar="NAME", help="column that names bad rows on stderr")
    parser.add_argument("--format", choices=("csv", "jsonl", "parquet"), help="where the file names do not say")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    parser.add_argument("--workers", type=_count, default=1, metavar="N", help="processes (1)")
    parser.add_argument("--chunk-size", type=_count, default=2000, metavar="N", help="rows in memory at a time (2000)")
    parser.add_argument("--no-advice", dest="advice", action="store_false", help="leave out the advice column")


def _add_train_options(parser: Parser) -> None:
    folder = Path("trained")
    parser.add_argument("--out", type=Path, default=folder, metavar="DIR", help="folder of the model (trained)")
    parser.add_argument("--licence", choices=("all", "permissive"), default="all", help="sources to train on (all)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="same seed, same model (0)")


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError("must be a whole number of at least 1")
    return int(text)
