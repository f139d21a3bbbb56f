import importlib
import inspect
import io
import json
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from clienttone import cli
from clienttone.engine import ENGINE
from clienttone.errors import DataError, LocaleError, MissingExtra, ModelError
from clienttone.results import LABELS, Advice, Assessment, Context, Decision, Evidence, Prediction, Scores

SECRET = "you clowns"


class Fake:
    """An assessor that remembers what it was given."""

    model = SimpleNamespace(name="tiny-1")

    def __init__(self):
        self.seen = []
        self.policy = SimpleNamespace(
            trace=lambda prediction, context: (f"rule a tried with {context.earlier_threats}",)
        )

    def assess(self, message, *, context=None):
        self.seen.append((message, context))
        evidence = {**dict.fromkeys(LABELS, ()), "abuse": (Evidence(0, 3, 1.0),)}
        prediction = Prediction(Scores(0.9, 0.1, 0.1, 0.1), ("abuse",), {"abuse": "high"}, (), (), evidence)
        return Assessment(prediction, Decision("calm", 2, "set_boundary", ("a",)), (Advice("a", "Μείνετε ήρεμοι."),))

    def assess_many(self, messages):
        return [self.assess(message) for message in messages]


@pytest.fixture
def fake(monkeypatch):
    assessor = Fake()
    assessor.asked = []

    def load(*asked):
        assessor.asked.append(asked)
        return assessor

    monkeypatch.setattr(cli, "load_assessor", load)
    return assessor


def test_assess_prints_a_card(fake, capsys):
    assert cli.main(["assess", SECRET]) == 0
    out = capsys.readouterr().out
    assert "[you] clowns" in out
    assert "\x1b" not in out
    assert "Μείνετε ήρεμοι." in out
    assert fake.seen == [(SECRET, Context())]


@pytest.mark.parametrize(("no_color", "coloured"), [(None, True), ("1", False)])
def test_colours_need_a_terminal_and_no_veto(fake, capsys, monkeypatch, no_color, coloured):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", no_color)
    cli.main(["assess", SECRET])
    assert ("\x1b[1myou\x1b[0m" in capsys.readouterr().out) == coloured


def test_json(fake, capsys):
    assert cli.main(["assess", "--json", SECRET]) == 0
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out)["decision"]["next_step"] == "set_boundary"
    assert SECRET not in out


@pytest.mark.parametrize("argv", [["assess"], ["assess", "-"]])
def test_message_from_stdin_as_it_is(fake, monkeypatch, argv):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\r\n\xff\xce\xb1\n"), encoding="ascii"))
    assert cli.main(argv) == 0
    assert fake.seen[0][0] == "a\r\n\udcffα\n"


def test_context_options(fake):
    argv = ["--amount", "250", "--currency", "USD", "--country", "PH", "--earlier-threats", "2", "--carried-out", "1",
            "--relationship-months", "6", "--monthly-value", "99.5", "--no-written-contract"]  # fmt: skip
    assert cli.main(["assess", *argv, "--", "-dash first"]) == 0
    assert fake.seen == [("-dash first", Context(250.0, "USD", 6.0, 99.5, 2, 1, False, "PH"))]


def test_files_and_language_reach_the_assessor(fake, tmp_path):
    argv = ["assess", "x", "--model", str(tmp_path), "--policy", str(tmp_path / "p.toml"), "--advice-language", "el"]
    cli.main(argv)
    assert fake.asked == [(tmp_path, tmp_path / "p.toml", "el")]


