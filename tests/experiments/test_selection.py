"""The epoch that is kept was chosen on dev, by one measure, and is told truthfully; eval chooses nothing."""

import math

import pytest
import torch

from experiments import tracking
from experiments.selection import MEASURES, best_epoch
from experiments.train import SCRATCH, train
from experiments.training_config import parse


def test_the_first_of_the_lowest_and_never_nan():
    assert best_epoch([0.3, 0.1, 0.1, 0.2]) == 1
    assert best_epoch([math.nan, 0.4, math.nan]) == 1
    assert best_epoch([math.nan, math.nan]) == 0


@pytest.mark.parametrize("measure", MEASURES)
def test_best_is_of_the_epoch_in_the_checkpoint(place, measure):
    outcome = train(place.words(epochs=3, selection=measure))
    metrics = tracking.get(outcome.run_id).data.metrics
    epoch = torch.load(tracking.fetch(outcome.run_id, tracking.CHECKPOINT_ARTIFACT), weights_only=True)["epoch"]
    values = tracking.history(outcome.run_id, measure)
    assert metrics["best/epoch"] == epoch == values.index(min(values))
    assert metrics["best/dev_eer"] == outcome.dev_eer == tracking.history(outcome.run_id, "dev/eer")[epoch]
    assert metrics["best/dev_min_dcf"] == tracking.history(outcome.run_id, "dev/min_dcf")[epoch]
    assert (SCRATCH / outcome.run_id / "best.ckpt").exists()


def test_one_measure_picks_the_epoch_and_ends_the_training(place):
    cli = parse(place.words(selection="dev/loss"))
    assert {stop.monitor for stop in cli.trainer.early_stopping_callbacks} == {"dev/loss"}
    assert cli.checkpoint.monitor == "dev/loss"
    assert cli.resolved == parse(place.words(early_stopping__monitor="dev/loss")).resolved


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--early_stopping.monitor=eval/eer"], r"early_stopping\.monitor: found 'eval/eer'.* chosen on eval"),
        (["--selection", "eval/eer"], r"found 'eval/eer', expected dev/eer or dev/min_dcf or dev/loss: a model"),
        (["--selection=dev/accuracy"], r"found 'dev/accuracy', expected dev/eer or dev/min_dcf or dev/loss$"),
        (
            ["--trainer.callbacks=ModelCheckpoint", "--trainer.callbacks.monitor=eval/eer"],
            "ModelCheckpoint: found monitor 'eval/eer', expected a measure of dev or train",
        ),
        (
            ["--trainer.callbacks=EarlyStopping", "--trainer.callbacks.monitor=eval/eer"],
            "EarlyStopping: found monitor 'eval/eer', expected a measure of dev or train",
        ),
    ],
)
def test_eval_selects_nothing(place, words, complaint):
    with pytest.raises(ValueError, match=complaint):
        parse([*place.words(), *words])


def test_a_checkpoint_of_ones_own_may_watch_dev(place):
    parse([*place.words(), "--trainer.callbacks=ModelCheckpoint", "--trainer.callbacks.monitor=dev/loss"])


def test_attacks_are_left_out_by_the_command_and_the_run_says_so(place, capsys):
    from datamodules.corpora.asvspoof2019 import asvspoof2019_la
    from experiments.cli import main as spooflab
    from experiments.evaluate import corpus_of

    assert spooflab(["train", *place.words(epochs=1), "--leave-attack-out", "M03", "--leave-attack-out=M01"]) == 0
    run_id = capsys.readouterr().out.rpartition(" ")[2].strip()
    run = tracking.get(run_id)
    assert run.data.params["data.leave_attack_out"] == "['M03', 'M01']"
    heard = parse(place.words(data__leave_attack_out='["M03","M01"]')).datamodule.corpus
    assert run.data.tags["data.sha256"] == heard.digest != asvspoof2019_la(str(place.corpus)).digest
    assert corpus_of(run_id).digest == heard.digest  # what calibration and threshold come from, too

    assert spooflab(["train", *place.words(epochs=1), "--leave-attack-out", "M99"]) == 1
    assert "found no attack M99 in dev to leave out of train, expected one of M01, M02" in capsys.readouterr().err
