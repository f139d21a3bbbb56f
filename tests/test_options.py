from dataclasses import fields
from pathlib import Path

import pytest

from clienttone.integrations.tables import TableOptions
from clienttone.options import parse
from clienttone.results import Context

SECRET = "you clowns"


def usage_error(argv, capsys):
    with pytest.raises(SystemExit) as caught:
        parse(argv)
    assert caught.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    "argv",
    [
        [],
        [SECRET],
        ["assess", "hello", *SECRET.split()],
        ["assess", "--clowns"],
        ["assess", f"-h{SECRET}'s"],
        ["assess", "x", "--amount", SECRET],
        ["assess", "x", "--amount", "-1"],
        ["assess", "x", "--js"],
        ["batch", "in.csv"],
        ["batch", "in.csv", "out.csv", "--workers", "0"],
        ["batch", "in.csv", "out.csv", "--format", "xls"],
        ["policy"],
    ],
)
def test_wrong_usage_repeats_no_message(capsys, argv):
    error = usage_error(argv, capsys)
    assert "clienttone" in error
    assert "clowns" not in error
    assert "Traceback" not in error


def test_usage_errors_say_what_is_wrong(capsys):
    assert "Context.amount_at_stake must be" in usage_error(["assess", "x", "--amount", "-1"], capsys)
    assert "Quote the message" in usage_error(["assess", "x", "y"], capsys)
    assert "--workers: must be a whole number" in usage_error(["batch", "a", "b", "--workers", "0"], capsys)


def test_help_documents_the_exit_codes(capsys):
    with pytest.raises(SystemExit):
        parse(["--help"])
    out = capsys.readouterr().out
    for code in ("0", "1", "2", "3", "130"):
        assert f"\n  {code} " in out


def test_commands_and_defaults():
    assert parse(["info"]).command == "info"
    assert parse(["policy", "check", "f"]).command == "policy check"
    assert parse(["assess", "x"]).context == Context()
    train = parse(["train"])
    assert (train.data, train.corpora, train.licence, train.seed, train.progress) == (
        Path("data"),
        None,
        "all",
        0,
        True,
    )


def test_batch_defaults_are_those_of_the_library():
    options = parse(["batch", "a", "b"])
    assert TableOptions(**{f.name: getattr(options, f.name) for f in fields(TableOptions)}) == TableOptions()
