"""Logits ``(batch, 2)`` and labels ``(batch,)`` in, cross-entropy out: weighted by class, or focused on hard trials."""

import torch
from torch import Tensor
from torch.nn import functional

from lightning_modules.losses.loss import DetectionLoss


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
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"found label_smoothing {label_smoothing}, expected 0 to 1")
        self.weight_spoof = weight_spoof
        self.weight_bonafide = weight_bonafide
        self.label_smoothing = label_smoothing
        self.register_buffer("weights", _weights(weight_spoof, weight_bonafide), persistent=False)

    @property
    def weighs_classes(self) -> bool:
        """Whether the weights differ."""
        return self.weight_spoof != self.weight_bonafide

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Turn logits ``(batch, 2)`` and int64 labels ``(batch,)`` into a scalar."""
        return functional.cross_entropy(logits, labels, weight=self.weights, label_smoothing=self.label_smoothing)


class FocalLoss(DetectionLoss):
    """Cross-entropy that trials which are right already hardly count in: ``-weight (1 - p)^focus log p``.

    Lin, Goyal, Girshick, He and Dollár, "Focal loss for dense object detection", ICCV 2017, with ``p`` the probability
    of the trial's own class; the mean is over trials. The defaults are theirs: focus (γ) 2, and a weight (α) of .25 for
    the rare class, here bona fide, since the focus on hard trials favours it by itself.

    Args:
        focus: Exponent γ; 0 is cross-entropy.
        weight_spoof: Weight of a spoofed trial.
        weight_bonafide: Weight of a bona fide trial.
    """

    weights: Tensor

    def __init__(self, focus: float = 2.0, weight_spoof: float = 0.75, weight_bonafide: float = 0.25) -> None:
        super().__init__()
        if focus < 0:
            raise ValueError(f"found focus {focus}, expected 0 or more")
        self.focus = focus
        self.weight_spoof = weight_spoof
        self.weight_bonafide = weight_bonafide
        self.register_buffer("weights", _weights(weight_spoof, weight_bonafide), persistent=False)

    @property
    def weighs_classes(self) -> bool:
        """Whether the weights differ."""
        return self.weight_spoof != self.weight_bonafide

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Turn logits ``(batch, 2)`` and int64 labels ``(batch,)`` into a scalar."""
        advantage = (logits[:, 1] - logits[:, 0]) * (2 * labels - 1)  # of the right class
        # From the logarithm of 1 - p, whose power has a finite gradient where p is 1.
        hardness = (self.focus * functional.logsigmoid(-advantage)).exp()
        return -(self.weights[labels] * hardness * functional.logsigmoid(advantage)).mean()


def _weights(spoof: float, bonafide: float) -> Tensor:
    if min(spoof, bonafide) <= 0:
        raise ValueError(f"found weights {spoof} and {bonafide}, expected both positive")
    return torch.tensor([float(spoof), float(bonafide)])
