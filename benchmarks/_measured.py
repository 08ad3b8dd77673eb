"""A training's hooks in, the seconds that were training and as many metrics as wanted out; for benchmarks/sweeps.py.

Training is what lies between the start of an epoch and the end of its last batch, on train and on dev. What is left of
a trial is overhead: the config, the trainer, dev's measures, checkpoints, MLflow and Optuna. Further numbers go to the
logger at once: what it costs a detector to have Lightning average its own is its own.
"""

import time

import pytorch_lightning as pl

SECONDS = "train_s"
METRICS = 30  # an epoch, train/loss, the three of dev, Lightning's "epoch" and SECONDS among them
_OTHERS = METRICS - 6


class Measured(pl.Callback):
    """Logs how long was trained so far, and further numbers."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._start = self._last = 0.0

    def on_train_epoch_start(self, *_: object) -> None:
        """Start the clock."""
        self._start = self._last = time.perf_counter()

    def on_train_batch_end(self, *_: object) -> None:
        """Look at the clock."""
        self._last = time.perf_counter()

    def on_validation_start(self, *_: object) -> None:
        """Count the training before, and start again."""
        self._seconds += self._last - self._start
        self._start = self._last = time.perf_counter()

    def on_validation_batch_end(self, *_: object) -> None:
        """Look at the clock."""
        self._last = time.perf_counter()

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Count, and log."""
        self._seconds += self._last - self._start
        self._start = self._last
        if not trainer.sanity_checking and trainer.logger:
            others = {f"other/{number}": float(number) for number in range(_OTHERS)}
            trainer.logger.log_metrics({SECONDS: self._seconds, **others}, trainer.global_step - 1)
