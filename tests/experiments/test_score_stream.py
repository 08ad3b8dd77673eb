"""`score --stream` says of every window what `score` does, as it comes, and of the whole how it was put together."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from experiments import score_stream, tracking
from experiments.cli import main as spooflab
from lightning_modules.prepared import TOLERANCE


@pytest.fixture(scope="module")
def joined(session_place, tmp_path_factory):
    """Twenty seconds of several clips, in stereo at 22.05 kHz."""
    clips = [soundfile.read(trial.path)[0] for trial in asvspoof2019_la(str(session_place.corpus)).partition("eval")]
    path = tmp_path_factory.mktemp("joined") / "joined.wav"
    waveform = np.concatenate(clips)[: 20 * 22_050]
    soundfile.write(path, np.stack([waveform, 0.5 * waveform], axis=1), 22_050)
    return path


@pytest.fixture(scope="module")
def model(session_place, evaluated):
    """The countermeasure's folder: to find that of a run takes a process, and seconds."""
    with session_place.entered():
        return str(tracking.fetch(evaluated, "countermeasure"))


def told_by(capsys, words):
    assert spooflab(["score", *words]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("windows", [[], ["--window-s", "0.5", "--hop-s", "0.2"]])
def test_a_stream_says_what_offline_scoring_says(model, place, joined, capsys, windows):
    words = [str(joined), "--model", model, *windows]
    (offline,) = told_by(capsys, [*words, "--json"])
    *lines, whole = told_by(capsys, [*words, "--stream"])
    assert [line["start_s"] for line in lines] == offline["starts_s"]
    # As near as a prepared detector must be: windows of another length than the crop are scored in other batches.
    assert [line["score"] for line in lines] == pytest.approx(offline["windows"], abs=TOLERANCE, rel=TOLERANCE)
    assert whole["score"] == pytest.approx(offline["score"], abs=TOLERANCE, rel=TOLERANCE)
    same = ("file", "utterance", "decision", "threshold", "sample_rate_hz", "channels", "duration_s", "window_s")
    assert {name: whole[name] for name in same} == {name: offline[name] for name in same}
    assert whole["aggregation"] == "mean"
    assert whole["windows"] == len(lines)
    decided = ["bonafide" if line["score"] > whole["threshold"] else "spoof" for line in lines]
    assert [line["decision"] for line in lines] == decided
    assert lines[-1]["end_s"] == pytest.approx(whole["duration_s"])


def test_the_lowest_window_decides_where_it_is_asked_to(model, place, joined, capsys):
    *lines, whole = told_by(capsys, [str(joined), "--model", model, "--stream", "--aggregate", "min"])
    assert whole["aggregation"] == "min"
    assert whole["score"] == min(line["score"] for line in lines)
    assert "for the mean" in whole["warnings"][0]


def test_a_file_of_lines_is_whole_or_not_there(model, place, joined, tmp_path, monkeypatch):
    out = tmp_path / "lines.jsonl"
    words = ["score", str(joined), "--model", model, "--stream", "--out", str(out)]

    def broken_off(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(score_stream.StreamVerdict, "__init__", broken_off)
        assert spooflab(words) == 130
    assert not out.exists()
    assert spooflab(words) == 0
    assert json.loads(out.read_text().splitlines()[-1])["of"] == "recording"
    assert not list(tmp_path.glob("*.part"))


def test_a_bad_recording_does_not_stop_the_others(model, place, joined, tmp_path, capsys):
    silent, bad = tmp_path / "silent.wav", tmp_path / "bad.tsv"
    soundfile.write(silent, np.zeros(40_000), 16_000)
    words = ["score", str(silent), str(joined), "--model", model, "--stream", "--bad", str(bad)]
    assert spooflab(words) == 1
    told = capsys.readouterr()
    assert json.loads(told.out.splitlines()[-1])["utterance"] == "joined"
    assert "silence" in told.err
    assert bad.read_text().startswith(f"{silent}\t")


def test_a_pipe_is_scored_as_the_file_is(model, place, joined, capsys, monkeypatch):
    (*_, whole) = told_by(capsys, [str(joined), "--model", model, "--stream"])
    # A pipe of another process: it cannot be sought in.
    with subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.stdout.buffer.write(open({str(joined)!r}, 'rb').read())"],
        stdout=subprocess.PIPE,
    ) as sender:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(sender.stdout))
        (*_, piped) = told_by(capsys, ["-", "--model", model])
    assert piped["score"] == pytest.approx(whole["score"], abs=1e-5)
    assert piped["utterance"] == "-"


def test_the_model_may_be_a_run(evaluated, place, joined, capsys):
    assert told_by(capsys, [str(joined), "--model", evaluated, "--stream", "--window-s", "5"])[-1]["of"] == "recording"


@pytest.mark.parametrize("words", [["--aggregate", "min"], ["--stream", "--again"], ["--stream", "--format", "scores"]])
def test_options_that_do_not_go_together_are_refused(words):
    with pytest.raises(SystemExit):
        spooflab(["score", "x.wav", *words])
