"""Halves of one corpus have not drifted; the same speech by telephone, or in noise, has, and it is said what moved."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from datamodules.audio import decode
from datamodules.coding import coded
from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from experiments import tracking
from experiments.cli import main as spooflab
from experiments.drift_report import compare
from experiments.drift_samples import reference_of, sample_of_file

RATE_HZ = 16000


@pytest.fixture(scope="module")
def scored(session_place, evaluated):
    """JSON lines of the whole tiny corpus."""
    with session_place.entered():
        out = session_place.folder / "all.jsonl"
        assert (
            spooflab(["score", str(session_place.corpus), "--model", evaluated, "--out", str(out), "--jobs", "1"]) == 0
        )
    return out


def by_telephone(waveform):
    return coded(waveform, "amr_nb", 12_200, RATE_HZ)


def in_noise(waveform):
    noise = np.random.default_rng(0).normal(size=waveform.size)
    return waveform + noise * np.sqrt(np.mean(waveform**2)) * 10 ** (-5 / 20)


def altered(place, evaluated, folder, alter):
    """JSON lines of eval's files, altered."""
    for trial in asvspoof2019_la(str(place.corpus)).partition("eval"):
        soundfile.write(folder / f"{trial.utterance}.wav", alter(decode(trial.path, RATE_HZ)), RATE_HZ)
    out = folder / "altered.jsonl"
    assert spooflab(["score", str(folder), "--model", evaluated, "--out", str(out), "--jobs", "1"]) == 0
    return out


@pytest.mark.parametrize("seed", range(4))
def test_a_random_half_has_not_drifted_from_the_other(scored, tmp_path, seed):
    lines = scored.read_text().splitlines(keepends=True)
    order = np.random.default_rng(seed).permutation(len(lines))
    halves = []
    for name, rows in (("a", order[: len(order) // 2]), ("b", order[len(order) // 2 :])):
        (tmp_path / f"{name}.jsonl").write_text("".join(lines[row] for row in rows))
        halves.append(sample_of_file(tmp_path / f"{name}.jsonl"))
    drift = compare(*halves, permutations=999)
    assert len(drift.findings) == 10
    assert drift.moved == []
    assert "no drift found" in drift.verdict()


def test_speech_by_telephone_has_drifted_from_the_runs_own_eval(place, evaluated, tmp_path, capsys):
    out = altered(place, evaluated, tmp_path, by_telephone)
    page = tmp_path / "drift.html"
    capsys.readouterr()
    words = ["drift", "--reference", evaluated, "--scores", str(out), "--json", "--html", str(page), "--log"]
    assert spooflab(words) == 3
    told = json.loads(capsys.readouterr().out)
    assert told["drift"]
    assert any(line.startswith("energy above 7 kHz fell") for line in told["words"])
    unmoved = {finding["name"] for finding in told["findings"] if finding["reading"] == "none"}
    assert {"duration_s", "sample_rate_hz", "channels"} <= unmoved
    assert page.read_text().count("<img") == 1 + len(told["findings"])
    assert tracking.fetch(told["logged"], "drift/drift.html").read_text() == page.read_text()
    run = tracking.get(told["logged"])
    assert run.data.tags["mlflow.parentRunId"] == evaluated
    assert run.data.metrics["drift/score_psi"] == pytest.approx(told["findings"][0]["shift"]["psi"])
    model = tracking.get(evaluated).data
    assert model.tags["drift.verdict"] == run.data.tags["drift.verdict"]
    assert not any(name.startswith("drift/") for name in model.metrics)


def test_noise_is_heard_in_the_noise_floor(place, evaluated, tmp_path, capsys):
    out = altered(place, evaluated, tmp_path, in_noise)
    assert spooflab(["drift", "--reference", evaluated, "--scores", str(out)]) == 3
    assert "noise floor rose" in capsys.readouterr().out


def test_a_score_file_tells_of_scores_alone(place, evaluated, scored, tmp_path, capsys):
    scores = tracking.fetch(evaluated, "evaluation/eval/scores.txt")
    assert spooflab(["drift", "--reference", str(scores), "--scores", str(scores), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [finding["name"] for finding in told["findings"]] == ["score"]
    assert any("audio itself is not compared" in note for note in told["notes"])
    assert any("0 is taken" in note for note in told["notes"])


def test_the_references_decisions_are_those_of_its_evaluation(place, evaluated):
    reference = reference_of(evaluated)
    folder = tracking.fetch(evaluated, "countermeasure")
    assert reference.threshold == json.loads((folder / "operating_point.json").read_text())["threshold"]
    assert len(reference.scores) == len(reference.facts["level_dbfs"]) == len(reference.keys)


def test_scores_of_another_model_are_doubted(place, scored):
    sample = sample_of_file(scored)
    assert sample.model_sha256
    drift = compare(sample, replace(sample, model_sha256="another"), permutations=99)
    assert any("different models" in note for note in drift.notes)


def test_another_mixture_of_classes_is_told(place, scored):
    sample = sample_of_file(scored)
    mixed, bonafide = (replace(sample, keys=[key] * 60 + ["bonafide"] * 32) for key in ("spoof", "bonafide"))
    drift = compare(mixed, bonafide, permutations=99)
    assert any("35% of the reference's trials are bona fide, 100% of the new" in note for note in drift.notes)
    assert compare(mixed, mixed, permutations=99).notes == []
    assert any("is not known" in note for note in compare(mixed, sample, permutations=99).notes)


def test_a_file_can_not_be_logged_on(place, scored, capsys):
    assert spooflab(["drift", "--reference", str(scored), "--scores", str(scored), "--log"]) == 1
    assert "expected a run" in capsys.readouterr().err


def test_scores_that_are_not_there_are_told_before_the_reference_is_looked_at(place, tmp_path, capsys):
    missing = tmp_path / "gone.jsonl"
    assert spooflab(["drift", "--reference", "no run", "--scores", str(missing)]) == 1
    assert f"{missing}: there is no such file, expected scores: `spooflab score AUDIO" in capsys.readouterr().err


def test_an_unfinished_file_is_told(place, scored, tmp_path):
    (tmp_path / "part.jsonl").write_text(scored.read_text())
    (tmp_path / "part.jsonl.recipe.json").write_text('{"model_sha256": "x"}')
    assert "not finished" in sample_of_file(tmp_path / "part.jsonl").notes[0]


@pytest.mark.parametrize("line", ["{", '{"score": 1}', '{"score": "x", "threshold": 0}', "[]"])
def test_a_damaged_line_is_named(tmp_path, line):
    path = tmp_path / "scores.jsonl"
    path.write_text(f'{{"score": 1, "threshold": 0}}\n{line}\n')
    with pytest.raises(ValueError, match=r"scores\.jsonl:2: found"):
        sample_of_file(path)
