"""The command line as a process of its own."""

import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest


def test_the_start_is_lean():
    code = "import sys, clienttone.cli; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"numpy", "dataclasses", "inspect", "tomllib", "concurrent", "multiprocessing", "secrets", "json"}
    heavy |= {"tqdm", "pyarrow", "pandas", "sklearn", "scipy", "joblib", "datasets"}
    assert not heavy.intersection(loaded)


def test_a_reader_who_leaves_is_no_error():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-m", "clienttone.cli", "advice", "list"], stdout=write, stderr=-1)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


SLOW = """
import sys, time
from clienttone import cli
class Slow:
    def assess_many(self, messages):
        print("started", flush=True)
        time.sleep(60)
cli.load_assessor = lambda *_: Slow()
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_batch_leaves_nothing_behind(tmp_path, number):
    (tmp_path / "in.csv").write_text("text\na\n")
    argv = [sys.executable, "-c", SLOW, "batch", str(tmp_path / "in.csv"), str(tmp_path / "out.csv")]
    # a shell lets its background jobs ignore interrupts, and whatever runs these tests may be one
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(argv, stdout=-1, stderr=-1, preexec_fn=heed) as process:
        assert process.stdout.readline() == b"started\n"
        assert len(list(tmp_path.iterdir())) == 2
        time.sleep(0.1)
        process.send_signal(number)
        error = process.communicate(timeout=20)[1]
    assert process.returncode == 130
    assert error == b"clienttone: interrupted\n"
    assert [p.name for p in tmp_path.iterdir()] == ["in.csv"]
