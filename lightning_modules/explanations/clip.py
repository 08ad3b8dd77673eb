"""A detector and a recording of any length in, the windows that it is scored by on one grid of time out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lightning_modules.detector import Detector
from lightning_modules.explanations.plane import Plane, axes_of, plane_of
from lightning_modules.metrics.calibration import Calibration
from lightning_modules.scoring import cut_windows, window_starts

SILENCE: Final = 1e-4
"""Peak, -80 dB of full scale: what is never louder holds nothing to explain."""
_MASKS_AT_A_TIME: Final = 8


@dataclass(frozen=True)
class Clip:
    """A recording whose score, the mean over its windows, is to be explained.

    Attributes:
        planes: one for each window.
        places: of each window, the column ``(frames,)`` that each of its frames belongs to. Windows overlap, and a
            recording shorter than one is repeated, so that several frames may belong to one column.
        bin_edges_hz: ``(bins + 1,)``.
        columns: of the grid.
        column_s: length of a column.
        duration_s: of the recording.
    """

    planes: tuple[Plane, ...]
    places: tuple[NDArray[np.int64], ...]
    bin_edges_hz: NDArray[np.float64]
    columns: int
    column_s: float
    duration_s: float

    @property
    def bins(self) -> int:
        """Bins of the frequency axis."""
        return len(self.bin_edges_hz) - 1

    def folded(self, maps: Sequence[Tensor]) -> NDArray[np.float64]:
        """Add up what the cells of each window ``(bins, frames)`` give to the clip's score: ``(bins, columns)``."""
        total = torch.zeros(self.bins, self.columns, dtype=torch.float64)
        for values, places in zip(maps, self.places, strict=True):
            total.index_add_(1, torch.from_numpy(places), values.double())
        return (total / len(self.planes)).numpy()

    def scores(self, keep: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Score the clip with only the cells kept that are true in ``(masks, bins, columns)``: ``(masks,)``."""
        found = []
        with torch.no_grad():
            for first in range(0, len(keep), _MASKS_AT_A_TIME):
                masks = torch.from_numpy(keep[first : first + _MASKS_AT_A_TIME]).float()
                some = [
                    plane.masked(masks[:, :, places]) for plane, places in zip(self.planes, self.places, strict=True)
                ]
                found.append(torch.stack(some).double().mean(dim=0))
        return torch.cat(found).numpy()


def clip_of(detector: Detector, waveform: NDArray[np.float32], calibration: Calibration) -> Clip:
    """Cut a recording ``(samples,)`` into the windows of :func:`lightning_modules.scoring.score_waveform`.

    Args:
        detector: in evaluation mode.
        waveform: in [-1, 1], at the detector's sample rate.
        calibration: of its scores.

    Raises:
        ValueError: the waveform is empty, nothing but silence, or too short for the detector.
    """
    rate_hz = detector.frontend.sample_rate_hz
    samples = len(waveform)
    window = round(detector.crop_s * rate_hz)
    if detector.shorter == "pad":
        window = min(window, samples)
    _require_sound(detector, waveform, window)
    starts = window_starts(samples, window, round(detector.crop_s / 2 * rate_hz))
    planes = tuple(
        plane_of(detector, torch.from_numpy(np.ascontiguousarray(part)), calibration)
        for part in cut_windows(waveform, starts, window)
    )
    edges_hz, hop, centre = axes_of(detector)
    columns = -(-samples // hop)
    places = []
    for start, plane in zip(starts, planes, strict=True):
        centres = (start + centre + hop * np.arange(plane.values.shape[1])).astype(np.int64)
        within = centres % samples if samples < window else centres
        places.append(np.minimum(within // hop, columns - 1))
    return Clip(planes, tuple(places), edges_hz, columns, hop / rate_hz, samples / rate_hz)


def _require_sound(detector: Detector, waveform: NDArray[np.float32], window: int) -> None:
    shortest, rate_hz = detector.frontend.shortest_input_samples, detector.frontend.sample_rate_hz
    if not len(waveform) or window < shortest:
        raise ValueError(
            f"found {len(waveform)} samples of audio, expected at least {max(1, shortest)} "
            f"({1000 * max(1, shortest) / rate_hz:g} ms): there is nothing to explain in less"
        )
    if not np.abs(waveform).max() > SILENCE:
        raise ValueError("found nothing but silence, expected speech: no part of it can be named as the reason")
