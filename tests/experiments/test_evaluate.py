"""An evaluation's evidence is all there, agrees with itself, and is not made twice."""

import csv
import json

import pytest

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from experiments import tracking
from experiments.cli import main as spooflab
from experiments.evaluate import evaluate, read_metrics
from lightning_modules.metrics.eer import equal_error_rate

FILES = {
    *("metrics.json", "provenance.json", "classification_report.txt", "scores.txt", "eer_by_attack.csv"),
    *("roc.png", "det.png", "scores.png", "eer_by_attack.png", "confusion_matrix.png"),
}


@pytest.fixture
def folder(evaluated, place):
    return tracking.fetch(evaluated, "evaluation/eval")


def test_all_of_it_is_on_the_run(evaluated, folder):
    assert {path.name for path in folder.iterdir()} == FILES
    metrics = tracking.get(evaluated).data.metrics
    assert {"eval/eer", "eval/eer_low", "eval/eer_high", "eval/accuracy", "eval/precision", "eval/recall"} <= set(
        metrics
    )
    assert len(metrics) <= 25


def test_the_score_file_gives_the_metrics(evaluated, folder, place):
    rows = [line.split() for line in (folder / "scores.txt").read_text().splitlines()]
    trials = asvspoof2019_la(str(place.corpus)).partition("eval")
    assert [row[:3] for row in rows] == [[trial.utterance, trial.attack, trial.key] for trial in trials]
    of_key = {key: [float(row[3]) for row in rows if row[2] == key] for key in ("bonafide", "spoof")}
    metrics = read_metrics(evaluated)
    assert metrics.eer["legacy"] == pytest.approx(equal_error_rate(of_key["bonafide"], of_key["spoof"]).eer, abs=1e-9)
    assert metrics.trials == {key: len(scores) for key, scores in of_key.items()}
    called = [float(row[3]) > metrics.threshold for row in rows]
    right = sum(say == (row[2] == "bonafide") for say, row in zip(called, rows, strict=True))
    assert metrics.accuracy == pytest.approx(right / len(rows))


def test_every_attack_is_told_apart(folder, place):
    rows = list(csv.DictReader((folder / "eer_by_attack.csv").open()))
    trials = asvspoof2019_la(str(place.corpus)).partition("eval")
    assert {row["attack"] for row in rows} == {trial.attack for trial in trials} - {"-"}
    assert sum(int(row["trials"]) for row in rows) == sum(trial.label == 0 for trial in trials)


def test_provenance_names_model_data_and_code(evaluated, folder, place):
    provenance = json.loads((folder / "provenance.json").read_text())
    assert provenance["run"] == evaluated
    assert provenance["data_sha256"] == asvspoof2019_la(str(place.corpus)).digest
    assert provenance["specifications"]["labels"] == {"spoof": 0, "bonafide": 1}


def test_the_same_data_is_not_scored_twice(evaluated, place, monkeypatch):
    import experiments.evaluate as module

    def refuse(*_):
        raise AssertionError("scored again")

    monkeypatch.setattr(module, "score_trials", refuse)
    corpus = asvspoof2019_la(str(place.corpus))
    assert evaluate(evaluated, corpus) == read_metrics(evaluated)
    with pytest.raises(AssertionError):
        evaluate(evaluated, corpus, again=True)


def test_the_command(evaluated, place, capsys):
    assert spooflab(["evaluate", "--model", evaluated, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["run"] == evaluated
    assert printed["eer"]["legacy"] == read_metrics(evaluated).eer["legacy"]
    assert spooflab(["evaluate", "--model", "0" * 32]) == 1
    assert "no run" in capsys.readouterr().err
    assert spooflab(["evaluate", "--sweep", "unheard-of"]) == 1
    assert "no sweep 'unheard-of'" in capsys.readouterr().err
