import csv
import json
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tabular import QUIET, fake, parquet, read_csv, read_jsonl, run

from clienttone.errors import DataError, MissingExtra
from clienttone.integrations import formats
from clienttone.integrations.tables import RESULT_COLUMNS, Counts, TableOptions, assess_table


def test_csv_columns_values_and_order(tmp_path):
    counts, target = run(tmp_path, ".csv", 'n,text\n007,hello\nNA,"a, ""b""\nc"\n1.0,\n')
    rows = read_csv(target)
    assert counts == Counts(3, 0)
    assert list(rows[0]) == ["n", "text", *RESULT_COLUMNS]
    assert [row["n"] for row in rows] == ["007", "NA", "1.0"]
    assert [row["text"] for row in rows] == ["hello", 'a, "b"\nc', ""]
    first = rows[0]
    assert (first["abuse"], first["threat"], first["frustration"]) == ("0.005", "0.5", "0.123457")
    assert (first["labels"], first["threat_kinds"]) == ("abuse; threat", "legal; churn")
    assert (first["patterns"], first["advice"]) == ("distrust", "Listen.; Mend it.")
    assert (first["next_step"], first["reliable"], first["error"]) == ("acknowledge", "true", "")
    assert (rows[2]["reliable"], rows[2]["reason"], rows[2]["error"]) == ("false", "empty", "")


def test_csv_bad_rows_keep_their_place(tmp_path, capsys):
    content = b"\xef\xbb\xbfid,text\n1,secret words\n2\n\n3,secret,words\n4,caf\xe9\n5,fine\n"
    counts, target = run(tmp_path, ".csv", content, id_column="id")
    rows = read_csv(target)
    assert counts == Counts(5, 3)
    assert [row["id"] for row in rows] == ["1", "2", "3", "4", "5"]
    problems = ["", "expected 2 fields, found 1", "expected 2 fields, found 3", "the text is not UTF-8", ""]
    assert [row["error"] for row in rows] == problems
    assert rows[1]["abuse"] == rows[1]["labels"] == rows[1]["reliable"] == ""
    assert b"caf\xe9" in target.read_bytes()
    error = capsys.readouterr().err
    assert error.splitlines() == [
        "row 2 ('2'): expected 2 fields, found 1",
        "row 3 ('3'): expected 2 fields, found 3",
        "row 4 ('4'): the text is not UTF-8",
    ]


def test_csv_open_quote_is_one_bad_row(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "_FIELD_CHARACTERS", 50)
    counts, target = run(tmp_path, ".csv", 'id,text\n1,a\n2,"open\n' + "3,words and words\n" * 4 + "4,d\n")
    rows = read_csv(target)
    assert counts.failed == 1
    assert rows[1]["error"].startswith("not CSV: field larger")
    assert (rows[-1]["id"], rows[-1]["error"]) == ("4", "")


def test_csv_awkward_characters_survive(tmp_path):
    texts = ["a\rb", "a\0b", '"', " x ", "😀" * 3, "a\u2028b", "x" * 200_000]
    source = tmp_path / "in.csv"
    with source.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([["text"], *([text] for text in texts)])
    assert assess_table(source, tmp_path / "out.csv", fake, QUIET) == Counts(len(texts), 0)
    csv.field_size_limit(1_000_000)
    assert [row["text"] for row in read_csv(tmp_path / "out.csv")] == texts


