"""Detectors fused by the command are a model like any other, and eval plays no part in it."""

import json
import re

import numpy as np
import pytest
import torch
import yaml

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from experiments import fuse as module
from experiments import registry, tracking
from experiments.cli import main as spooflab
from experiments.evaluate import corpus_of, evaluate, read_metrics
from experiments.heard import heard_recordings, log_augmentation
from experiments.import_weights import UNCALIBRATED
from experiments.inference import NOT_CALIBRATED
from experiments.ready_made import log_detector
from experiments.score_batch import load
from lightning_modules.detector import SPECIFICATIONS_KEY, Detector
from lightning_modules.frontends import LogMel, Waveform
from lightning_modules.networks.debug import DebugNetwork
from lightning_modules.networks.fusion import Fusion


@pytest.fixture
def checkpoint(tmp_path):
    """Write the checkpoint of an untrained detector, each of other weights."""

    def write(name="other.ckpt", frontend=None, **arguments) -> str:
        torch.manual_seed(len(list(tmp_path.iterdir())))
        detector = Detector(frontend or LogMel(n_mels=20), DebugNetwork(), **{"crop_s": 1.0, **arguments})
        values = {"state_dict": detector.state_dict(), SPECIFICATIONS_KEY: detector.specifications.to_dict()}
        torch.save(values, tmp_path / name)
        return str(tmp_path / name)

    return write


def scores_of(run_id, artifact) -> np.ndarray:
    lines = tracking.fetch(run_id, artifact).read_text().splitlines()
    return np.array([float(line.split()[3]) for line in lines])


def run_of_untrained(data, **tags) -> str:
    """A run with the checkpoint of an untrained detector, and data."""
    torch.manual_seed(0)
    detector = Detector(Waveform(), DebugNetwork(), crop_s=1.0)
    with tracking.run("untrained", tags=tags) as run_id:
        log_detector(run_id, detector, UNCALIBRATED, data, "")
    return run_id


def test_a_fusion_is_a_model_like_any_other(evaluated, checkpoint, place, tmp_path, capsys):
    assert spooflab(["fuse", evaluated, checkpoint(), "--name", "fused"]) == 0
    run_id = re.search(r"run (\w{32})", capsys.readouterr().out)[1]
    run = tracking.get(run_id)
    assert (run.info.run_name, run.info.status) == ("fused", "FINISHED")
    assert run.data.tags["fusion.member.1"] == evaluated
    assert run.data.tags["fusion.member.2"].startswith("sha256:")
    assert run.data.tags["data.sha256"] == corpus_of(evaluated).digest == corpus_of(run_id).digest
    assert f"`{evaluated}`" in run.data.tags["mlflow.note.content"]
    config = yaml.safe_load(tracking.fetch(run_id, tracking.CONFIG_ARTIFACT).read_text())
    assert len(config["model"]["network"]["init_args"]["members"]) == 2

    trial = asvspoof2019_la(str(place.corpus)).partition("eval")[0]
    assert spooflab(["score", str(trial.path), "--model", run_id, "--json"]) == 0
    told = capsys.readouterr()
    assert NOT_CALIBRATED not in told.err
    before = json.loads(told.out)["score"]
    gate = tmp_path / "gate.yaml"
    gate.write_text("{max_eer: 1.0, max_worst_attack_eer: 1.0, max_eer_above_champion: 1.0, max_balanced_error: 1.0}")
    assert spooflab(["promote", "--model", run_id, "--name", "fusion", "--gate", str(gate)]) == 0
    countermeasure = load("models:/fusion@champion")
    assert countermeasure.judge(trial.path).score == pytest.approx(before, abs=1e-5)  # it was calibrated as evaluated
    assert isinstance(countermeasure.detector.network, Fusion)
    assert str(registry.version_of("models:/fusion@champion").run_id) == run_id


def test_its_raw_score_is_the_mean_of_the_calibrated_ones(evaluated, checkpoint, place):
    second = checkpoint()
    outcome = module.fuse([evaluated, second])
    assert [row.weight for row in outcome.members] == [0.5, 0.5]
    corpus = asvspoof2019_la(str(place.corpus))
    metrics = evaluate(outcome.run_id, corpus)
    raw = (
        scores_of(outcome.run_id, "evaluation/eval/scores.txt") - metrics.calibration["offset"]
    ) / metrics.calibration["scale"]
    other = outcome.members[1]
    alone = load_scores(second, corpus) * other.scale + other.offset
    assert raw == pytest.approx((scores_of(evaluated, "evaluation/eval/scores.txt") + alone) / 2, abs=1e-4)
    assert outcome.members[0].scale == pytest.approx(read_metrics(evaluated).calibration["scale"], rel=1e-4)


def load_scores(checkpoint, corpus) -> np.ndarray:
    return module.score_trials(Detector.from_file(checkpoint), corpus.partition("eval"), "eval").scores


