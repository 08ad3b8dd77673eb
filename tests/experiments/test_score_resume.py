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


FILES = 150


@pytest.fixture(scope="module")
def folder(session_place, tmp_path_factory):
    """Names of real clips, and one that is none."""
    made = tmp_path_factory.mktemp("in")
    trials = asvspoof2019_la(str(session_place.corpus)).trials
    for number in range(FILES):
        trial = trials[number % len(trials)]
        (made / f"{number:04}{trial.path.suffix}").symlink_to(trial.path)
    (made / "0000bad.wav").write_bytes(b"")
    return made


@pytest.fixture(scope="module")
def whole(session_place, evaluated, folder):
    """What scoring writes that nobody stops: scores, and bad files."""
    out, bad = folder / "whole.txt", folder / "bad.tsv"
    words = ["score", str(folder), "--model", evaluated, "--jobs", "1", "--out", str(out), "--bad", str(bad)]
    with session_place.entered():
        assert spooflab(words) == 1
    return out.read_bytes(), bad.read_bytes()


def started(words):
    command = [sys.executable, "-m", "experiments.cli", *words]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE)


def wait_for_lines(out, number, process):
    while not (out.exists() and out.read_bytes().count(b"\n") >= number):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_what_was_stopped_goes_on_to_the_same_bytes(evaluated, place, folder, whole, tmp_path, ending):
    out, bad = tmp_path / "cut.txt", tmp_path / "bad.tsv"
    words = ["score", str(folder), "--model", evaluated, "--out", str(out), "--bad", str(bad)]
    process = started([*words, "--jobs", "2"])
    wait_for_lines(out, 10, process)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(ending)
    process.communicate(timeout=60)
    assert process.returncode == (-9 if ending == signal.SIGKILL else 130)
    assert len(workers) >= 2
    assert psutil.wait_procs(workers, timeout=30)[1] == []
    lines = out.read_bytes().count(b"\n")
    assert 10 <= lines < FILES
    assert not bad.exists()
    if ending == signal.SIGKILL:
        with out.open("ab") as file:
            file.write(b"0149 - - 1.23")
    assert spooflab([*words, "--jobs", "1"]) == 1
    assert (out.read_bytes(), bad.read_bytes()) == whole
