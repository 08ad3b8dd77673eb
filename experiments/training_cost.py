"""A training's config in, what one epoch of it takes on this machine out, by a few real steps on its real data."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any, Final

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from datamodules.loader import BatchLoader
from experiments.model_summary import read_detector, summarise
from experiments.train import hand_over_frontend
from experiments.training_config import TrainingCLI, parse
from lightning_modules.lengths import trimmed

_STEPS: Final = 5  # the first of them warms up
_FEWEST: Final = 2  # batches, between which the time of one passes
_ENDLESS_EPOCHS: Final = 1000  # what Lightning trains for where no number is given


@dataclass(frozen=True)
class TrainingCost:
    """What a training takes.

    Attributes:
        parameters: numbers of the detector.
        macs: multiply-accumulates for one crop.
        epoch_s: seconds for an epoch, dev included, once the caches are filled.
        epochs: at most.
    """

    parameters: int
    macs: int
    epoch_s: float
    epochs: int

    @property
    def seconds(self) -> float:
        """Of the whole training."""
        return self.epoch_s * self.epochs


def training_cost(arguments: Sequence[str], steps: int = _STEPS) -> TrainingCost:
    """Train for a few steps, and scale what they take to an epoch; nothing is tracked or kept but what caches hold.

    Args:
        arguments: as for ``spooflab train``.
        steps: of training, and of dev; at least 2, since the first is left out.

    Raises:
        ValueError: the config is not usable.
    """
    summary = summarise(read_detector(arguments))
    clock = _Clock()
    briefly = [f"--trainer.fast_dev_run={steps}", "--trainer.enable_progress_bar=false"]
    lazily = ["--data.cache=lazy", "--data.on_bad_audio=refuse"]
    cli = parse([*arguments, *briefly, *lazily], [clock])
    hand_over_frontend(cli.model, cli.datamodule)
    train, dev = cli.datamodule.train_dataloader(), cli.datamodule.val_dataloader()
    _warm_up(cli, train, dev, steps)
    if min(len(train), len(dev)) < _FEWEST:
        _repeat_epochs(cli.trainer, steps)
    cli.trainer.fit(cli.model, datamodule=cli.datamodule)
    epochs = cli.config.trainer.max_epochs
    return TrainingCost(
        parameters=summary.parameters.total,
        macs=summary.macs,
        epoch_s=len(train) * clock.step_s("train") + len(dev) * clock.step_s("dev"),
        epochs=_ENDLESS_EPOCHS if epochs is None else epochs,
    )


def _warm_up(cli: TrainingCLI, train: BatchLoader, dev: BatchLoader, steps: int) -> None:
    """Read what will be read once more, so that decoding is not taken for a part of every epoch."""
    batches = [batch for loader in (train, dev) for batch in islice(loader, steps)]
    cli.datamodule.teardown("fit")
    if cli.model.normalisation.mode == "corpus":
        cli.model.normalisation.fit(part for batch in batches for part in trimmed(*cli.model.features(batch)))


def _repeat_epochs(trainer: pl.Trainer, epochs: int) -> None:
    """Have a brief training last for several epochs: one of a single batch tells nothing of what that takes."""
    trainer.fit_loop.max_epochs = epochs
    trainer.fit_loop.epoch_loop.max_steps = -1


class _Clock(Callback):
    """Notes when each batch is done."""

    def __init__(self) -> None:
        self._ends: list[tuple[str, float]] = []

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:  # noqa: ANN401, ARG002 - Lightning's signature
        """Note a step of training."""
        self._ends.append(("train", time.perf_counter()))

    def on_validation_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:  # noqa: ANN401, ARG002
        """Note a step of dev."""
        self._ends.append(("dev", time.perf_counter()))

    def step_s(self, of: str) -> float:
        """The median time from one batch to the next, or from the end of the other partition; 0 where there is none."""
        taken = [(before == of, end - start) for (before, start), (kind, end) in pairwise(self._ends) if kind == of]
        within = [seconds for same, seconds in taken if same]
        between = [seconds for _, seconds in taken]
        # The first one after the other partition is of the first epoch, which warms up.
        return statistics.median(within or between[1:] or between or [0.0])
