"""Steps, signals and epochs of a training in; seeds, lines and its early end out."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, EarlyStopping

from experiments import selection
from experiments.plain_words import percent

KeepGoing = Callable[[int, Mapping[str, float]], bool]


class StepSeed(Callback):
    """Seeds every step by its number, so that a resumed run draws the dropout that an uninterrupted one would.

    Each process of a distributed training draws its own.
    """

    def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:  # noqa: ANN401 - Lightning's signature
        """Seed the step."""
        seed = int(os.environ["PL_GLOBAL_SEED"]) * 1_000_003 + trainer.global_step
        seed += trainer.global_rank * 1_000_000_007
        # `torch.manual_seed` keeps a traceback of each call for every kind of device that is not in use.
        torch.default_generator.manual_seed(seed)
        device = trainer.strategy.root_device
        if device.type != "cpu":
            torch.get_device_module(device).manual_seed(seed)


class Interruption(Callback):
    """Ends the training between two batches once Ctrl-C was pressed: in all processes, or some would wait for ever."""

    def __init__(self, interrupted: Callable[[], bool]) -> None:
        self._interrupted = interrupted

    def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:  # noqa: ANN401 - Lightning's signature
        """Stop, if asked to."""
        self._stop(trainer)

    def on_validation_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:  # noqa: ANN401 - Lightning's signature
        """Stop, if asked to."""
        self._stop(trainer)

    def _stop(self, trainer: pl.Trainer) -> None:
        if trainer.strategy.reduce_boolean_decision(self._interrupted(), all=False):
            raise KeyboardInterrupt


class EndedBefore(Callback):
    """Ends a resumed training at once that had ended early when it was broken off: one epoch more is another result."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Look at what the checkpoint says."""
        stoppers = [callback for callback in trainer.early_stopping_callbacks if isinstance(callback, EarlyStopping)]
        trainer.should_stop |= any(stopper.wait_count >= stopper.patience for stopper in stoppers)


class EpochLines(Callback):
    """Tells each epoch in a line where the progress bar is not drawn: in a file, or through a pipe."""

    def __init__(self) -> None:
        self._begin = time.monotonic()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Tell it on stderr, in the first of several processes; nothing where no bar is wanted."""
        wanted = trainer.progress_bar_callback is not None and trainer.is_global_zero and not trainer.sanity_checking
        if not wanted or sys.stdout.isatty():
            return
        error, seconds = float(trainer.callback_metrics[selection.EER]), time.monotonic() - self._begin
        told = f"epoch {trainer.current_epoch + 1}: dev EER {percent(error)}, {seconds:.0f} s since the start"
        print(told, file=sys.stderr, flush=True)


class EpochReport(Callback):
    """Tells ``keep_going`` the measures of each epoch and stops the training, in all processes, when it says no.

    Attributes:
        epochs: the measures of each epoch on dev, those before a resumption included.
        stopped: the training was stopped.
    """

    def __init__(self, keep_going: KeepGoing) -> None:
        self._keep_going = keep_going
        self.epochs: dict[int, dict[str, float]] = {}
        self.stopped = False

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Ask whether to go on; the first of several processes asks for all."""
        if trainer.sanity_checking:
            return
        epoch = trainer.current_epoch
        self.epochs[epoch] = {name: float(trainer.callback_metrics[name]) for name in selection.MEASURES}
        go_on = self._keep_going(epoch, self.epochs[epoch]) if trainer.is_global_zero else True
        if not trainer.strategy.broadcast(go_on):
            self.stopped = trainer.should_stop = True

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"epochs": self.epochs}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.epochs = dict(state_dict["epochs"])
