"""Logits ``(batch, 2)`` and labels ``(batch,)`` in, one number to minimise out: the losses by name."""

from lightning_modules.losses.cross_entropy import FocalLoss, WeightedCrossEntropy
from lightning_modules.losses.loss import DetectionLoss
from lightning_modules.losses.margins import AmSoftmax, OcSoftmax
from lightning_modules.losses.p2sgrad import P2SGrad

__all__ = ["AmSoftmax", "DetectionLoss", "FocalLoss", "OcSoftmax", "P2SGrad", "WeightedCrossEntropy"]
