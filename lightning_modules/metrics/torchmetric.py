"""Scores and labels of one batch after another in, the metric of all of them pooled out, on every rank."""

import math

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from lightning_modules.metrics.eer import equal_error_rate


class PooledEqualErrorRate(Metric):
    """Equal error rate (``legacy``) of all trials seen since the last reset.

    The raw scores of all batches and all ranks are pooled first: a mean of the batches' EERs is not the EER.
    ``compute`` gives NaN while one of the classes has not been seen, as happens in Lightning's sanity check.
    """

    is_differentiable = False
    higher_is_better = False
    full_state_update = False

    scores: list[Tensor]
    labels: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("scores", default=[], dist_reduce_fx="cat")
        self.add_state("labels", default=[], dist_reduce_fx="cat")

    def update(self, scores: Tensor, labels: Tensor) -> None:
        """Add a batch of scores ``(batch,)``, higher for more bona fide, and labels ``(batch,)``, 1 for bona fide."""
        if scores.shape != labels.shape:
            raise ValueError(f"found {tuple(scores.shape)} scores for {tuple(labels.shape)} labels, expected as many")
        self.scores.append(scores.detach())
        self.labels.append(labels.detach())

    def compute(self) -> Tensor:
        """The EER as a fraction, a float64 scalar."""
        if self.update_count == 0:
            return torch.tensor(math.nan, dtype=torch.float64)
        # Lists here, or tensors once the ranks have been pooled.
        scores, labels = dim_zero_cat(self.scores).cpu(), dim_zero_cat(self.labels).cpu()
        bonafide, spoof = scores[labels == 1].numpy(), scores[labels == 0].numpy()
        eer = equal_error_rate(bonafide, spoof).eer if bonafide.size and spoof.size else math.nan
        return torch.tensor(eer, dtype=torch.float64)
