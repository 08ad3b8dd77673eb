"""Killed in the middle and typed again, scoring ends with the bytes that it would have had at once."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from experiments.cli import main as spooflab

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(place, tmp_path):
    """Twelve hundred names of 92 clips, and one that is none."""
    made = tmp_path / "in"
    made.mkdir()
    trials = asvspoof2019_la(str(place.corpus)).trials
    for number in range(1200):
        trial = trials[number % len(trials)]
        (made / f"{number:04}{trial.path.suffix}").symlink_to(trial.path)
    (made / "0000bad.wav").write_bytes(b"")
    return made


def started(words):
    command = [sys.executable, "-m", "experiments.cli", *words]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE)


def wait_for_lines(out, number, process):
    while not (out.exists() and out.read_bytes().count(b"\n") >= number):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_what_was_stopped_goes_on_to_the_same_bytes(evaluated, place, folder, tmp_path, ending):
    whole, cut = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    words = ["score", str(folder), "--model", evaluated, "--jobs", "2"]
    bad = [tmp_path / "whole.tsv", tmp_path / "cut.tsv"]
    process = started([*words, "--out", str(cut), "--bad", str(bad[1])])
    wait_for_lines(cut, 20, process)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(ending)
    process.communicate(timeout=60)
    assert process.returncode == (-9 if ending == signal.SIGKILL else 130)
    assert len(workers) >= 2
    assert psutil.wait_procs(workers, timeout=30)[1] == []
    lines = cut.read_bytes().count(b"\n")
    assert 20 <= lines < 1200
    assert not bad[1].exists()
    if ending == signal.SIGKILL:
        with cut.open("ab") as file:
            file.write(b'{"file": "half a li')
    assert spooflab([*words, "--out", str(cut), "--bad", str(bad[1])]) == 1
    assert (
        spooflab(["score", str(folder), "--model", evaluated, "--jobs", "1", "--out", str(whole), "--bad", str(bad[0])])
        == 1
    )
    assert cut.read_bytes() == whole.read_bytes()
    assert bad[0].read_bytes() == bad[1].read_bytes()
