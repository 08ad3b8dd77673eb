"""The weights of every step in, their average out: what dev is measured on, and what the best checkpoint holds."""

from abc import ABC, abstractmethod

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor

SLOWEST_START = 10  # after n steps an average reaches back over about n / 10 of them, as TensorFlow's does


class _Average(WeightAveraging, ABC):
    """Moves the average towards the newest weights after every step; so, too, the statistics of batch normalisation.

    Lightning's own averages, while they wait to start, measure dev on the untrained weights, and an exponential one of
    few steps keeps much of the first; here the newest weights always come in.
    """

    def __init__(self) -> None:
        super().__init__(multi_avg_fn=self._update)
        self.steps = 0

    @abstractmethod
    def newest_share(self, step: int, steps: int) -> float:
        """Share that the weights after a step, counted from 0, have in the average of a training of so many steps."""

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Make the average as training begins."""
        super().setup(trainer, pl_module, stage)
        self.steps = 0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Learn how long the training is."""
        self.steps = int(trainer.estimated_stepping_batches)

    @torch.no_grad()
    def _update(self, averages: list[Tensor], newest: list[Tensor], averaged: Tensor) -> None:
        share = self.newest_share(int(averaged), self.steps)
        for average, new in zip(averages, newest, strict=True):
            if average.is_floating_point():
                average.lerp_(new, share)
            else:
                average.copy_(new)  # counts


class ExponentialMovingAverage(_Average):
    """An average in which weights of earlier steps fade (Polyak and Juditsky 1992; Tarvainen and Valpola 2017).

    Args:
        decay: share that the average keeps at a step, late in training; before, it is less: ``(1 + n) / (10 + n)``
            after ``n`` steps, so that the first weights are soon forgotten.
    """

    def __init__(self, decay: float = 0.999) -> None:
        super().__init__()
        if not 0 <= decay < 1:
            raise ValueError(f"found decay {decay}, expected at least 0 and less than 1, such as 0.999")
        self.decay = decay

    def newest_share(self, step: int, steps: int) -> float:  # noqa: ARG002 - the same however long it is
        """Share of the weights after a step."""
        return 1 - min(self.decay, (1 + step) / (SLOWEST_START + step))


class StochasticWeightAverage(_Average):
    """The mean of the weights over the end of training (Izmailov et al. 2018), best under a constant learning rate.

    Until then dev is measured on the weights as they are.

    Args:
        start_share: share of the steps before the mean begins, from 0 to 1.
    """

    def __init__(self, start_share: float = 0.75) -> None:
        super().__init__()
        if not 0 <= start_share < 1:
            raise ValueError(f"found start_share {start_share}, expected at least 0 and less than 1, such as 0.75")
        self.start_share = start_share

    def newest_share(self, step: int, steps: int) -> float:
        """Share of the weights after a step."""
        return 1 / max(1, step + 1 - round(self.start_share * steps))