def test_fitted_weights_are_in_the_checkpoint(evaluated, checkpoint, place, capsys):
    assert spooflab(["fuse", evaluated, checkpoint(), "--weights", "fitted", "--json"]) == 0
    outcome = json.loads(capsys.readouterr().out)
    weights = [row["weight"] for row in outcome["members"]]
    assert weights != [0.5, 0.5]
    assert tracking.get(outcome["run_id"]).data.tags["fusion.weights"] == "fitted"
    fusion = Detector.from_file(tracking.fetch(outcome["run_id"], tracking.CHECKPOINT_ARTIFACT)).network
    assert fusion.classifier.weight[1].tolist() == pytest.approx([weight / 2 for weight in weights])
    assert fusion.classifier.bias[1].item() == pytest.approx(outcome["offset"] / 2)


def test_nothing_of_eval_is_scored(checkpoint, place, monkeypatch):
    seen = []
    score = module.score_trials

    def spy(detector, trials, title):
        seen.extend(trials)
        return score(detector, trials, title)

    monkeypatch.setattr(module, "score_trials", spy)
    module.fuse([checkpoint("a.ckpt"), checkpoint("b.ckpt")], config=place.folder / "data.yaml")
    assert {trial.partition for trial in seen} == {"dev"}


def test_a_stated_window_is_that_of_all(checkpoint, place, capsys):
    models = [checkpoint("a.ckpt", crop_s=1.0), checkpoint("b.ckpt", crop_s=2.0)]
    words = ["fuse", *models, "--config", str(place.folder / "data.yaml")]
    assert spooflab(words) == 1
    assert "found 1.0 of a.ckpt, 2.0 of b.ckpt" in (err := capsys.readouterr().err)
    assert "--window-s" in err
    assert spooflab([*words, "--window-s", "1.5", "--json"]) == 0
    outcome = json.loads(capsys.readouterr().out)
    assert Detector.from_file(tracking.fetch(outcome["run_id"], tracking.CHECKPOINT_ARTIFACT)).crop_s == 1.5
    config = yaml.safe_load(tracking.fetch(outcome["run_id"], tracking.CONFIG_ARTIFACT).read_text())
    assert config["data"]["crop_s"] == 1.5


@pytest.mark.parametrize(
    ("second", "complaint"),
    [
        ({"frontend": LogMel(sample_rate_hz=8000)}, "sampling rate in Hz: found 16000 of a.ckpt, 8000 of b.ckpt"),
        ({"shorter": "pad"}, "found repeat of a.ckpt, pad of b.ckpt"),
        ({}, "none of the models has data of its own"),
    ],
    ids=["rate", "shorter", "no data"],
)
def test_what_does_not_go_together_is_named(checkpoint, place, second, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        module.fuse([checkpoint("a.ckpt"), checkpoint("b.ckpt", **second)])


def test_one_model_and_the_same_one_twice_are_refused(evaluated, checkpoint, place, tmp_path):
    with pytest.raises(ValueError, match="found 1 model, expected two or more"):
        module.fuse([evaluated])
    copy = tracking.fetch(evaluated, tracking.CHECKPOINT_ARTIFACT)
    with pytest.raises(ValueError, match="have the same checkpoint"):
        module.fuse([checkpoint(), evaluated, str(copy)])
    with pytest.raises(ValueError, match="--window-s: found 0"):
        module.fuse([evaluated, checkpoint()], window_s=0.0)


def test_other_data_must_be_chosen_between(evaluated, place, miniature):
    source = {
        "class_path": "datamodules.corpora.folder.labelled_folder",
        "init_args": {"root": str(miniature("labelled_folder"))},
    }
    elsewhere = run_of_untrained({"corpus": source})
    with pytest.raises(ValueError, match=r"was trained on other data.*--config"):
        module.fuse([evaluated, elsewhere])
    data = yaml.safe_load((place.folder / "data.yaml").read_text())["data"]
    judged_elsewhere = run_of_untrained(data, **{"evaluated.eval": "f00d"})
    with pytest.raises(ValueError, match=r"was evaluated on other data \(f00d\).*--config"):
        module.fuse([evaluated, judged_elsewhere])
    assert module.fuse([evaluated, judged_elsewhere], config=place.folder / "data.yaml").run_id


def test_a_member_that_has_it_the_wrong_way_round_is_told(evaluated, place, tmp_path, capsys):
    values = torch.load(tracking.fetch(evaluated, tracking.CHECKPOINT_ARTIFACT), weights_only=True)
    for name in ("network.classifier.weight", "network.classifier.bias"):
        values["state_dict"][name] *= -1
    torch.save(values, tmp_path / "inverted.ckpt")
    assert spooflab(["fuse", evaluated, str(tmp_path / "inverted.ckpt"), "--json"]) == 0
    told = capsys.readouterr()
    assert "warning: inverted.ckpt is no better than chance on dev" in told.err
    assert json.loads(told.out)["members"][1]["scale"] < 0
    assert told.err.count("warning:") == 1


def test_noise_that_a_member_heard_was_heard_by_the_fusion(evaluated, checkpoint, place):
    data = yaml.safe_load((place.folder / "data.yaml").read_text())["data"]
    noisy = run_of_untrained(data)
    log_augmentation(noisy, {"noise": ["ab" * 32]})
    assert heard_recordings(module.fuse([evaluated, noisy]).run_id) == {"ab" * 32}
