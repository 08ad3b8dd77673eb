"""What every network is: features ``(batch, bins, frames)`` in, logits ``(batch, 2)`` of (spoof, bona fide) out."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Network(nn.Module, ABC):
    """An embedding of the features, and a linear classifier on top of it.

    A new network is one file: derive from this class, define :meth:`embed`, and set ``classifier``. Keep every
    constructor argument as an attribute of the same name, so that checkpoints can record how to build the network.

    Attributes:
        embedding: dimensions of the embedding.
        classifier: embedding to logits; a loss on angles puts another in its place.
    """

    embedding: int
    classifier: nn.Module

    @abstractmethod
    def embed(self, features: Tensor) -> Tensor:
        """Turn ``(batch, bins, frames)`` into the embedding ``(batch, dimensions)`` that is classified."""

    def forward(self, features: Tensor) -> Tensor:
        """Turn ``(batch, bins, frames)`` into logits ``(batch, 2)``: column 0 for spoof, column 1 for bona fide."""
        logits: Tensor = self.classifier(self.embed(features))
        return logits