def test_surrogates_do_not_break_the_output(fake, capsys):
    assert cli.main(["assess", "\udcff\x1b[2J"]) == 0
    out = capsys.readouterr().out
    assert "\\udcff" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    "error",
    [ModelError("m:\n expected"), LocaleError("l"), DataError("d"), MissingExtra("x"), OSError(2, "No file", "f")],
)
def test_errors_are_one_line_and_code_3(monkeypatch, capsys, error):
    def load(*_):
        raise error

    monkeypatch.setattr(cli, "load_assessor", load)
    assert cli.main(["assess", SECRET]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("clienttone: error: ")
    assert captured.err.count("\n") == 1
    assert SECRET not in captured.err


def test_interrupt_is_130(monkeypatch, capsys):
    def load(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "load_assessor", load)
    assert cli.main(["assess", SECRET]) == 130
    assert capsys.readouterr().err == "clienttone: interrupted\n"


def test_batch(fake, tmp_path, capsys):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("body\na\nb\n")
    argv = ["batch", str(source), str(target), "--text-column", "body", "--no-progress"]
    before = signal.getsignal(signal.SIGTERM)
    assert cli.main(argv) == 0
    assert signal.getsignal(signal.SIGTERM) is before
    assert target.read_text("utf-8").count("\n") == 3
    assert "2 rows written" in capsys.readouterr().err
    assert cli.main(argv) == 3
    assert "--overwrite" in capsys.readouterr().err
    source.write_text("body\na\nb,c\n")
    assert cli.main([*argv, "--overwrite", "--no-advice"]) == 1
    assert "row 2: expected 1 fields, found 2" in capsys.readouterr().err
    assert "advice" not in target.read_text("utf-8")


def signature(function):
    """What ``function`` would get from a call, by name; the call must fit it."""
    return lambda *args, **more: inspect.signature(function).bind(*args, **more).arguments


@pytest.fixture
def training(monkeypatch):
    """The training modules, with functions that only note how they are called."""
    calls = {}
    for module, name in (("fit", "train"), ("evaluate", "evaluate")):
        pytest.importorskip("sklearn")
        real = importlib.import_module(f"clienttone.training.{module}")
        bound = signature(getattr(real, name))
        monkeypatch.setattr(real, name, lambda *a, name=name, bound=bound, **k: calls.update({name: bound(*a, **k)}))
    return calls


def test_train_and_evaluate_fit_the_training_functions(training, capsys, tmp_path):
    argv = ["--data", str(tmp_path), "--corpora", "c"]
    assert cli.main(["train", *argv, "--out", "o", "--licence", "permissive", "--seed", "7", "--no-progress"]) == 0
    assert training["train"] == {
        "data": tmp_path, "out": Path("o"), "corpora": Path("c"), "licence": "permissive", "seed": 7, "progress": False,
    }  # fmt: skip
    assert capsys.readouterr().err == "model written to o\n"
    assert cli.main(["evaluate", "--model", "m", *argv]) == 0
    assert training["evaluate"] == {"model": Path("m"), "data": tmp_path, "corpora": Path("c")}
    assert capsys.readouterr().out == "null\n"
    assert cli.main(["evaluate", "--data", str(tmp_path)]) == 0
    assert training["evaluate"] == {"model": None, "data": tmp_path, "corpora": None}


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_missing_data_folder_names_the_option(command, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert cli.main([command]) == 3
    assert "data: expected the data folder, found no folder." in (error := capsys.readouterr().err)
    assert "--data" in error


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_missing_training_extra_names_the_command(command, monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    for name in ("fit", "evaluate", "calibrate"):
        monkeypatch.delitem(sys.modules, f"clienttone.training.{name}", raising=False)
    assert cli.main([command, "--data", str(tmp_path)]) == 3
    error = capsys.readouterr().err
    assert "is not installed. Run: pip install 'clienttone[train]'" in error


def test_policy_explain(fake, capsys):
    assert cli.main(["policy", "explain", SECRET, "--earlier-threats", "2"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out == ["rule a tried with 2", "won: calm, severity 2, next step set_boundary"]


def test_policy_check(tmp_path, capsys):
    path = tmp_path / "mine.toml"
    path.write_text('extends = "default"\n')
    assert cli.main(["policy", "check", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: ok\n"
    path.write_text("unknown = 1\n")
    assert cli.main(["policy", "check", str(path)]) == 3
    assert "unknown" in capsys.readouterr().err
    assert cli.main(["policy", "check", str(tmp_path / "none.toml")]) == 3


def test_policy_check_without_a_file_checks_what_is_shipped(capsys):
    assert cli.main(["policy", "check"]) == 0
    assert capsys.readouterr().out == "policy, threat rules and advice in 6 languages: ok\n"


def test_advice_list(capsys):
    from clienttone.advice import load_catalog

    assert cli.main(["advice", "list"]) == 0
    out = capsys.readouterr().out
    for advice in load_catalog("en").entries.values():
        assert f"{advice.id} [{' '.join(advice.source) or 'no row'}]" in out
        assert advice.text in out
    assert cli.main(["advice", "list", "--advice-language", "xx"]) == 3
    assert "en" in capsys.readouterr().err


def test_info_and_version(fake, capsys):
    assert cli.main(["info"]) == 0
    assert capsys.readouterr().out == f"clienttone {cli.__version__}\nmodel tiny-1\nengine {ENGINE}\n"
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"clienttone {cli.__version__}\n"
