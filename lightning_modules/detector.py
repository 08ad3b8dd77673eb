"""Batches in, scores out: the one LightningModule that trains every frontend and network."""

from pathlib import Path
from typing import Any, Literal

import pytorch_lightning as pl
import torch
from torch import Tensor

from lightning_modules.classifiers import Classifier
from lightning_modules.enhancement import Enhancement
from lightning_modules.extraction import extract, extract_each
from lightning_modules.frontends import Frontend
from lightning_modules.lengths import if_padded
from lightning_modules.losses import DetectionLoss, WeightedCrossEntropy
from lightning_modules.masking import SpecAugment
from lightning_modules.metrics.torchmetric import PooledEqualErrorRate, PooledLoss, PooledMinDcf
from lightning_modules.networks.network import Network, rebuild, to_score
from lightning_modules.normalisation import Normalisation
from lightning_modules.schedules import OneCycle, Schedule
from lightning_modules.specifications import Specifications, build, describe
from lightning_modules.untrusted import load_tensors

SPECIFICATIONS_KEY = "specifications"
OPTIMISERS = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}


class DivergedError(RuntimeError):
    """A training whose network gives no numbers any more."""


class Detector(pl.LightningModule):
    """A countermeasure: enhancement > frontend > normalisation > network > score.

    The score is ``logit[bona fide] - logit[spoof]``: a log-likelihood ratio up to calibration, higher = more bona fide.

    Args:
        frontend: waveform ``(batch, samples)`` to features ``(batch, bins, frames)``.
        network: features to logits ``(batch, 2)``, in the order spoof, bona fide.
        normalisation: of the features; mean and variance of the utterance when not given.
        loss: on logits and labels; cross-entropy with the ASVspoof weights .1 and .9 when not given. The classifier
            that it asks for takes the place of the network's.
        crop_s: length of the training window, in seconds.
        learning_rate: peak of the schedule.
        weight_decay: decoupled with AdamW, added to the gradient with Adam.
        masking: of the normalised features, in training; none when not given.
        enhancement: of the waveform, in training as in use; none when not given.
        schedule: of the learning rate, stepped every batch; one cycle when not given.
        optimiser: ``adamw`` (Loshchilov and Hutter 2019), or ``adam``, which most published recipes take.
        shorter: what examples shorter than the crop are: ``repeat``ed up to it, or ``pad``ded; then what lies beyond
            the ``length`` of each counts for nothing.
    """

    def __init__(
        self,
        frontend: Frontend,
        network: Network,
        normalisation: Normalisation | None = None,
        loss: DetectionLoss | None = None,
        crop_s: float = 4.0,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-4,
        masking: SpecAugment | None = None,
        enhancement: Enhancement | None = None,
        schedule: Schedule | None = None,
        optimiser: Literal["adamw", "adam"] = "adamw",
        shorter: Literal["repeat", "pad"] = "repeat",
    ) -> None:
        super().__init__()
        self.frontend = frontend
        self.normalisation = normalisation or Normalisation(bins=frontend.bins)
        self.network = network
        self.loss = loss or WeightedCrossEntropy()
        self.crop_s = crop_s
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.masking = masking
        self.enhancement = enhancement
        self.schedule = schedule or OneCycle()
        self.optimiser = optimiser
        if classifier := self.loss.classifier(network.embedding):
            network.classifier = classifier
        self.shorter = shorter
        self.dev_eer = PooledEqualErrorRate()
        self.dev_min_dcf = PooledMinDcf()
        self.dev_loss = PooledLoss(self._loss)  # a method: the loss would become a part of the metric

    @property
    def specifications(self) -> Specifications:
        """What inference needs to know beside the weights."""
        return Specifications(
            sample_rate_hz=self.frontend.sample_rate_hz,
            crop_s=self.crop_s,
            frontend=describe(self.frontend),
            normalisation=describe(self.normalisation),
            network=describe(self.network),
            enhancement=describe(self.enhancement) if self.enhancement else None,
            classifier=describe(self.network.classifier) if isinstance(self.network.classifier, Classifier) else None,
            shorter=self.shorter,
        )

    @property
    def cacheable(self) -> bool:
        """Whether the features of a waveform are worth keeping, and all that training asks of it."""
        return self.frontend.cacheable

    @classmethod
    def from_file(cls, checkpoint: str | Path) -> "Detector":
        """Load a detector for inference, on the CPU, in evaluation mode.

        The file is untrusted: only tensors and plain values are unpickled.

        Raises:
            ValueError: the file is damaged, no spooflab checkpoint, or holds something else than that.
        """
        values = load_tensors(checkpoint)
        if not isinstance(values, dict) or SPECIFICATIONS_KEY not in values:
            raise ValueError(
                f"{checkpoint}: no spooflab checkpoint (no specifications in it): give one that train wrote"
            )
        specifications = Specifications.from_dict(values[SPECIFICATIONS_KEY])
        detector = cls(
            frontend=build(specifications.frontend, Frontend),
            network=rebuild(specifications.network, specifications.classifier),
            normalisation=build(specifications.normalisation, Normalisation),
            crop_s=specifications.crop_s,
            enhancement=build(specifications.enhancement, Enhancement) if specifications.enhancement else None,
            shorter=specifications.shorter,
        )
        mismatched = detector.load_state_dict(values["state_dict"], strict=False)
        # The loss is not described, since inference needs none: its weights may differ.
        wrong = [
            name for name in (*mismatched.missing_keys, *mismatched.unexpected_keys) if not name.startswith("loss.")
        ]
        if wrong:
            raise ValueError(f"{checkpoint}: weights missing or left over: {', '.join(wrong)}; the file is damaged")
        return detector.eval()

    def forward(self, waveform: Tensor) -> Tensor:
        """Score waveforms ``(batch, samples)`` in [-1, 1]: log-likelihood ratios ``(batch,)``."""
        return to_score(self.logits({"waveform": waveform}))

    def extract(self, waveform: Tensor) -> Tensor:
        """Turn waveforms ``(batch, samples)`` into features ``(batch, bins, frames)``, before normalisation."""
        return extract(waveform, self.frontend, self.enhancement)

    def logits(self, batch: dict[str, Any]) -> Tensor:
        """Turn the ``features`` of a batch, or else its ``waveform``, into logits ``(batch, 2)``."""
        features, lengths = self.features(batch)
        features = self.normalisation(features, lengths)
        if self.training and self.masking is not None:
            features = self.masking(features, batch["draw"], lengths)
        logits: Tensor = self.network(features, lengths)
        return logits.float()  # scores and losses in single precision, whatever the network computes in

    def features(self, batch: dict[str, Any]) -> tuple[Tensor, Tensor | None]:
        """Return the features ``(batch, bins, frames)`` of a batch, before normalisation, and their valid frames.

        The latter are None where all are valid.
        """
        lengths = batch["length"] if self.shorter == "pad" and "length" in batch else None
        if "features" in batch:
            return batch["features"], if_padded(batch["features"], lengths)
        return extract_each(self.extract, batch["waveform"], lengths)

    def training_step(self, batch: dict[str, Any], batch_index: int) -> Tensor:  # noqa: ARG002 - Lightning's signature
        """Return the loss of a batch."""
        loss = self.loss(self.logits(batch), batch["label"])
        size = len(batch["label"])
        self.log("train/loss", loss, on_step=False, on_epoch=True, prog_bar=True, batch_size=size, sync_dist=True)
        return loss

    def validation_step(self, batch: dict[str, Any], batch_index: int) -> None:  # noqa: ARG002 - Lightning's signature
        """Gather the scores of a batch; the metrics are of the whole partition, not a mean over batches."""
        logits = self.logits(batch)
        if logits.isnan().any():
            raise DivergedError(
                f"training diverged: the network's scores on dev are NaN in epoch {self.current_epoch}; lower "
                f"model.learning_rate (it is {self.learning_rate:g}), or set trainer.gradient_clip_val"
            )
        self.dev_loss.update(logits, batch["label"])
        self.log("dev/loss", self.dev_loss)
        for name, metric in (("dev/eer", self.dev_eer), ("dev/min_dcf", self.dev_min_dcf)):
            metric.update(to_score(logits), batch["label"])
            self.log(name, metric, prog_bar=name == "dev/eer")

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        loss: Tensor = self.loss(logits, labels)
        return loss

    def configure_optimizers(self) -> Any:  # noqa: ANN401 - Lightning's own union is longer than the function
        """The optimiser of what is to be learnt, under a learning rate that follows the schedule."""
        return self.optimisation(max(1, int(self.trainer.estimated_stepping_batches)))

    def optimisation(self, steps: int) -> dict[str, Any]:
        """Make the optimiser and the schedule of a training of so many steps, in the form that Lightning takes.

        Raises:
            ValueError: the learning rate or the weight decay is impossible.
        """
        learnt = [parameter for parameter in self.parameters() if parameter.requires_grad]
        optimiser = OPTIMISERS[self.optimiser](learnt, lr=self.learning_rate, weight_decay=self.weight_decay)
        scheduler = self.schedule.scheduler(optimiser, self.learning_rate, steps)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Let the specifications travel with the weights."""
        checkpoint[SPECIFICATIONS_KEY] = self.specifications.to_dict()
