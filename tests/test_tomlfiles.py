"""The shipped rules and locales: read quickly, and only as they were shipped."""

import tomllib
from pathlib import Path

import pytest

from clienttone import tomlfiles
from clienttone.errors import DataError, LocaleError, PolicyError
from clienttone.tomlfiles import parse_plain, read_shipped, read_toml, shipped_names, shipped_path


def test_the_list_has_every_file_of_the_folders_and_no_other():
    root = Path(shipped_path("."))
    there = {f"{p.parent.name}/{p.name}" for folder in ("rules", "locales") for p in (root / folder).glob("*.toml")}
    assert set(shipped_names()) == there


@pytest.mark.parametrize("name", shipped_names())
def test_the_quick_reader_reads_what_tomllib_reads(name):
    assert read_shipped(name, DataError) == tomllib.loads(Path(shipped_path(name)).read_text("utf-8"))


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of one shipped file and the list; the file's path."""
    monkeypatch.setattr(tomlfiles, "_HERE", str(tmp_path))
    tomlfiles._sums.cache_clear()
    root = Path(__file__).parents[1] / "src" / "clienttone"
    (tmp_path / "rules").mkdir()
    for name in ("SHA256SUMS", "rules/policy.toml"):
        (tmp_path / name).write_bytes((root / name).read_bytes())
    yield tmp_path / "rules" / "policy.toml"
    tomlfiles._sums.cache_clear()


def test_an_altered_or_truncated_file_is_refused(copied):
    text = copied.read_bytes()
    for damaged in (text.replace(b"severity = 4", b"severity = 3"), text[:-1], b""):
        copied.write_bytes(damaged)
        with pytest.raises(PolicyError) as error:
            read_shipped("rules/policy.toml", PolicyError)
        for words in ("clienttone/rules/policy.toml", "expected SHA-256", "found", "Install clienttone again"):
            assert words in str(error.value)


def test_line_ends_of_a_checkout_do_not_matter(copied):
    copied.write_bytes(copied.read_bytes().replace(b"\n", b"\r\n"))
    assert read_shipped("rules/policy.toml", PolicyError)["rule"]


def test_a_missing_file_or_list_is_refused(copied):
    copied.unlink()
    with pytest.raises(LocaleError, match="a file of the installation"):
        read_shipped("rules/policy.toml", LocaleError)
    (copied.parents[1] / "SHA256SUMS").unlink()
    tomlfiles._sums.cache_clear()
    with pytest.raises(DataError, match="SHA256SUMS"):
        shipped_names()


def test_plain_toml_has_tables_lists_and_comments():
    text = 'a = 1 # one\n\n[b.c]\nd = [\n  "x",\n  "y",\n]\n[[e]]\nf = { g = true, h = ["i = 1"] }\n[[e]]\n# end\n'
    assert parse_plain(text) == tomllib.loads(text)


def test_files_of_ones_own_are_read_strictly(tmp_path):
    (tmp_path / "a.toml").write_text("a = 1\na = 2\n")
    with pytest.raises(DataError, match=r"a.toml: expected TOML in UTF-8, found .* Mend the file"):
        read_toml(tmp_path / "a.toml", "a table", DataError)
    with pytest.raises(DataError, match=r"none.toml: expected a table, found No such file"):
        read_toml(tmp_path / "none.toml", "a table", DataError)
