"""Scaled cosines ``(batch, 2)`` and labels ``(batch,)`` in, softmax losses with a margin between the classes out."""

from torch import Tensor
from torch.nn import functional

from lightning_modules.classifiers import Classifier, CosineClassifier, OneClassClassifier
from lightning_modules.losses.loss import DetectionLoss


class AmSoftmax(DetectionLoss):
    """Additive-margin softmax: cross-entropy of ``scale (cos θ - margin)`` of the right class, ``scale cos θ`` else.

    Wang, Cheng, Liu and Liu, "Additive margin softmax for face verification", IEEE SPL 2018, who take scale 30 and
    margin .35. The defaults are those of anti-spoofing (Zhang, Jiang and Duan 2021).

    Args:
        scale: Of the cosines, ``s``.
        margin: By which the cosine of the right class must be greater, ``m``.
    """

    def __init__(self, scale: float = 20.0, margin: float = 0.9) -> None:
        super().__init__()
        if margin < 0:
            raise ValueError(f"found margin {margin}, expected 0 or more: a cosine differs from another by 2 at most")
        self.scale = scale
        self.margin = margin

    def classifier(self, embedding: int) -> Classifier:
        """A prototype of each class; logits are scaled cosines."""
        return CosineClassifier(embedding, self.scale)

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Turn scaled cosines ``(batch, 2)`` and int64 labels ``(batch,)`` into a scalar."""
        margins = self.scale * self.margin * functional.one_hot(labels, 2)
        return functional.cross_entropy(logits - margins, labels)


class OcSoftmax(DetectionLoss):
    """One-class softmax: bona fide speech keeps within an angle of a prototype, spoofed speech beyond another.

    ``log(1 + exp(scale (margin_bonafide - cos θ)))`` for bona fide and ``log(1 + exp(scale (cos θ - margin_spoof)))``
    for spoof, as in Zhang, Jiang and Duan, "One-class learning towards synthetic voice spoofing detection", IEEE SPL
    2021, whose values the defaults are. What is spoofed need not resemble anything, so that unknown attacks fall
    outside too.

    Args:
        scale: Of the cosine, ``α``.
        margin_bonafide: Cosine that bona fide speech is to exceed, ``m0``.
        margin_spoof: Cosine that spoofed speech is to stay below, ``m1``.
    """

    def __init__(self, scale: float = 20.0, margin_bonafide: float = 0.9, margin_spoof: float = 0.2) -> None:
        super().__init__()
        if not -1 <= margin_spoof <= margin_bonafide <= 1:
            raise ValueError(
                f"found margin_bonafide {margin_bonafide} and margin_spoof {margin_spoof}, expected cosines from -1 to "
                "1, that of bona fide the greater"
            )
        self.scale = scale
        self.margin_bonafide = margin_bonafide
        self.margin_spoof = margin_spoof

    def classifier(self, embedding: int) -> Classifier:
        """One prototype, of bona fide speech; the score is its scaled cosine."""
        return OneClassClassifier(embedding, self.scale)

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Turn logits ``(batch, 2)``, minus and plus half the scaled cosine, and labels ``(batch,)`` into a scalar."""
        scaled_cosine = logits[:, 1] - logits[:, 0]
        bonafide = self.scale * self.margin_bonafide - scaled_cosine
        spoof = scaled_cosine - self.scale * self.margin_spoof
        return functional.softplus(bonafide.where(labels == 1, spoof)).mean()
