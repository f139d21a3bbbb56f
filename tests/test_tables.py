import tracemalloc

import pytest
from tabular import QUIET, fake, interrupted, parquet, read_csv, run

from clienttone.errors import DataError
from clienttone.integrations.tables import Counts, TableOptions, assess_table


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        ("", {}, "a column 'text'"),
        ("my secret words,x\n1,2\n", {}, "a column 'text', found 2 other columns"),
        ("text\na\n", {"id_column": "id"}, "a column 'id'"),
        ("text,text\na,b\n", {}, "every column name once, found an earlier name in column 2"),
        ("text,threat,reason\na,b,c\n", {}, "threat, reason"),
    ],
)
def test_bad_columns_are_found_before_any_work(tmp_path, content, options, words):
    with pytest.raises(DataError, match=words) as caught:
        run(tmp_path, ".csv", content, interrupted, **options)
    assert "secret" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["in.csv"]


def test_never_overwrites_unless_told(tmp_path):
    (tmp_path / "out.csv").write_text("precious")
    with pytest.raises(DataError, match="--overwrite"):
        run(tmp_path, ".csv", "text\na\n", interrupted)
    assert (tmp_path / "out.csv").read_text() == "precious"
    _, target = run(tmp_path, ".csv", "text\na\n", overwrite=True)
    assert len(read_csv(target)) == 1
    with pytest.raises(DataError, match="found the input"):
        assess_table(tmp_path / "in.csv", tmp_path / "in.csv", fake, TableOptions(overwrite=True, progress=False))
    with pytest.raises(DataError, match="Make it first"):
        assess_table(tmp_path / "in.csv", tmp_path / "none" / "out.csv", fake, QUIET)
    with pytest.raises(DataError, match="found a folder"):
        assess_table(tmp_path / "in.csv", tmp_path, fake, TableOptions(overwrite=True, format="csv", progress=False))


def test_a_name_taken_meanwhile_is_not_overwritten(tmp_path):
    def slow(messages):
        (tmp_path / "out.csv").write_text("precious")
        return fake(messages)

    with pytest.raises(DataError, match="--overwrite"):
        run(tmp_path, ".csv", "text\na\n", slow)
    assert (tmp_path / "out.csv").read_text() == "precious"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_an_interrupt_leaves_nothing_behind(tmp_path, name, overwrite):
    source, target = tmp_path / f"in{name}", tmp_path / f"out{name}"
    if name == ".parquet":
        parquet(tmp_path, {"text": ["a", "b", "c"]})
    else:
        source.write_text("text\na\nb\nc\n" if name == ".csv" else '{"text": "a"}\n' * 3)
    if overwrite:
        target.write_text("precious")
    calls = []

    def second_fails(messages):
        calls.append(messages)
        return fake(messages) if len(calls) == 1 else interrupted(messages)

    with pytest.raises(KeyboardInterrupt):
        assess_table(source, target, second_fails, TableOptions(chunk_size=1, overwrite=overwrite, progress=False))
    assert len(calls) == 2
    assert {p.name for p in tmp_path.iterdir()} == {source.name, *([target.name] if overwrite else [])}
    assert not overwrite or target.read_text() == "precious"


def test_formats(tmp_path):
    source = tmp_path / "in.data"
    source.write_text("text\na\n")
    with pytest.raises(DataError, match="csv, jsonl, parquet"):
        assess_table(source, tmp_path / "out.data", fake, QUIET)
    assert assess_table(source, tmp_path / "out.data", fake, TableOptions(format="csv", progress=False)) == Counts(1, 0)
    with pytest.raises(DataError, match=r"a name ending in \.csv"):
        assess_table(source, tmp_path / "out.jsonl", fake, TableOptions(format="csv", progress=False))
    with pytest.raises(FileNotFoundError):
        assess_table(tmp_path / "none.csv", tmp_path / "out.csv", fake, QUIET)


def test_workers_keep_the_order(tmp_path):
    content = "text\n" + "".join(f"{'x' * n}\n" for n in range(1, 60)) + "a,b\n"
    counts, target = run(tmp_path, ".csv", content, workers=2, chunk_size=7)
    assert counts == Counts(60, 1)
    assert [float(row["abuse"]) for row in read_csv(target)[:-1]] == [n / 1000 for n in range(1, 60)]


def test_memory_does_not_grow_with_the_file(tmp_path):
    def peak(rows):
        tracemalloc.start()
        run(tmp_path, ".csv", b"text\n", overwrite=True)  # imports and buffers
        (tmp_path / "in.csv").write_bytes(b"text\n" + (b"y" * 99 + b"\n") * rows)
        tracemalloc.reset_peak()
        options = TableOptions(chunk_size=100, progress=False, overwrite=True)
        assess_table(tmp_path / "in.csv", tmp_path / "out.csv", fake, options)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(12_000) < 1.5 * peak(4000)


def test_many_bad_rows_are_not_all_printed(tmp_path, capsys):
    counts, _ = run(tmp_path, ".csv", "text\n" + "a,b\n" * 300)
    assert counts.failed == 300
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 101
    assert "error column" in lines[-1]


def test_options_are_checked():
    for options in ({"workers": 0}, {"chunk_size": 0}):
        with pytest.raises(ValueError, match="at least 1"):
            TableOptions(**options)
