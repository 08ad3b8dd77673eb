"""Detectors, their calibrations and weights in, one detector that gives the weighted sum of what they give out."""

from collections.abc import Sequence

import torch

from lightning_modules.detector import Detector
from lightning_modules.frontends import Waveform
from lightning_modules.metrics.calibration import Calibration, FusionWeights
from lightning_modules.networks.fusion import Fusion, MemberDescription
from lightning_modules.normalisation import Normalisation


def fused_detector(
    detectors: Sequence[Detector], calibrations: Sequence[Calibration], weights: FusionWeights
) -> Detector:
    """Make one detector of several of one sampling rate and crop, which gives the weighted sum of what they give.

    Args:
        detectors: in evaluation mode.
        calibrations: of each one's scores.
        weights: of the log-likelihood ratios.
    """
    fusion = Fusion([member_description(detector) for detector in detectors])
    for chain, detector, calibration in zip(fusion.chains, detectors, calibrations, strict=True):
        affine = {"scale": torch.tensor(calibration.scale), "offset": torch.tensor(calibration.offset)}
        # Scoring needs no loss, whatever its weights.
        kept = {name: value for name, value in detector.state_dict().items() if not name.startswith("loss.")}
        chain.load_state_dict({**kept, **affine})
    fusion.weigh(weights.weights, weights.offset)
    first = detectors[0]
    return Detector(
        frontend=Waveform(first.frontend.sample_rate_hz),
        network=fusion,
        normalisation=Normalisation("none", bins=1),
        crop_s=first.crop_s,
        shorter=first.shorter,
    ).eval()


def member_description(detector: Detector) -> MemberDescription:
    """Describe what makes a waveform a score."""
    specifications = detector.specifications
    return MemberDescription(
        enhancement=specifications.enhancement,
        frontend=specifications.frontend,
        normalisation=specifications.normalisation,
        network=specifications.network,
        classifier=specifications.classifier,
    )
