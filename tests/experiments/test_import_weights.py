"""Published weights become a model like any other; what is no such file is refused, and runs nothing."""

import os
import re

import mlflow
import pandas as pd
import pytest
import torch
import yaml

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from datamodules.digests import file_sha256
from experiments import import_weights as module
from experiments import registry, tracking
from experiments.cli import main as spooflab
from experiments.evaluate import corpus_of
from experiments.inference import NOT_CALIBRATED
from experiments.score_batch import load
from lightning_modules.detector import Detector
from lightning_modules.networks.aasist import AASIST, rename_published_weights
from lightning_modules.networks.rawnet2 import RawNet2
from tests.lightning_modules.networks import test_rawnet2

SMALL = {"sinc_filters": 12, "sinc_taps": 33, "channels": (4, 4, 6), "graph_dimensions": 16}


@pytest.fixture
def small(monkeypatch):
    """Let `aasist` be a small one, whose published names are those of the real one's first blocks."""
    published = module.Published(lambda: AASIST(**SMALL, legacy_2022=True), rename_published_weights, "Nobody 2000")
    monkeypatch.setitem(module.PUBLISHED, "aasist", published)


def small_weights(seed=0):
    """Weights of the small AASIST under published names."""
    torch.manual_seed(seed)
    ours = AASIST(**SMALL).state_dict()
    names = [name for name in published_names() if rename_published_weights({name: 0}).keys() <= ours.keys()]
    state = {name: ours[next(iter(rename_published_weights({name: 0})))] for name in names}
    assert len(state) == len(ours)
    return state


def published_names():
    from benchmarks._published import PublishedAasist

    return list(PublishedAasist().state_dict())


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "published.pth"
    torch.save(small_weights(), path)
    return path


@pytest.fixture
def clip(place):
    return asvspoof2019_la(str(place.corpus)).partition("eval")[0].path


def imported(*words) -> list[str]:
    return ["import-weights", "--network", "aasist", *map(str, words)]


def test_an_imported_model_is_one_like_any_other(small, checkpoint, clip, place, tmp_path, capsys):
    words = imported("--checkpoint", checkpoint, "--register", "published-one", "--source", "a page, MIT")
    assert spooflab(words) == 0
    out = capsys.readouterr().out
    run_id = re.search(r"run (\w{32})", out)[1]
    assert "models:/published-one/1 is registered, not calibrated" in out

    run = tracking.get(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["weights.sha256"] == file_sha256(checkpoint)
    assert run.data.tags["weights.source"] == "a page, MIT"
    version = registry.version_of("models:/published-one/1")
    assert version.tags["weights.sha256"] == file_sha256(checkpoint)
    assert "a page, MIT" in version.description

    assert spooflab(["score", str(clip), "--model", "models:/published-one/1", "--json"]) == 0
    told = capsys.readouterr()
    assert NOT_CALIBRATED in told.err
    assert '"threshold": 0.0' in told.out
    answer = mlflow.pyfunc.load_model("models:/published-one/1").predict(pd.DataFrame({"audio": [clip.read_bytes()]}))
    assert f'"score": {answer["score"][0]}' in told.out

    data = place.folder / "data.yaml"
    assert spooflab(["evaluate", "--model", run_id]) == 1
    assert "name a config with --config" in capsys.readouterr().err
    assert spooflab(["evaluate", "--model", "models:/published-one/1", "--config", str(data)]) == 0
    gate = tmp_path / "gate.yaml"
    gate.write_text("{max_eer: 1.0, max_worst_attack_eer: 1.0, max_eer_above_champion: 1.0, max_balanced_error: 1.0}")
    promoted = ["promote", "--model", run_id, "--name", "published-one", "--config", str(data), "--gate", str(gate)]
    assert spooflab(promoted) == 0
    assert str(registry.version_of("models:/published-one@champion").version) == "2"  # the first is not calibrated
    assert load("models:/published-one@champion").operating_point.source != NOT_CALIBRATED
    assert load("models:/published-one/1").operating_point.source == NOT_CALIBRATED
    assert spooflab(promoted) == 0
    assert str(registry.version_of("models:/published-one@champion").version) == "2"


def test_the_run_has_the_weights_and_the_data_that_it_was_given(small, checkpoint, place):
    run_id = module.import_weights("aasist", checkpoint, config=place.folder / "data.yaml", name="mine")
    assert tracking.get(run_id).info.run_name == "mine"
    detector = Detector.from_file(tracking.fetch(run_id, tracking.CHECKPOINT_ARTIFACT))
    renamed = rename_published_weights(torch.load(checkpoint, weights_only=True))
    assert all(torch.equal(weight, renamed[name]) for name, weight in detector.network.state_dict().items())
    assert detector.network.legacy_2022
    assert round(detector.crop_s * 16_000) == 64_600
    config = yaml.safe_load(tracking.fetch(run_id, tracking.CONFIG_ARTIFACT).read_text())
    assert config["data"] == yaml.safe_load((place.folder / "data.yaml").read_text())["data"]
    assert config["model"]["network"]["class_path"] == "lightning_modules.networks.aasist.AASIST"
    assert corpus_of(run_id).digest == asvspoof2019_la(str(place.corpus)).digest


class Hostile:
    """Pickled, it is a call of whatever it names."""

    def __init__(self, witness):
        self.witness = witness

    def __reduce__(self):
        return os.mkdir, (str(self.witness),)


def test_a_pickle_that_would_run_code_is_refused_and_runs_nothing(place, tmp_path, capsys):
    witness, path = tmp_path / "it-ran", tmp_path / "hostile.pth"
    torch.save({**small_weights(), "out_layer.bias": Hostile(witness)}, path)
    assert spooflab(imported("--checkpoint", path, "--register", "hostile")) == 1
    err = capsys.readouterr().err
    assert f"{path}: damaged, or holds more than tensors" in err
    assert "nothing in it was run" in err
    assert not witness.exists()
    torch.load(path, weights_only=False)  # it is not harmless
    assert witness.exists()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"out_layer.bias": None}, "missing (by our names): classifier.bias"),
        ({"surprise": torch.zeros(1)}, "left over: surprise"),
        ({"master1": torch.zeros(1, 1, 7)}, "of another shape: master1 (1, 1, 7) instead of (1, 1, 6)"),
        ({"out_layer.bias": torch.tensor([0.0, torch.nan])}, "not finite: out_layer.bias"),
        ({"epoch": 3}, "expected a state dict"),
    ],
    ids=["missing", "left over", "shape", "nan", "no weight"],
)
def test_what_does_not_fit_is_named(small, place, tmp_path, capsys, change, complaint):
    path = tmp_path / "other.pth"
    state = {**small_weights(), **change}
    torch.save({name: weight for name, weight in state.items() if weight is not None}, path)
    assert spooflab(imported("--checkpoint", path)) == 1
    err = capsys.readouterr().err
    assert f"{path}: " in err
    assert complaint in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("content", [b"", b"this is a letter", b"PK\x03\x04 no archive"])
