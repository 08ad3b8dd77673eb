"""Logits ``(batch, 2)`` and labels ``(batch,)`` in, one number to minimise out."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional


class DetectionLoss(nn.Module, ABC):
    """What a detector minimises. Label 0 is spoof and label 1 bona fide, as are the columns of the logits."""

    @abstractmethod
    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Turn logits ``(batch, 2)`` and int64 labels ``(batch,)`` into a scalar."""


class WeightedCrossEntropy(DetectionLoss):
    """Cross-entropy with a weight per class, averaged by the weights.

    The defaults are those of the ASVspoof baselines (Tak et al. 2021), whose training sets hold nine spoofed trials for
    a bona fide one. Weigh the classes or balance the batches, not both.

    Args:
        weight_spoof: Weight of a spoofed trial.
        weight_bonafide: Weight of a bona fide trial.
        label_smoothing: Share of the target that is spread evenly over both classes, from 0 to 1.
    """

    weights: Tensor

    def __init__(self, weight_spoof: float = 0.1, weight_bonafide: float = 0.9, label_smoothing: float = 0.0) -> None:
        super().__init__()
        if min(weight_spoof, weight_bonafide) <= 0:
            raise ValueError(f"found weights {weight_spoof} and {weight_bonafide}, expected both positive")
        self.weight_spoof = weight_spoof
        self.weight_bonafide = weight_bonafide
        self.label_smoothing = label_smoothing
        self.register_buffer("weights", torch.tensor([float(weight_spoof), float(weight_bonafide)]), persistent=False)

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Turn logits ``(batch, 2)`` and int64 labels ``(batch,)`` into a scalar."""
        return functional.cross_entropy(logits, labels, weight=self.weights, label_smoothing=self.label_smoothing)
