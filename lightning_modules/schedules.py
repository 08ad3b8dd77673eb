"""An optimiser and the number of steps in, a learning rate for every step out."""

import math
from abc import ABC, abstractmethod

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR


class Schedule(ABC):
    """How the learning rate goes from step to step; its peak is the detector's ``learning_rate``."""

    @abstractmethod
    def scheduler(self, optimiser: Optimizer, learning_rate: float, steps: int) -> LRScheduler:
        """Return what sets the learning rate, stepped after every batch.

        Args:
            optimiser: Made with the peak rate.
            learning_rate: That peak.
            steps: Of the whole training.
        """


class OneCycle(Schedule):
    """Up from 1/25 of the peak and down to 1/250,000 of it, along cosines (Smith and Topin 2019).

    The momentum goes the other way, from .95 to .85 and back.

    Args:
        warm_up_share: Share of the steps on the way up, from 0 to 1.
    """

    def __init__(self, warm_up_share: float = 0.1) -> None:
        self.warm_up_share = _share("warm_up_share", warm_up_share)

    def scheduler(self, optimiser: Optimizer, learning_rate: float, steps: int) -> LRScheduler:
        """Return the scheduler."""
        way_up = self.warm_up_share if self.warm_up_share * steps > 1 else 0.0  # PyTorch divides by a way of one step
        return OneCycleLR(optimiser, learning_rate, total_steps=steps, pct_start=way_up)


class CosineWithWarmUp(Schedule):
    """Up to the peak in a straight line, then down along half a cosine (Loshchilov and Hutter 2017, without restarts).

    AASIST's schedule, 1e-4 to 5e-6, has warm_up_share 0 and final_share .05.

    Args:
        warm_up_share: Share of the steps on the way up, from 0 to 1.
        final_share: Share of the peak that is left at the last step, from 0 to 1.
    """

    def __init__(self, warm_up_share: float = 0.05, final_share: float = 0.0) -> None:
        self.warm_up_share = _share("warm_up_share", warm_up_share)
        self.final_share = _share("final_share", final_share)

    def scheduler(self, optimiser: Optimizer, learning_rate: float, steps: int) -> LRScheduler:  # noqa: ARG002
        """Return the scheduler."""
        return LambdaLR(optimiser, lambda step: self.share_of_peak(step, steps))

    def share_of_peak(self, step: int, steps: int) -> float:
        """Learning rate of a step, counted from 0, as a share of the peak."""
        warm_up = round(self.warm_up_share * steps)
        if step < warm_up:
            return (step + 1) / (warm_up + 1)
        progress = min(1.0, (step - warm_up) / max(1, steps - 1 - warm_up))
        return self.final_share + (1 - self.final_share) * (1 + math.cos(math.pi * progress)) / 2


class Constant(Schedule):
    """The peak at every step."""

    def scheduler(self, optimiser: Optimizer, learning_rate: float, steps: int) -> LRScheduler:  # noqa: ARG002
        """Return the scheduler."""
        return LambdaLR(optimiser, lambda step: 1.0)  # noqa: ARG005


def _share(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"found {name} {value}, expected a share from 0 to 1")
    return value