def test_jsonl(tmp_path, capsys):
    good = '{"text": "hé", "n": 1.5, "deep": {"a": [null]}}'
    bad = ['{"text": null}', '{"text": 3}', "{secret words", "[1]", '{"n": 1}']
    odd = ["", '{"text": "\\ud800"}', "[" * 100_000, '{"text": "x", "error": 1}', '{"text": "last"}']
    lines = [good, *bad, *odd]
    with pytest.raises(DataError, match="columns of these names: error"):
        run(tmp_path, ".jsonl", "\n".join(lines))
    lines[-2] = '{"text": "x"}'
    counts, target = run(tmp_path, ".jsonl", "\n".join(lines))
    rows = read_jsonl(target)
    assert counts == Counts(10, 6)
    assert list(rows[0]) == ["text", "n", "deep", *RESULT_COLUMNS]
    assert rows[0]["deep"] == {"a": [None]}
    assert rows[0]["labels"] == ["abuse", "threat"]
    assert rows[0]["reliable"] is True
    assert [row["error"] for row in rows] == [
        "", "the text is missing", "the text is of type int", rows[3]["error"], "not a JSON object",
        "the text is missing", "", "not JSON: too deep or too long a value", "", "",
    ]  # fmt: skip
    assert rows[3]["error"].startswith("not JSON: ")
    assert rows[3]["abuse"] is None
    assert rows[6]["text"] == "\ud800"
    assert "secret" not in capsys.readouterr().err


def test_jsonl_not_utf8_and_late_clash(tmp_path):
    content = b'{"text": "a"}\n{"text": "\xff"}\n' + b'{"text": "b"}\n' * 100 + b'{"text": "c", "reason": "mine"}\n'
    counts, target = run(tmp_path, ".jsonl", content)
    assert counts == Counts(103, 2)
    rows = [json.loads(line) for line in target.read_text("utf-8").splitlines()]
    assert rows[1]["error"] == "not JSON: not UTF-8"
    assert "'reason' of its own" in rows[-1]["error"]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_parquet_keeps_types(tmp_path, kind, capsys):
    text = pa.array(["a", None, "ccc"]).cast(kind)
    source = parquet(tmp_path, {"n": pa.array([1, 2, 3], pa.int16()), "text": text})
    counts = assess_table(source, tmp_path / "out.parquet", fake, TableOptions(chunk_size=2, progress=False))
    table = pq.read_table(tmp_path / "out.parquet")
    assert counts == Counts(3, 1)
    assert table.column_names == ["n", "text", *RESULT_COLUMNS]
    assert table.schema.field("n").type == pa.int16()
    rows = table.to_pylist()
    assert [row["n"] for row in rows] == [1, 2, 3]
    assert rows[2]["labels"] == ["abuse", "threat"]
    assert rows[2]["abuse"] == 0.003
    assert rows[1]["error"] == "the text is missing"
    assert rows[1]["abuse"] is None
    assert "row 2: the text is missing" in capsys.readouterr().err


def test_parquet_text_must_be_strings(tmp_path):
    source = parquet(tmp_path, {"text": [1, 2]})
    with pytest.raises(DataError, match="a string column, found int64"):
        assess_table(source, tmp_path / "out.parquet", fake, QUIET)
    source.write_bytes(b"PAR1 this is not it")
    with pytest.raises(DataError, match="a Parquet file"):
        assess_table(source, tmp_path / "out.parquet", fake, QUIET)
    assert [p.name for p in tmp_path.iterdir()] == ["in.parquet"]


def test_no_advice(tmp_path):
    for name, content in ((".csv", "text,advice\na,mine\n"), (".jsonl", '{"text": "a", "advice": "mine"}\n')):
        counts, target = run(tmp_path, name, content, advice=False)
        row = (read_csv if name == ".csv" else read_jsonl)(target)[0]
        assert counts == Counts(1, 0)
        assert list(row) == ["text", "advice", *(name for name in RESULT_COLUMNS if name != "advice")]
        assert row["advice"] == "mine"


def test_chunks_are_bounded_in_rows_and_characters(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "_CHUNK_CHARACTERS", 10)
    sizes = []

    def counting(messages):
        sizes.append(len(messages))
        return fake(messages)

    run(tmp_path, ".csv", "text\n" + "a\n" * 7 + "b" * 30 + "\nc\n", counting, chunk_size=3)
    assert [n for n in sizes if n] == [3, 3, 2, 1]


def test_missing_extra_names_the_command(tmp_path, monkeypatch):
    source = parquet(tmp_path, {"text": ["a"]})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"pip install 'clienttone\[batch\]'"):
        assess_table(source, tmp_path / "out.parquet", fake, QUIET)
