"""Distillation is a training like any other: by a config, on a run, to a checkpoint that stands alone."""

from pathlib import Path

import pytest
import torch

from experiments import tracking
from experiments.cli import main as spooflab
from experiments.distil import distil
from experiments.train import train
from experiments.training_config import parse, read_config
from lightning_modules.cost import count_parameters
from lightning_modules.detector import Detector
from lightning_modules.distillation import DistilledDetector

CONFIG = Path(__file__).resolve().parents[2] / "experiments" / "configs" / "distil.yaml"


@pytest.fixture(scope="module")
def student_run(session_place, evaluated):
    words = [*session_place.words(epochs=2, model__network__init_args__channels="[4,8]"), "--config", str(CONFIG)]
    with session_place.entered():
        return distil(evaluated, [*words, "--distillation.feature_weight=0.1"]).run_id


def test_the_run_tells_its_teacher_and_how_it_learnt(place, evaluated, student_run):
    run = tracking.get(student_run)
    assert run.data.tags["distilled.from"] == evaluated
    assert run.info.run_name.endswith("distilled")
    assert run.data.params["distillation.temperature"] == "4.0"
    assert run.data.params["distillation.feature_weight"] == "0.1"
    assert run.info.status == "FINISHED"


def test_the_checkpoint_is_read_without_the_teacher(place, evaluated, student_run, monkeypatch, capsys):
    checkpoint = tracking.fetch(student_run, tracking.CHECKPOINT_ARTIFACT)
    student = Detector.from_file(checkpoint)
    assert type(student) is Detector
    assert student.network.channels == (4, 8)
    parameters = int(tracking.get(student_run).data.params["parameters"])
    assert parameters == count_parameters(student.network).total
    monkeypatch.delattr(DistilledDetector, "__init__")  # nobody makes one
    assert spooflab(["evaluate", "--model", student_run, "--json"]) == 0
    assert student_run in capsys.readouterr().out


def test_dev_is_measured_by_the_labels_alone(place, evaluated):
    """The best epoch is chosen as it is for others: by dev's own measures."""
    words = [*place.words(), "--config", str(CONFIG), f"--distillation.teacher={evaluated}"]
    cli = parse([*words, "--trainer.fast_dev_run=true"])
    assert isinstance(cli.model, DistilledDetector)
    cli.trainer.fit(cli.model, datamodule=cli.datamodule)
    assert cli.trainer.callback_metrics["train/loss"].isfinite()
    assert {"dev/eer", "dev/loss"} <= set(cli.trainer.callback_metrics)


def test_a_training_without_a_teacher_is_the_one_it_was(place):
    assert not {"distillation", "start"} & set(read_config(place.words()))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "distillation.teacher: found no model"),
        (["--distillation.teacher=nowhere"], "no run 'nowhere'"),
        (["--distillation.temperature=-1"], "distillation.temperature: found -1"),
        (["--distillation.temprature=2"], "temprature"),
    ],
)
def test_what_is_wrong_with_a_teacher_is_one_line(place, capsys, words, told):
    no_teacher = place.folder / "no_teacher.yaml"
    no_teacher.write_text("distillation: {temperature: 4.0}\n")
    assert spooflab(["train", *place.words(), "--config", str(no_teacher), *words]) == 1
    assert told in capsys.readouterr().err


def test_a_training_begins_with_the_weights_of_a_model(place, evaluated):
    outcome = train([*place.words(epochs=1, model__learning_rate="1e-12"), f"--start.model={evaluated}"])
    before, after = (
        Detector.from_file(tracking.fetch(run, tracking.CHECKPOINT_ARTIFACT)).network.project.weight
        for run in (evaluated, outcome.run_id)
    )
    torch.testing.assert_close(after, before, atol=1e-6, rtol=1e-6)
    assert tracking.get(outcome.run_id).data.tags["start.from"] == evaluated


def test_weights_of_another_form_are_refused(place, evaluated, capsys):
    words = place.words(model__network__init_args__channels="[4,8]")
    assert spooflab(["train", *words, f"--start.model={evaluated}"]) == 1
    assert "channels=[8, 16], expected that of the config channels=[4, 8]" in capsys.readouterr().err
