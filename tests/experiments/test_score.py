"""Scoring judges what it can, names what it cannot, and says so in its exit code."""

import io
import json
import shutil

import numpy as np
import pytest
import soundfile

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from experiments import tracking
from experiments.cli import main as spooflab
from experiments.score_files import read_scores


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


def test_a_run_without_a_threshold_is_told_to_be_evaluated(place, clips, capsys):
    with tracking.run("trained alone") as run_id:
        pass
    assert spooflab(["score", "--model", run_id, str(clips[0])]) == 1
    assert f"no threshold yet: `spooflab evaluate --model {run_id}`" in capsys.readouterr().err


def test_a_folder_without_audio_is_an_error(evaluated, place, tmp_path, capsys):
    assert spooflab(["score", str(tmp_path), "--model", evaluated]) == 1
    assert "no audio file" in capsys.readouterr().err


def test_a_table_is_written_with_its_attacks_and_keys(evaluated, place, clips, tmp_path):
    trials = asvspoof2019_la(str(place.corpus)).partition("eval")[:3]
    table = tmp_path / "trials.csv"
    rows = "".join(f"{trial.path},{trial.utterance},{trial.key},{trial.attack}\n" for trial in trials)
    table.write_text(f"path,utterance,key,attack\n{rows}")
    out = tmp_path / "scores.txt"
    assert spooflab(["score", str(table), "--model", evaluated, "--out", str(out)]) == 0
    written = [line.split()[:3] for line in out.read_text().splitlines()]
    assert written == [[trial.utterance, trial.attack, trial.key] for trial in trials]
    logged = read_scores(tracking.fetch(evaluated, "evaluation/eval/scores.txt"))
    assert read_scores(out).scores.tolist() == pytest.approx(logged.scores[:3].tolist(), abs=1e-5)


def test_a_partition_is_scored_as_json_lines_with_facts(evaluated, place, tmp_path):
    out = tmp_path / "scores.jsonl"
    words = ["score", "--config", str(place.folder / "data.yaml"), "--partition", "dev", "--model", evaluated]
    assert spooflab([*words, "--out", str(out)]) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    trials = asvspoof2019_la(str(place.corpus)).partition("dev")
    assert [(row["utterance"], row["attack"]) for row in rows] == [(t.utterance, t.attack) for t in trials]
    first = soundfile.read(trials[0].path)[0]
    assert rows[0]["facts"]["duration_s"] == pytest.approx(len(first) / 16000)
    assert rows[0]["facts"]["level_dbfs"] == pytest.approx(10 * np.log10(np.mean(first**2)))


def test_bad_files_are_counted_by_reason_and_written_down(evaluated, place, clips, tmp_path, capsys):
    for name in ("one.wav", "two.wav"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "letter.wav").write_bytes(b"this is a letter, not a recording")
    bad, out = tmp_path / "bad.tsv", tmp_path / "scores.txt"
    words = ["score", str(clips[0]), str(tmp_path), "--model", evaluated, "--out", str(out), "--bad", str(bad)]
    assert spooflab(words) == 1
    told = capsys.readouterr()
    assert "1 scored, 3 bad" in told.out
    assert "3 files could not be judged" in told.err
    assert "      2  found an empty file …" in told.err
    assert [line.split("\t")[0] for line in bad.read_text().splitlines()] == [
        str(tmp_path / name) for name in ("letter.wav", "one.wav", "two.wav")
    ]
    assert len(out.read_text().splitlines()) == 1


def test_only_what_is_new_or_mended_is_scored_again(evaluated, place, clips, tmp_path, capsys):
    folder, out = tmp_path / "in", tmp_path / "scores.txt"
    folder.mkdir()
    (folder / "m.wav").write_bytes(b"")
    (folder / "z.flac").write_bytes(clips[0].read_bytes())
    words = ["score", str(folder), "--model", evaluated, "--out", str(out)]
    assert spooflab(words) == 1
    (folder / "m.wav").write_bytes(clips[1].read_bytes())
    (folder / "a.flac").write_bytes(clips[2].read_bytes())
    capsys.readouterr()
    assert spooflab(words) == 0
    assert "2 scored, 0 bad" in capsys.readouterr().out
    assert [line.split()[0] for line in out.read_text().splitlines()] == ["z", "a", "m"]
    assert spooflab(words) == 0
    assert "0 scored, 0 bad" in capsys.readouterr().out
    assert spooflab([*words, "--again"]) == 0
    assert [line.split()[0] for line in out.read_text().splitlines()] == ["a", "m", "z"]


def test_a_new_file_of_a_stem_that_is_scored_is_named(evaluated, place, clips, tmp_path, capsys):
    folder, out = tmp_path / "in", tmp_path / "scores.txt"
    (folder / "sub").mkdir(parents=True)
    (folder / "h.flac").write_bytes(clips[0].read_bytes())
    words = ["score", str(folder), "--model", evaluated, "--out", str(out)]
    assert spooflab(words) == 0
    before = out.read_bytes()
    (folder / "sub" / "h.flac").write_bytes(clips[1].read_bytes())
    assert spooflab(words) == 1
    assert f"a score of h, which {folder}/h.flac and {folder}/sub/h.flac are both called" in capsys.readouterr().err
    (folder / "sub" / "h.flac").rename(folder / "sub" / "new.flac")
    assert spooflab(words) == 0
    assert out.read_bytes().startswith(before)
    assert [line.split()[0] for line in out.read_text().splitlines()] == ["h", "new"]


def test_another_window_is_not_mixed_in(evaluated, place, clips, tmp_path, capsys):
    out = tmp_path / "scores.txt"
    words = ["score", str(clips[0]), "--model", evaluated, "--out", str(out)]
    assert spooflab(words) == 0
    before = out.read_bytes()
    assert spooflab([*words, "--window-s", "0.5"]) == 1
    assert "window_s None instead of 0.5" in capsys.readouterr().err
    assert out.read_bytes() == before
    assert spooflab([*words, "--window-s", "0.5", "--again"]) == 0
    assert out.read_bytes() != before


def test_another_model_is_not_mixed_in(evaluated, place, clips, tmp_path, capsys):
    out = tmp_path / "scores.txt"
    assert spooflab(["score", str(clips[0]), "--model", evaluated, "--out", str(out)]) == 0
    other = tmp_path / "other"
    shutil.copytree(tracking.fetch(evaluated, "countermeasure"), other)
    point = other / "operating_point.json"
    point.write_text(json.dumps(json.loads(point.read_text()) | {"threshold": 1.0}))
    assert spooflab(["score", str(clips[0]), "--model", str(other), "--out", str(out)]) == 1
    assert "model_sha256" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--jobs", "0"], ["--window-s", "0"], ["--hop-s", "nan"]])
def test_a_number_that_cannot_be_is_refused_before_anything_is_loaded(words):
    with pytest.raises(SystemExit):
        spooflab(["score", "x.wav", *words])
