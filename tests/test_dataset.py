"""Loading of examples, on data/ alone, on small folders made here, and on the public corpora where they are at hand."""

import gzip
import json
import os
import pickle
import shutil
from pathlib import Path

import pytest

pytest.importorskip("datasets", reason="needs clienttone[train]")

from clienttone.errors import DataError
from clienttone.training.dataset import fold, load, read_sources, verify

DATA = Path(__file__).parents[1] / "data"
CORPORA = os.environ.get("CLIENTTONE_CORPORA")
needs_corpora = pytest.mark.skipif(not CORPORA, reason="set CLIENTTONE_CORPORA to the folder of public corpora")
NONE = {"abuse": 0, "threat": 0, "bluff": 0, "frustration": 0, "threat_kinds": []}
SOURCES = """
[own.messages]
name = "ours"
original = "ours"
licence = "CC0"
permissive = true
url = ""
file = ""
[real.shop]
name = "shop"
original = "a shop"
licence = "none stated"
permissive = false
url = ""
file = "real/messages.jsonl.gz"
[aux.forum]
name = "forum"
original = "a forum"
licence = "MIT"
permissive = true
url = ""
file = "aux/forum.jsonl.gz"
use = { abuse = 0.5 }
"""


def own(id, text, split="train", collection="messages", **labels):
    place = {"id": id, "lang": "en", "collection": collection, "family": f"f-{id}", "split": split, "text": text}
    return {**place, **NONE, "patterns": [], **labels}


def aux(id, text, **labels):
    return {"id": id, "text": text, "lang": "en", **NONE, "threat": None, "bluff": None, "frustration": None, **labels}


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


@pytest.fixture
def folders(tmp_path):
    """A data and a corpora folder, with brackets in the name, which must not be read as a pattern."""
    data, corpora = tmp_path / "data [1]", tmp_path / "corpora [1]"
    kept = own("o1", "Where is my sofa?", frustration=None)
    threat = own("o3", "Pay or I sue", threat=1, threat_kinds=["legal"])
    write(data / "messages" / "en.jsonl", [kept, own("o2", "Fix it now!", "dev"), threat, own("o4", "fix it now")])
    (data / "sources.toml").write_text(SOURCES)
    header = "id,abuse,threat,bluff,frustration,threat_kinds,split,stratum,group\n"
    lines = "r1,0,1,0,1,churn+legal,train,random,shop:1\nr2,0,0,0,0,,dev,random,shop:2\n"
    (data / "annotations").mkdir()
    (data / "annotations" / "real.csv").write_text(header + lines)
    (data / "annotations" / "aux.csv").write_text(
        "corpus,id,abuse,threat,bluff,frustration,threat_kinds\nforum,9,1,0,0,0,\n"
    )
    real = [{"id": "r1", "text": "I cancel and sue", "lang": "en"}, {"id": "r2", "text": "Thank you", "lang": "en"}]
    write(corpora / "real" / "messages.jsonl.gz", real)
    repeats = [aux("2", "@shop I CANCEL and sue!"), aux("3", "thank you!!"), aux("4", "you clown!")]
    new = [aux("1", "You clown", abuse=1), aux("5", "unsaid", abuse=None), aux("9", "what a fool")]
    write(corpora / "aux" / "forum.jsonl.gz", [*new, *repeats])
    return data, corpora


def test_own_messages_alone(folders):
    examples = load(folders[0])
    assert [e.id for e in examples] == ["o1", "o2", "o3"], "o4 equals a dev text"
    assert examples[0].labels == {"abuse": 0, "threat": 0, "bluff": 0}
    assert examples[0].weights == dict.fromkeys(examples[0].labels, 2.0)
    assert examples[2].kinds == ("legal",)
    assert examples[2].patterns == ()
    assert (examples[0].domain, examples[0].group, examples[0].stratum) == ("own-en", "f-o1", "messages")


def test_public_messages_join_their_labels(folders):
    by_id = {e.id: e for e in load(*folders)}
    assert list(by_id) == ["o1", "o2", "o3", "r1", "r2", "forum:9", "forum:1"]
    real, annotated, forum = by_id["r1"], by_id["forum:9"], by_id["forum:1"]
    assert (real.domain, real.kinds, real.patterns, real.stratum) == ("real-en", ("churn", "legal"), None, "random")
    assert set(real.weights.values()) == {2.0}
    assert (annotated.domain, annotated.labels["abuse"], annotated.kinds) == ("annotated", 1, ())
    assert (forum.domain, forum.labels, forum.weights, forum.kinds) == ("aux-forum", {"abuse": 1}, {"abuse": 0.5}, None)


