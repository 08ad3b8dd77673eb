"""Batches in, scores out: the one LightningModule that trains every frontend and network."""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from lightning_modules.enhancement import Enhancement
from lightning_modules.frontends import Frontend
from lightning_modules.losses import DetectionLoss, WeightedCrossEntropy
from lightning_modules.masking import SpecAugment
from lightning_modules.metrics.torchmetric import PooledEqualErrorRate, PooledMinDcf
from lightning_modules.networks.network import Network
from lightning_modules.normalisation import Normalisation
from lightning_modules.specifications import Specifications, build, describe
from lightning_modules.untrusted import load_tensors

SPECIFICATIONS_KEY = "specifications"


class Detector(pl.LightningModule):
    """A countermeasure: enhancement > frontend > normalisation > network > score.

    The score is ``logit[bona fide] - logit[spoof]``: a log-likelihood ratio up to calibration, higher = more bona fide.

    Args:
        frontend: waveform ``(batch, samples)`` to features ``(batch, bins, frames)``.
        network: features to logits ``(batch, 2)``, in the order spoof, bona fide.
        normalisation: of the features; mean and variance of the utterance when not given.
        loss: on logits and labels; cross-entropy with the ASVspoof weights .1 and .9 when not given.
        crop_s: length of the training window, in seconds.
        learning_rate: peak of the one-cycle schedule.
        weight_decay: decoupled (AdamW).
        masking: of the normalised features, in training; none when not given.
        enhancement: of the waveform, in training as in use; none when not given.
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
        self.dev_eer = PooledEqualErrorRate()
        self.dev_min_dcf = PooledMinDcf()

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
        )

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
            network=build(specifications.network, Network),
            normalisation=build(specifications.normalisation, Normalisation),
            crop_s=specifications.crop_s,
            enhancement=build(specifications.enhancement, Enhancement) if specifications.enhancement else None,
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
        features: Tensor = self.frontend(waveform if self.enhancement is None else self.enhancement(waveform))
        return features

    def logits(self, batch: dict[str, Any]) -> Tensor:
        """Turn the ``features`` of a batch, or else its ``waveform``, into logits ``(batch, 2)``."""
        features = self.normalisation(batch["features"] if "features" in batch else self.extract(batch["waveform"]))
        if self.training and self.masking is not None:
            features = self.masking(features, batch["draw"])
        logits: Tensor = self.network(features)
        return logits

    def training_step(self, batch: dict[str, Any], batch_index: int) -> Tensor:  # noqa: ARG002 - Lightning's signature
        """Return the loss of a batch."""
        loss = self.loss(self.logits(batch), batch["label"])
        self.log("train/loss", loss, on_step=False, on_epoch=True, prog_bar=True, batch_size=len(batch["label"]))
        return loss

    def validation_step(self, batch: dict[str, Any], batch_index: int) -> None:  # noqa: ARG002 - Lightning's signature
        """Gather the scores of a batch; EER and minDCF are of the whole pooled partition, not a mean over batches."""
        logits = self.logits(batch)
        self.log("dev/loss", self.loss(logits, batch["label"]), batch_size=len(batch["label"]))
        for name, metric in (("dev/eer", self.dev_eer), ("dev/min_dcf", self.dev_min_dcf)):
            metric.update(to_score(logits), batch["label"])
            self.log(name, metric, prog_bar=name == "dev/eer")

    def configure_optimizers(self) -> Any:  # noqa: ANN401 - Lightning's own union is longer than the function
        """AdamW under a one-cycle learning rate (Smith & Topin 2019), stepped every batch."""
        optimiser = torch.optim.AdamW(self.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay)
        steps = max(1, int(self.trainer.estimated_stepping_batches))
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, self.learning_rate, total_steps=steps, pct_start=0.1)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Let the specifications travel with the weights."""
        checkpoint[SPECIFICATIONS_KEY] = self.specifications.to_dict()


def to_score(logits: Tensor) -> Tensor:
    """Turn logits ``(batch, 2)`` into scores ``(batch,)``, higher = more bona fide."""
    return logits[:, 1] - logits[:, 0]
