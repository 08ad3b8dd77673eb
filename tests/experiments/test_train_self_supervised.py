"""A self-supervised frontend trains by the shipped config, and its run needs the folder of weights no more."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from experiments import tracking
from experiments.evaluate import evaluate
from experiments.inference import Countermeasure
from experiments.model_summary import read_detector, summarise
from experiments.registry import COUNTERMEASURE_ARTIFACT
from experiments.train import hand_over_frontend, train
from experiments.training_config import parse
from lightning_modules.detector import Detector
from tests.self_supervised_models import LAYERS, write_model

pytest.importorskip("transformers")
CONFIG = Path(__file__).resolve().parents[2] / "experiments" / "configs" / "ssl_wav2vec2.yaml"
FRONTEND = "--model.frontend.init_args"
SMALL = "--model.network.init_args.channels=[4,8]"


def words(place, folder, *overrides):
    return [*place.words(epochs=1), f"--config={CONFIG}", f"{FRONTEND}.folder={folder}", SMALL, *overrides]


@pytest.mark.parametrize(
    "overrides",
    [(), (f"{FRONTEND}.layer=2",), (f"{FRONTEND}.frozen=false", "--trainer.precision=bf16-mixed")],
    ids=["frozen, weighted", "frozen, one layer, cached", "fine-tuned in bfloat16"],
)
def test_it_trains_and_needs_its_folder_no_more(place, overrides, tmp_path):
    folder = write_model(tmp_path / "model", "wavlm")
    arguments = words(place, folder, *overrides)
    before = Detector(parse(arguments).model.frontend, parse(arguments).model.network).frontend.state_dict()
    run_id = train(arguments, name="self-supervised").run_id
    shutil.rmtree(folder)

    detector = Detector.from_file(tracking.fetch(run_id, tracking.CHECKPOINT_ARTIFACT))
    learnt = {name for name, weight in detector.frontend.state_dict().items() if not weight.equal(before[name])}
    if not overrides:
        assert learnt == {"weights"}
    elif detector.frontend.frozen:
        assert learnt == set()
    else:
        assert {name for name in before if name.startswith("model.encoder.layers.2.")} <= learnt
    assert detector(torch.randn(1, 16_000)).isfinite()


def test_what_is_deployed_needs_no_folder(place, tmp_path):
    folder = write_model(tmp_path / "model")
    run_id = train(words(place, folder, f"{FRONTEND}.layer=1")).run_id
    shutil.rmtree(folder)
    corpus = parse(place.words()).datamodule.corpus
    evaluate(run_id, corpus)
    judge = Countermeasure.load(tracking.fetch(run_id, COUNTERMEASURE_ARTIFACT))
    assert judge.judge(corpus.partition("eval")[0].path).windows


@pytest.mark.parametrize(("layer", "cached"), [("2", True), ("weighted", False)])
def test_only_what_stays_the_same_is_cached(place, layer, cached, tmp_path):
    folder = write_model(tmp_path / "model")
    cli = parse(words(place, folder, f"{FRONTEND}.layer={layer}"))
    hand_over_frontend(cli.model, cli.datamodule)
    batch = next(iter(cli.datamodule.val_dataloader()))
    assert ("features" in batch) == cached
    if cached:
        key = json.dumps(cli.datamodule.extractor.key)
        assert cli.model.frontend.pretrained["weights_sha256"] in key
        assert str(tmp_path) not in key


def test_the_summary_tells_frozen_parameters(place, tmp_path):
    summary = summarise(read_detector(words(place, write_model(tmp_path / "model"))))
    (frontend,) = (stage for stage in summary.stages if stage.name == "frontend")
    assert frontend.parameters.trainable == LAYERS + 1
    assert frontend.parameters.frozen > 20_000
    assert frontend.output == (1, 32, 49)
