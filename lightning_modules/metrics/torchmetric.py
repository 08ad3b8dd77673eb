"""Scores and labels of one batch after another in, a metric of all of them pooled out, on every rank."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from lightning_modules.metrics.dcf import min_dcf
from lightning_modules.metrics.eer import sorted_equal_error_rate
from lightning_modules.metrics.trials import SortedTrials


class PooledMetric(Metric):
    """A metric of all trials seen since the last reset.

    The raw scores of all batches and all ranks are pooled first: a mean of the batches' metrics is not the metric.
    ``compute`` gives NaN while one of the classes has not been seen, as happens in Lightning's sanity check.

    Args:
        metric: Sorted trials to a number.
    """

    is_differentiable = False
    full_state_update = False

    scores: list[Tensor]
    labels: list[Tensor]

    def __init__(self, metric: Callable[[SortedTrials], float]) -> None:
        super().__init__()
        self.metric = metric
        self.add_state("scores", default=[], dist_reduce_fx="cat")
        self.add_state("labels", default=[], dist_reduce_fx="cat")

    def update(self, scores: Tensor, labels: Tensor) -> None:
        """Add a batch of scores ``(batch,)``, higher for more bona fide, and labels ``(batch,)``, 1 for bona fide."""
        if scores.shape != labels.shape:
            raise ValueError(f"found {tuple(scores.shape)} scores for {tuple(labels.shape)} labels, expected as many")
        self.scores.append(scores.detach())
        self.labels.append(labels.detach())

    def compute(self) -> Tensor:
        """The metric, a float64 scalar."""
        if self.update_count == 0:
            return torch.tensor(math.nan, dtype=torch.float64)
        # Lists here, or tensors once the ranks have been pooled.
        scores, labels = dim_zero_cat(self.scores).cpu(), dim_zero_cat(self.labels).cpu()
        bonafide, spoof = scores[labels == 1].numpy(), scores[labels == 0].numpy()
        value = self.metric(SortedTrials.of(bonafide, spoof)) if bonafide.size and spoof.size else math.nan
        return torch.tensor(value, dtype=torch.float64)


class PooledEqualErrorRate(PooledMetric):
    """Equal error rate (``legacy``) as a fraction."""

    higher_is_better = False

    def __init__(self) -> None:
        super().__init__(_legacy_eer)


class PooledMinDcf(PooledMetric):
    """Minimum of the normalised detection cost of ASVspoof 5."""

    higher_is_better = False

    def __init__(self) -> None:
        super().__init__(min_dcf)


class PooledLoss(Metric):
    """A loss of all trials seen since the last reset, as if they were one batch.

    A mean over batches would not weigh the classes as the loss does where a batch holds one class alone: protocols are
    often sorted by class.

    Args:
        loss: Logits ``(trials, 2)`` and labels ``(trials,)`` to a scalar.
    """

    is_differentiable = False
    higher_is_better = False
    full_state_update = False

    logits: list[Tensor]
    labels: list[Tensor]

    def __init__(self, loss: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.loss = loss
        self.add_state("logits", default=[], dist_reduce_fx="cat")
        self.add_state("labels", default=[], dist_reduce_fx="cat")

    def update(self, logits: Tensor, labels: Tensor) -> None:
        """Add a batch of logits ``(batch, 2)`` and labels ``(batch,)``, 1 for bona fide."""
        self.logits.append(logits.detach().float())
        self.labels.append(labels.detach())

    def compute(self) -> Tensor:
        """The loss, a scalar."""
        return self.loss(dim_zero_cat(self.logits), dim_zero_cat(self.labels))


def _legacy_eer(trials: SortedTrials) -> float:
    return sorted_equal_error_rate(trials).eer
