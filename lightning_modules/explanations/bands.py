"""A detector, a recording and a band of frequency in, the scores with the band and without it out."""

import numpy as np
from numpy.typing import NDArray

from lightning_modules.detector import Detector
from lightning_modules.explanations.clip import clip_of
from lightning_modules.metrics.calibration import Calibration


def scores_without(
    detector: Detector, waveform: NDArray[np.float32], calibration: Calibration, low_hz: float, high_hz: float
) -> tuple[float, float]:
    """Take a band away for the whole length of a recording, in the way that explanations take cells away.

    Args:
        detector: in evaluation mode.
        waveform: ``(samples,)`` in [-1, 1], at the detector's sample rate.
        calibration: of its scores.
        low_hz: lower edge; bins whose centre is in the band go.
        high_hz: upper edge.

    Returns:
        The score of the whole, and without the band.

    Raises:
        ValueError: the waveform is empty, silent or too short.
    """
    clip = clip_of(detector, waveform, calibration)
    centres_hz = (clip.bin_edges_hz[:-1] + clip.bin_edges_hz[1:]) / 2
    outside = (centres_hz < low_hz) | (centres_hz >= high_hz)
    keep = np.ones((2, clip.bins, clip.columns), bool)
    keep[1] = outside[:, None]
    whole, without = clip.scores(keep)
    return float(whole), float(without)
