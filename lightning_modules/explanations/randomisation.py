"""A detector in, the same with a network as it was before any training out; and how alike the maps of both are."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr

from lightning_modules.detector import Detector
from lightning_modules.networks.network import rebuild


def randomised(detector: Detector, seed: int) -> Detector:
    """Return a detector of the same frontend and normalisation whose network has weights that were drawn anew.

    For the sanity check of Adebayo et al. 2018, "Sanity checks for saliency maps": a map that stays the same without
    what was learnt shows the sound, not the reason of the decision.
    """
    specifications = detector.specifications
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = rebuild(specifications.network, specifications.classifier)
    return Detector(
        frontend=detector.frontend,
        network=network,
        normalisation=detector.normalisation,
        crop_s=detector.crop_s,
        enhancement=detector.enhancement,
        shorter=detector.shorter,
    ).eval()


def similarity(sums: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Rank correlation (Spearman) of two maps' patches, with their signs: 1 the same, 0 nothing in common."""
    if np.ptp(sums) == 0 or np.ptp(others) == 0:
        return 0.0  # a map that says the same of all patches ranks none before another
    return float(spearmanr(sums, others, axis=None).statistic)
