"""Cosines ``(batch, 2)`` and labels ``(batch,)`` in, their squared distance from the target out."""

from torch import Tensor
from torch.nn import functional

from lightning_modules.classifiers import Classifier, CosineClassifier
from lightning_modules.losses.loss import DetectionLoss


class P2SGrad(DetectionLoss):
    """Probability-to-similarity gradient: ``Σ_k (cos θ_k - [k is right])²``, the mean over trials. Nothing to tune.

    Zhang et al., "P2SGrad: refined gradients for optimizing deep face models", CVPR 2019, who define the gradient
    ``cos θ - [k is right]`` alone; as a squared error it is Wang and Yamagishi's, "A comparative study on recent neural
    spoofing countermeasures for synthetic speech detection", Interspeech 2021.
    """

    def __init__(self) -> None:
        super().__init__()

    def classifier(self, embedding: int) -> Classifier:
        """A prototype of each class; logits are cosines, and the score is their difference, from -2 to 2."""
        return CosineClassifier(embedding, scale=1.0)

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Turn cosines ``(batch, 2)`` and int64 labels ``(batch,)`` into a scalar."""
        return (logits - functional.one_hot(labels, 2)).square().sum(dim=1).mean()
