"""What every network is: features ``(batch, bins, frames)`` in, logits ``(batch, 2)`` of (spoof, bona fide) out."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from lightning_modules.classifiers import Classifier
from lightning_modules.specifications import Description, build


class Network(nn.Module, ABC):
    """An embedding of the features, and a linear classifier on top of it.

    A new network is one file: derive from this class, define :meth:`embed`, and set ``classifier``. Keep every
    constructor argument as an attribute of the same name, so that checkpoints can record how to build the network. Its
    docstring states its layers in one line, its paper, and its cost for 4 s: parameters, multiply-accumulates (MACs).

    Examples of several lengths share a batch when the shorter are padded, and ``lengths`` says how many frames of each
    are valid. What lies beyond must not matter: in evaluation mode, row ``i`` of ``network(features, lengths)`` is
    ``network(features[i : i + 1, :, : lengths[i]])``. :mod:`lightning_modules.lengths` has what is needed: clear what
    lies beyond before every convolution, and take statistics over valid frames. A network that cannot do so embeds the
    examples of each length apart, ``torch.stack(by_length(self.embed, features, lengths))``: exact, and slower. In
    training, batch normalisation also sees the cleared frames.

    Attributes:
        embedding: dimensions of the embedding.
        classifier: embedding to logits; a loss on angles puts another in its place.
    """

    embedding: int
    classifier: nn.Module

    @abstractmethod
    def embed(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Turn ``(batch, bins, frames)`` into the embedding ``(batch, dimensions)`` that is classified.

        Args:
            features: Of equally long examples, or padded ones.
            lengths: Valid frames of each, int64 ``(batch,)``; all of them when not given.
        """

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Turn ``(batch, bins, frames)`` into logits ``(batch, 2)``: column 0 for spoof, column 1 for bona fide."""
        logits: Tensor = self.classifier(self.embed(features, lengths))
        return logits


def rebuild(network: Description, classifier: Description | None) -> Network:
    """Make a described network anew, without its weights, under the classifier that took the place of its own, if any.

    Raises:
        TypeError: something else is described; a checkpoint is untrusted input.
    """
    made = build(network, Network)
    if classifier is not None:
        made.classifier = build(classifier, Classifier)
    return made


def to_score(logits: Tensor) -> Tensor:
    """Turn logits ``(batch, 2)`` into scores ``(batch,)``, higher = more bona fide."""
    return logits[:, 1] - logits[:, 0]
