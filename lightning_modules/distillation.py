"""A teacher and a student in, the student trained to say what the teacher says out: knowledge distillation."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lightning_modules.detector import Detector
from lightning_modules.losses import DetectionLoss
from lightning_modules.networks.network import Network
from lightning_modules.specifications import describe


@dataclass(frozen=True)
class Distillation:
    """How a student learns from a teacher: a section of a training's config.

    Args:
        teacher: id of a run, ``models:/NAME@ALIAS``, or path of a checkpoint.
        temperature: by which both sides' logits are divided before they are compared; the higher, the more counts how
            sure the teacher is.
        weight: of what the teacher says, from 0 to 1; the labels have the rest.
        feature_weight: of the difference between the student's embedding, put through a linear layer, and the
            teacher's; 0: embeddings are not compared.
    """

    teacher: str = ""
    temperature: float = 4.0
    weight: float = 0.5
    feature_weight: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.temperature < float("inf"):
            raise ValueError(f"distillation.temperature: found {self.temperature}, expected one above 0, such as 4")
        if not 0 <= self.weight <= 1:
            raise ValueError(f"distillation.weight: found {self.weight}, expected 0 (labels alone) to 1")
        if not 0 <= self.feature_weight < float("inf"):
            raise ValueError(f"distillation.feature_weight: found {self.feature_weight}, expected 0 or more")


class DistillationLoss(DetectionLoss):
    """A loss on labels, and what is added to it where a teacher is heard: what the student alone is trained with.

    Between the logits it is ``T² KL(teacher || student)`` of the softmax at temperature ``T`` (Hinton, Vinyals and Dean
    2015, "Distilling the knowledge in a neural network"); ``T²`` keeps the size of the gradient. Between the embeddings
    it is the squared error after a learnt projection (Romero et al. 2015, "FitNets: hints for thin deep nets"), over
    the teacher's mean square, so that 1 is a student that says nothing.

    Args:
        hard: loss on the labels.
        distillation: how much what counts.
        student_embedding: dimensions of the student's embedding.
        teacher_embedding: dimensions of the teacher's.
    """

    def __init__(
        self, hard: DetectionLoss, distillation: Distillation, student_embedding: int, teacher_embedding: int
    ) -> None:
        super().__init__()
        self.hard = hard
        self.distillation = distillation
        self.projection = nn.Linear(student_embedding, teacher_embedding) if distillation.feature_weight else None

    @property
    def weighs_classes(self) -> bool:
        """Whether the loss on the labels does."""
        return self.hard.weighs_classes

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Turn logits ``(batch, 2)`` and int64 labels ``(batch,)`` into a scalar, without the teacher: for dev."""
        loss: Tensor = self.hard(logits, labels)
        return loss

    def with_teacher(self, student: "Heard", teacher: "Heard", labels: Tensor) -> Tensor:
        """Turn what both say of a batch, and its labels ``(batch,)``, into a scalar."""
        how = self.distillation
        loss = (1 - how.weight) * self(student.logits, labels)
        if how.weight:
            loss = loss + how.weight * soft_loss(student.logits, teacher.logits, how.temperature)
        if self.projection is not None:
            error = functional.mse_loss(self.projection(student.embedding), teacher.embedding)
            loss = loss + how.feature_weight * error / teacher.embedding.square().mean().clamp_min(1e-12)
        return loss


@dataclass(frozen=True)
class Heard:
    """What a detector says of a batch: logits ``(batch, 2)``, and the embedding that they are of."""

    logits: Tensor
    embedding: Tensor


class DistilledDetector(Detector):
    """A student that learns from a teacher. Its checkpoint is a plain detector's, and knows nothing of the teacher.

    The teacher is no part of the module: it is frozen, in evaluation mode, and neither saved nor counted. What is
    learnt for the comparison alone is a part of the loss, which a checkpoint's reader leaves out.

    Args:
        student: what is trained; its parts become this module's.
        teacher: a detector, or the path of a checkpoint of one.
        distillation: how; its ``teacher`` is not looked at.

    Raises:
        ValueError: the two hear audio of different rates.
    """

    loss: DistillationLoss

    def __init__(self, student: Detector, teacher: Detector | str | Path, distillation: Distillation) -> None:
        guide = teacher if isinstance(teacher, Detector) else Detector.from_file(teacher)
        if guide.frontend.sample_rate_hz != student.frontend.sample_rate_hz:
            raise ValueError(
                f"distillation.teacher: found one for {guide.frontend.sample_rate_hz} Hz, expected the student's "
                f"{student.frontend.sample_rate_hz} Hz: set data.sample_rate_hz, or name another teacher"
            )
        loss = DistillationLoss(student.loss, distillation, student.network.embedding, guide.network.embedding)
        super().__init__(
            frontend=student.frontend,
            network=student.network,
            normalisation=student.normalisation,
            loss=loss,
            crop_s=student.crop_s,
            learning_rate=student.learning_rate,
            weight_decay=student.weight_decay,
            masking=student.masking,
            enhancement=student.enhancement,
            schedule=student.schedule,
            optimiser=student.optimiser,
            shorter=student.shorter,
        )
        self.teachers = (guide.eval().requires_grad_(False),)  # a tuple is no part of a module

    @property
    def teacher(self) -> Detector:
        """What the student learns from."""
        return self.teachers[0]

    @property
    def cacheable(self) -> bool:
        """Features are only kept where the teacher reads the same: else both need the waveform."""
        return super().cacheable and _reads(self) == _reads(self.teacher)

    def on_fit_start(self) -> None:
        """Take the teacher to where the student is."""
        self.teacher.to(self.device)

    def training_step(self, batch: dict[str, Any], batch_index: int) -> Tensor:  # noqa: ARG002 - Lightning's signature
        """Return the loss of a batch."""
        with torch.no_grad():
            taught = hear(self.teacher, batch)
        loss = self.loss.with_teacher(hear(self, batch), taught, batch["label"])
        size = len(batch["label"])
        self.log("train/loss", loss, on_step=False, on_epoch=True, prog_bar=True, batch_size=size, sync_dist=True)
        return loss


def soft_loss(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """``T² KL(teacher || student)`` of logits ``(batch, 2)``, the mean over the batch (Hinton et al. 2015)."""
    said = functional.log_softmax(student / temperature, dim=1)
    expected = functional.log_softmax(teacher / temperature, dim=1)
    return temperature**2 * functional.kl_div(said, expected, reduction="batchmean", log_target=True)


def hear(detector: Detector, batch: dict[str, Any]) -> Heard:
    """Ask a detector, in whatever mode it is, of a batch."""
    with _embedding_of(detector.network) as found:
        logits = detector.logits(batch)
    return Heard(logits, found[-1].float())


@contextmanager
def _embedding_of(network: Network) -> Iterator[list[Tensor]]:
    """Catch what the classifier is given, after dropout if there is some: to embed twice would cost twice."""
    found: list[Tensor] = []
    handle = network.classifier.register_forward_pre_hook(lambda _, inputs: found.append(inputs[0]))
    try:
        yield found
    finally:
        handle.remove()


def _reads(detector: Detector) -> tuple[object, object]:
    """What makes features of a waveform."""
    return describe(detector.frontend), None if detector.enhancement is None else describe(detector.enhancement)
