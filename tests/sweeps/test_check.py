"""A space is held against the real config before its first trial, and the error says which key to mend."""

from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from experiments.ready_made import write_checkpoint
from lightning_modules.detector import Detector
from lightning_modules.frontends import LogMel
from lightning_modules.networks.cnn import SpectrogramCNN
from sweeps.check import check, sample
from sweeps.constraints import BaseConfigs
from sweeps.settings import SpaceError
from sweeps.space_file import parse_space, read_space

ROOT = Path(__file__).resolve().parents[2]
CHANNELS = "model.network.init_args.channels"
RATE = {"float": {"low": 0.001, "high": 0.1, "log": True}}


@pytest.fixture
def values(place) -> dict:
    """The parts of a space on the tiny corpus that is all right."""
    return {
        "configs": [str(place.folder / "data.yaml"), str(ROOT / "experiments" / "configs" / "debug.yaml")],
        "fixed": {"trainer.max_epochs": 1},
        "parameters": {
            "model.learning_rate": RATE,
            "net": {
                "branch": {
                    "narrow": {"parameters": {CHANNELS: {"int": {"low": 1, "high": 4}}}},
                    "wide": {"parameters": {CHANNELS: {"categorical": [8, 16]}}, "constraints": [f"{CHANNELS} > 8"]},
                }
            },
        },
        "constraints": [
            f"{CHANNELS} <= model.frontend.init_args.n_mels",
            "net != 'wide' or model.learning_rate < 0.05",
        ],
        "enqueue": [{"net": "wide"}],
    }


def space_of(values: dict):
    return parse_space(yaml.safe_dump(values), "here")


def changed(values: dict, place: str, **new: object) -> dict:
    found = deepcopy(values)
    part = found
    for name in place.split("/"):
        part = part[name]
    part.update(new)
    return found


def test_every_option_becomes_a_training(values, place):
    checked = check(space_of(values), BaseConfigs())
    assert [part.draw.label for part in checked] == ["narrow", "wide"]
    assert checked[1].training.model.network.channels == 16  # 8 is not allowed
    assert checked[0].training.datamodule.corpus.name == place.corpus.name


def test_a_sample_begins_with_the_baselines(values, place):
    space = space_of(values)
    draws = sample(space, BaseConfigs(), 5)
    assert [draw.label for draw in draws[:3]] == ["wide", "narrow", "wide"]
    assert len(draws) == 5
    assert draws == sample(space, BaseConfigs(), 5)
    assert draws != sample(space, BaseConfigs(), 5, seed=1)


@pytest.mark.parametrize(
    ("where", "new", "complaint"),
    [
        ("fixed", {"model.lerning_rate": 1}, "no such key.*lerning_rate .did you mean model.learning_rate"),
        ("fixed", {"trainer.max_epoch": 1}, "did you mean trainer.max_epochs"),
        ("fixed", {"model.network.init_args.band": 3}, "did you mean model.network.init_args.bands"),
        (
            "fixed",
            {"model.enhancement.init_args.n_fft": 8},
            "model.enhancement is None: set model.enhancement.class_path",
        ),
        ("fixed", {"model.masking.init_args.probability": 1.5}, "init_args.probability = 1.5: .*expected 0 to 1"),
        ("fixed", {"data.crop_s": -1}, "data.crop_s = -1: .*expected 0.1 to"),
        ("fixed", {"model.lerning_rate": 1, "data.crop": 2}, "no such key"),
        ("parameters", {"model.optimiser": {"categorical": ["adam", "sgd"]}}, "model.optimiser = 'sgd'"),
        ("parameters", {"model.network.init_args.bands": {"int": {"low": 0, "high": 2}}}, "init_args.bands = 0"),
        ("parameters", {"data.batch_size": {"int": {"low": 0, "high": 8}}}, "data.batch_size = 0: .*1 or more"),
        ("parameters", {"model.learning_rate": {"float": {"low": -1.0, "high": 1.0}}}, "learning_rate = -1.0: Invalid"),
        ("fixed", {"model.weight_decay": -0.5}, "weight_decay = -0.5: Invalid weight_decay"),
        ("fixed", {"trainer.max_epochs": -1}, "max_epochs = -1: found -1 .*expected 1 or more"),
        ("parameters/net/branch/narrow/parameters", {"model.crop": RATE}, "no such key in the config: model.crop"),
    ],
)
def test_mistakes_are_found_in_the_real_config(values, where, new, complaint):
    with pytest.raises(SpaceError, match=complaint):
        check(space_of(changed(values, where, **new)), BaseConfigs())


def test_no_epochs_are_refused_as_one_end_of_their_range(values):
    epochs = {"trainer.max_epochs": {"int": {"low": 0, "high": 3}}}
    space = {**values, "fixed": {}, "parameters": {**values["parameters"], **epochs}}
    with pytest.raises(SpaceError, match=r"max_epochs = 0: found 0 .*expected 1 or more"):
        check(space_of(space), BaseConfigs())


def test_trials_that_differ_by_their_seeds_alone_are_allowed_and_told(values, capsys):
    nothing = {"configs": values["configs"], "fixed": values["fixed"]}
    assert len(check(space_of(nothing), BaseConfigs())) == 1
    assert "no parameters: its trials are one config, and differ by their seeds" in capsys.readouterr().err
    check(space_of({**nothing, "parameters": {"model.learning_rate": RATE}}), BaseConfigs())
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("constraint", "complaint"),
    [
        ("model.lerning_rate < 1", "did you mean model.learning_rate"),
        ("model.learning_rate < 0.0001", "no values of the options narrow"),
        ("model.learning_rate < 'small'", "not supported"),
        ("net == 'narrow'", "no values of the options wide"),
    ],
)
def test_constraints_that_cannot_be_met_are_found(values, constraint, complaint):
    with pytest.raises(SpaceError, match=complaint):
        check(space_of({**values, "constraints": [constraint]}), BaseConfigs())


def test_a_baseline_that_violates_a_constraint_is_found(values):
    with pytest.raises(SpaceError, match="no values of the enqueued trial"):
        check(space_of({**values, "enqueue": [{"net": "wide", CHANNELS: 8}]}), BaseConfigs())


def test_a_constraint_between_keys_of_one_option_belongs_below_it(values):
    taps = "model.network.init_args.sinc_taps > 3"
    with pytest.raises(SpaceError, match="belongs below that option"):
        check(space_of({**values, "constraints": [taps]}), BaseConfigs())


@pytest.mark.parametrize("path", sorted((ROOT / "sweeps" / "spaces").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_spaces_fit_the_real_config(path, tiny_corpus, tmp_path, monkeypatch):
    """On the tiny corpus, which the whole of each space is laid over; nothing is promoted that could teach."""
    monkeypatch.chdir(ROOT)
    values = yaml.safe_load(path.read_text())
    fixed = {**values.get("fixed", {}), "data.corpus.init_args.root": str(tiny_corpus)}
    if "distillation.teacher" in fixed:
        fixed["distillation.teacher"] = str(tmp_path / "teacher.ckpt")
        write_checkpoint(Detector(LogMel(), SpectrogramCNN(channels=(4, 8))), tmp_path / "teacher.ckpt")
    assert check(space_of({**values, "fixed": fixed}), BaseConfigs())
    assert read_space(path).enqueued or path.stem == "demo"