def test_permissive_leaves_other_sources_out(folders):
    assert [e.id for e in load(*folders, licence="permissive")] == ["o1", "o2", "o3", "forum:9", "forum:1"]


def test_unknown_licence_is_refused(folders):
    with pytest.raises(ValueError, match="permissive"):
        load(folders[0], licence="free")


def test_social_messages_are_a_domain_of_their_own(folders):
    write(folders[0] / "messages" / "en.jsonl", [own("s1", "lost my bag lol", collection="social")])
    assert load(folders[0])[0].domain == "social"


def test_examples_can_be_sent_to_other_processes(folders):
    examples = load(*folders)
    assert pickle.loads(pickle.dumps(examples)) == examples


@pytest.mark.parametrize("name", ["aux/forum.jsonl.gz", "real/messages.jsonl.gz"])
def test_a_missing_corpus_is_named(folders, name):
    (folders[1] / name).unlink()
    with pytest.raises(DataError, match=name.split("/")[1]):
        load(*folders)


def test_a_label_without_its_message_is_named(folders):
    write(folders[1] / "real" / "messages.jsonl.gz", [{"id": "r1", "text": "I cancel and sue", "lang": "en"}])
    with pytest.raises(DataError, match="r2"):
        load(*folders)


def test_an_illegal_label_is_named(folders):
    write(folders[0] / "messages" / "en.jsonl", [own("bad", "hello", abuse=2)])
    with pytest.raises(DataError, match=r"bad: expected abuse to be 0, 1 or empty, found 2"):
        load(folders[0])


def test_a_missing_column_is_named(folders):
    write(folders[0] / "messages" / "en.jsonl", [{"id": "1", "text": "hello"}])
    with pytest.raises(DataError, match=r"found no lang"):
        load(folders[0])


def test_damaged_json_is_a_data_error(folders):
    (folders[0] / "messages" / "en.jsonl").write_text('{"id": "1"}\n{"id": \n')
    with pytest.raises(DataError, match=r"en\.jsonl"):
        load(folders[0])


def test_no_messages_and_no_sources_are_data_errors(tmp_path, folders):
    with pytest.raises(DataError, match=r"sources\.toml"):
        load(tmp_path / "nowhere")
    shutil.rmtree(folders[0] / "messages")
    with pytest.raises(DataError, match="messages"):
        load(folders[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("@Shop you CLOWNS!! https://x.io/a", "you clowns"),
        ("R&amp;D is late", "r&d is late"),
        ("Ποῦ εἶναι;", "ποῦ εἶναι"),
        ("👍", "👍 "),
    ],
)
def test_texts_that_are_the_same(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("काम", "कीम"), ("👍", "👎"), ("2 days", "3 days")])
def test_texts_that_differ(one, other):
    assert fold(one) != fold(other)


def test_checksums_cover_all_files_and_hold():
    listed = {line.split("  ")[1] for line in (DATA / "SHA256SUMS").read_text().splitlines()}
    assert listed == {p.relative_to(DATA).as_posix() for p in DATA.rglob("*") if p.is_file()} - {"SHA256SUMS"}
    verify(DATA)


def test_a_changed_file_is_named(tmp_path):
    (tmp_path / "a.txt").write_text("b")
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  a.txt\n")
    with pytest.raises(DataError, match=r"a\.txt"):
        verify(tmp_path)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(DataError, match="SHA256SUMS"):
        verify(tmp_path)
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  a.txt\n")
    with pytest.raises(DataError, match=r"a\.txt.*no file"):
        verify(tmp_path)


def test_the_shipped_data_load_and_no_train_text_is_a_dev_text():
    examples = load(DATA)
    dev = {fold(e.text) for e in examples if e.split == "dev"}
    assert len(dev) > 1000
    assert not [e.id for e in examples if e.split == "train" and fold(e.text) in dev]


def test_each_source_in_use_is_auxiliary():
    assert all(key.startswith("aux.") for key, source in read_sources(DATA).items() if source.use)


@needs_corpora
def test_the_corpora_load_without_leaks_or_repeated_ids():
    examples = load(DATA, Path(CORPORA))
    dev = {fold(e.text) for e in examples if e.split == "dev"}
    assert not [e.id for e in examples if e.split == "train" and fold(e.text) in dev]
    assert len({e.id for e in examples}) == len(examples)
    assert sum(e.domain == "annotated" for e in examples) > 5900
    assert all(e.labels and set(e.weights) == set(e.labels) for e in examples)
