"""Embeddings ``(batch, embedding)`` in, logits ``(batch, 2)`` of (spoof, bona fide) out, by the angle to prototypes."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional


class Classifier(nn.Module, ABC):
    """What takes the place of a network's own classifier where the loss asks for it.

    Checkpoints record it, so that inference needs no loss: every constructor argument is kept as an attribute of the
    same name.
    """

    @abstractmethod
    def forward(self, embedded: Tensor) -> Tensor:
        """Turn embeddings ``(batch, embedding)`` into logits ``(batch, 2)``."""


class CosineClassifier(Classifier):
    """Cosines of the angles between an embedding and a learnt prototype of each class, scaled.

    Args:
        embedding: Dimensions of the embedding.
        scale: Greatest logit.
    """

    def __init__(self, embedding: int, scale: float = 1.0) -> None:
        super().__init__()
        self.embedding = embedding
        self.scale = _positive(scale)
        self.prototypes = nn.Parameter(_directions(2, embedding))

    def forward(self, embedded: Tensor) -> Tensor:
        """Turn embeddings ``(batch, embedding)`` into logits ``(batch, 2)``."""
        return self.scale * functional.linear(functional.normalize(embedded), functional.normalize(self.prototypes))


class OneClassClassifier(Classifier):
    """Cosine of the angle between an embedding and one learnt prototype, of bona fide speech; scaled, it is the score.

    Args:
        embedding: Dimensions of the embedding.
        scale: Greatest score.
    """

    def __init__(self, embedding: int, scale: float = 20.0) -> None:
        super().__init__()
        self.embedding = embedding
        self.scale = _positive(scale)
        self.prototype = nn.Parameter(_directions(1, embedding))

    def forward(self, embedded: Tensor) -> Tensor:
        """Turn embeddings ``(batch, embedding)`` into logits ``(batch, 2)``, minus and plus half the score."""
        halves = (
            self.scale / 2 * functional.linear(functional.normalize(embedded), functional.normalize(self.prototype))
        )
        return torch.cat((-halves, halves), dim=1)


def _directions(number: int, dimensions: int) -> Tensor:
    """Draw directions ``(number, dimensions)`` evenly on the sphere, of length 1."""
    return functional.normalize(torch.randn(number, dimensions))


def _positive(scale: float) -> float:
    if scale <= 0:
        raise ValueError(f"found scale {scale}, expected a positive one: the higher score is bona fide")
    return scale