def test_no_checkpoint_at_all(place, tmp_path, capsys, content):
    path = tmp_path / "letter.pth"
    path.write_bytes(content)
    assert spooflab(imported("--checkpoint", path)) == 1
    assert str(path) in capsys.readouterr().err
    assert spooflab(imported("--checkpoint", tmp_path / "nowhere.pth")) == 1
    assert "nowhere.pth" in capsys.readouterr().err


def test_rawnet2_imports_too(place, tmp_path, monkeypatch):
    make = module.PUBLISHED["rawnet2-2021"].make
    assert make().legacy_2021
    assert not module.PUBLISHED["rawnet2-2019"].make().legacy_2021
    small = module.Published(
        lambda: RawNet2(**test_rawnet2.TINY, legacy_2021=True), module.PUBLISHED["rawnet2-2021"].rename, "Nobody 2000"
    )
    monkeypatch.setitem(module.PUBLISHED, "rawnet2-2021", small)
    path = tmp_path / "rawnet2.pth"
    torch.save(test_rawnet2.published_weights(seed=1), path)
    run_id = module.import_weights("rawnet2-2021", path)
    assert Detector.from_file(tracking.fetch(run_id, tracking.CHECKPOINT_ARTIFACT)).network.legacy_2021


def test_the_example_is_judged_and_not_silent(small, checkpoint, place, tmp_path):
    module.write_example(tmp_path / "example.wav")
    verdict = load(module.import_weights("aasist", checkpoint)).judge(tmp_path / "example.wav")
    assert verdict.duration_s == 1.0


@pytest.mark.realdata
def test_the_published_checkpoints_import(realdata, place, tmp_path):
    for network, file in (("aasist", "AASIST.pth"), ("aasist-l", "AASIST-L.pth")):
        run_id = module.import_weights(network, realdata / "weights" / file)
        expected = {"aasist": "297866", "aasist-l": "85306"}[network]
        assert tracking.get(run_id).data.params["parameters"] == expected
