"""An evaluation's evidence is all there, agrees with itself, and is not made twice."""

import csv
import hashlib
import json

import pytest

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from datamodules.corpora.in_the_wild import in_the_wild
from experiments import tracking
from experiments.cli import main as spooflab
from experiments.evaluate import evaluate, read_metrics
from experiments.train import train
from lightning_modules.metrics.eer import equal_error_rate

FILES = {
    *("metrics.json", "provenance.json", "classification_report.txt", "scores.txt", "breakdown.csv"),
    *("roc.png", "det.png", "scores.png", "scores_by_attack.png", "eer_by_attack.png", "reliability.png"),
    "confusion_matrix.png",
}
ROBUSTNESS = {f"robustness/{kind}_eer" for kind in ("noise", "codec", "trimmed", "worst")}


@pytest.fixture
def folder(evaluated, place):
    return tracking.fetch(evaluated, "evaluation/eval")


def test_all_of_it_is_on_the_run(evaluated, folder):
    assert {path.name for path in folder.iterdir()} == FILES
    names = {"eer", "eer_low", "eer_high", "min_dcf", "act_dcf", "cllr", "auc", "balanced_accuracy"}
    assert {f"eval/{name}" for name in names} <= set(tracking.get(evaluated).data.metrics)


def test_a_corpus_of_eval_alone_is_judged_at_the_threshold_of_the_training_corpus(place, miniature):
    run_id = train(place.words(epochs=1)).run_id
    at_home = evaluate(run_id, asvspoof2019_la(str(place.corpus)))
    abroad = evaluate(run_id, in_the_wild(str(miniature("in_the_wild"))))
    assert abroad.trials == {"bonafide": 5, "spoof": 5}
    assert abroad.threshold == at_home.threshold


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
    rows = list(csv.DictReader((folder / "breakdown.csv").open()))
    trials = asvspoof2019_la(str(place.corpus)).partition("eval")
    attacks = [row for row in rows if row["by"] == "attack"]
    assert {row["name"] for row in attacks} == {trial.attack for trial in trials} - {"-"}
    assert sum(int(row["spoof"]) for row in attacks) == sum(trial.label == 0 for trial in trials)
    for group in ("speaker", "duration"):
        trials_of = [int(row["bonafide"]) + int(row["spoof"]) for row in rows if row["by"] == group]
        assert sum(trials_of) == len(trials)


def test_provenance_names_model_data_and_code(evaluated, folder, place):
    provenance = json.loads((folder / "provenance.json").read_text())
    assert provenance["run"] == evaluated
    assert provenance["data_sha256"] == asvspoof2019_la(str(place.corpus)).digest
    assert provenance["specifications"]["labels"] == {"spoof": 0, "bonafide": 1}
    assert provenance["scores_sha256"] == hashlib.sha256((folder / "scores.txt").read_bytes()).hexdigest()


def test_the_same_data_is_not_scored_twice(evaluated, place, monkeypatch):
    import experiments.evaluate as module

    def refuse(*_, **__):
        raise AssertionError("scored again")

    monkeypatch.setattr(module, "score_trials", refuse)
    corpus = asvspoof2019_la(str(place.corpus))
    assert evaluate(evaluated, corpus) == read_metrics(evaluated)
    with pytest.raises(AssertionError):
        evaluate(evaluated, corpus, again=True)


def test_the_score_file_measured_by_itself_says_the_same(evaluated, folder, capsys):
    ours = read_metrics(evaluated)
    words = ["--threshold", repr(ours.threshold), "--bootstrap", "0", "--json"]
    assert spooflab(["metrics", str(folder / "scores.txt"), *words]) == 0
    found = json.loads(capsys.readouterr().out)
    for name in ("eer", "min_dcf", "act_dcf", "cllr", "min_cllr", "auc", "accuracy", "f1"):
        assert found[name] == getattr(ours, name), name


def test_dev_and_a_speaker_verification_stay_within_25_metrics(evaluated, place, tmp_path):
    asv = tmp_path / "asv.txt"
    asv.write_text("- target 3\n- target 5\n- nontarget 1\n- nontarget 0\nM01 spoof 4\nM01 spoof 2\n")
    corpus = asvspoof2019_la(str(place.corpus))
    evaluate(evaluated, corpus, "dev")
    assert evaluate(evaluated, corpus, asv_scores=asv).min_tdcf.keys() == {"v1", "v2"}
    metrics = tracking.get(evaluated).data.metrics
    assert {"dev_whole/eer", "eval/min_tdcf_v1", "dev/eer", "best/dev_eer", "best/dev_min_dcf"} <= metrics.keys()
    assert len(metrics.keys() | ROBUSTNESS) <= 25


def test_the_command(evaluated, place, capsys):
    assert spooflab(["evaluate", "--model", evaluated, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["run"] == evaluated
    assert printed["eer"]["legacy"] == read_metrics(evaluated).eer["legacy"]
    assert spooflab(["evaluate", "--model", "0" * 32]) == 1
    assert "no run" in capsys.readouterr().err
    assert spooflab(["evaluate", "--sweep", "unheard-of"]) == 1
    assert "no sweep 'unheard-of'" in capsys.readouterr().err
