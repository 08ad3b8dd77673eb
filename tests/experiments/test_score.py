"""Scoring judges what it can, names what it cannot, and says so in its exit code."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from experiments import tracking
from experiments.cli import main as spooflab
from experiments.score import find_audio, utterance_names


@pytest.fixture
def clips(place):
    return [trial.path for trial in asvspoof2019_la(str(place.corpus)).partition("eval")[:3]]


def encoded(waveform: np.ndarray, rate_hz: int, kind: str, subtype: str | None = None) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, waveform, rate_hz, format=kind, subtype=subtype)
    return buffer.getvalue()


def bad_files(waveform: np.ndarray) -> dict[str, bytes]:
    nan = waveform.copy()
    nan[100] = np.nan
    return {
        "empty.wav": b"",
        "text.wav": b"this is a letter, not a recording",
        "silent.wav": encoded(np.zeros_like(waveform), 16000, "WAV"),
        "short.wav": encoded(waveform[:160], 16000, "WAV"),
        "nan.wav": encoded(nan, 16000, "WAV", "FLOAT"),
    }


def odd_files(waveform: np.ndarray) -> dict[str, bytes]:
    eight = np.stack([np.repeat(waveform, 6)] * 8, axis=1)
    return {"eight.wav": encoded(eight, 96000, "WAV"), "mp3.wav": encoded(waveform, 16000, "MP3")}


@pytest.mark.parametrize("name", ["empty.wav", "text.wav", "short.wav", "nan.wav", "silent.wav", "gone.wav"])
def test_a_bad_file_is_one_line_and_a_failure(evaluated, place, clips, tmp_path, capsys, name):
    path = tmp_path / name
    content = bad_files(soundfile.read(clips[0])[0]).get(name)
    if content is not None:
        path.write_bytes(content)
    assert spooflab(["score", str(path), "--model", evaluated]) == 1
    err = capsys.readouterr().err.strip()
    assert str(path) in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("name", ["eight.wav", "mp3.wav"])
def test_an_odd_file_is_judged(evaluated, place, clips, tmp_path, capsys, name):
    waveform = soundfile.read(clips[0])[0]
    path = tmp_path / name
    path.write_bytes(odd_files(waveform)[name])
    assert spooflab(["score", str(path), "--model", evaluated, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["decision"] in ("bonafide", "spoof")
    assert told["duration_s"] == pytest.approx(len(waveform) / 16000, abs=0.1)


def test_one_bad_file_does_not_stop_the_others(evaluated, place, clips, tmp_path, capsys):
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"")
    assert spooflab(["score", str(bad), *map(str, clips), "--model", evaluated, "--json"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["file"] for line in lines] == [str(clip) for clip in clips]


def test_scores_are_those_of_the_evaluation(evaluated, place, clips, tmp_path):
    out = tmp_path / "scores.txt"
    assert spooflab(["score", *map(str, clips), "--model", evaluated, "--out", str(out)]) == 0
    rows = {line.split()[0]: float(line.split()[3]) for line in out.read_text().splitlines()}
    file = tracking.fetch(evaluated, "evaluation/eval/scores.txt")
    expected = {line.split()[0]: float(line.split()[3]) for line in file.read_text().splitlines()}
    assert rows == pytest.approx({clip.stem: expected[clip.stem] for clip in clips}, abs=1e-5)


def test_windows_are_told_with_their_times(evaluated, place, clips, capsys):
    words = ["score", str(clips[0]), "--model", evaluated, "--json", "--window-s", "1", "--hop-s", "0.5"]
    assert spooflab(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["windows"]) == len(told["starts_s"]) > 1
    assert told["starts_s"][1] == pytest.approx(0.5)
    assert told["score"] == pytest.approx(np.mean(told["windows"]), abs=1e-5)


def test_names_in_a_score_file_tell_files_apart():
    paths = [Path("a/x.wav"), Path("b/x.wav"), Path("c/two words.wav")]
    assert list(utterance_names(paths).values()) == ["a/x.wav", "b/x.wav", "two_words"]


def test_folders_are_searched_for_audio(tmp_path):
    for name in ("b.wav", "a.FLAC", "notes.txt", "sub/c.mp3"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in find_audio([tmp_path])]
    assert found == ["a.FLAC", "b.wav", "sub/c.mp3"]


def test_a_folder_without_audio_is_an_error(evaluated, place, tmp_path, capsys):
    assert spooflab(["score", str(tmp_path), "--model", evaluated]) == 1
    assert "no audio file" in capsys.readouterr().err
