"""What every loss is: logits ``(batch, 2)`` and labels ``(batch,)`` in, one number to minimise out."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from lightning_modules.classifiers import Classifier


class DetectionLoss(nn.Module, ABC):
    """What a detector minimises. Label 0 is spoof and label 1 bona fide, as are the columns of the logits.

    A loss on angles asks for a classifier that measures them; the detector puts it in the place of the network's. A
    margin is the loss's alone: no logit that is scored has it.
    """

    @abstractmethod
    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Turn logits ``(batch, 2)`` and int64 labels ``(batch,)`` into a scalar."""

    @property
    def weighs_classes(self) -> bool:
        """Whether a trial of one class counts for more than one of the other: then batches are not to be balanced."""
        return False

    def classifier(self, embedding: int) -> Classifier | None:  # noqa: ARG002 - what most losses need not know
        """Make the classifier of embeddings ``(batch, embedding)`` that the loss is defined on; none: any will do."""
        return None
