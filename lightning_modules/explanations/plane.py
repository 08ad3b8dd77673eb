"""A detector and a window of audio in, what the network reads of it on axes of hertz and seconds out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lightning_modules.detector import Detector
from lightning_modules.frontends import Waveform
from lightning_modules.metrics.calibration import Calibration
from lightning_modules.networks.network import to_score

Kind = Literal["features", "waveform"]

N_FFT: Final = 512
HOP: Final = 128


@dataclass(frozen=True)
class Plane:
    """A window as something that can be taken away cell by cell, and what the detector says of what is left.

    Attributes:
        values: ``(bins, frames)``, features as the network reads them; or ``(bins, frames, 2)``, real and imaginary
            parts of a short-time Fourier transform.
        baseline: of the same shape, what stands where a cell was taken away.
        score: values ``(batch, …)`` to calibrated scores ``(batch,)``, differentiable.
    """

    values: Tensor
    baseline: Tensor
    score: Callable[[Tensor], Tensor]

    def masked(self, keep: Tensor) -> Tensor:
        """Score the window with only the cells kept that are 1 in ``(batch, bins, frames)``: ``(batch,)``."""
        kept = keep if self.values.dim() == keep.dim() - 1 else keep.unsqueeze(-1)
        return self.score(self.baseline + kept * (self.values - self.baseline))


def kind_of(detector: Detector) -> Kind:
    """Tell on what a detector is explained: its features where their bins are bands of frequency, else the waveform."""
    return "waveform" if detector.frontend.bin_edges_hz() is None else "features"


def axes_of(detector: Detector) -> tuple[NDArray[np.float64], int, float]:
    """Return the edges of the bins in hertz ``(bins + 1,)``, samples from frame to frame, and the first's centre."""
    edges_hz = detector.frontend.bin_edges_hz()
    if edges_hz is not None:
        return edges_hz, detector.frontend.hop_samples, detector.frontend.first_centre_samples
    rate_hz = detector.frontend.sample_rate_hz
    edges_hz = (np.arange(N_FFT // 2 + 2) - 0.5) * rate_hz / N_FFT
    return np.clip(edges_hz, 0.0, rate_hz / 2), HOP, 0.0


def plane_of(detector: Detector, waveform: Tensor, calibration: Calibration) -> Plane:
    """Put a window ``(samples,)`` on axes of frequency and time.

    Features are taken away by what normalisation makes of the average: nothing stands out there. A waveform is cut into
    the cells of its short-time Fourier transform, which the inverse transform puts together again (Vielhaben et al.
    2023, "Explainable AI for time series via virtual inspection layers"), and taken away by silence: a notch. For a
    network that reads the waveform itself, this is done after normalisation, which would undo any change of level.
    """
    if kind_of(detector) == "features":
        return _features(detector, waveform, calibration)
    return _transform(detector, waveform, calibration)


def _features(detector: Detector, waveform: Tensor, calibration: Calibration) -> Plane:
    with torch.no_grad():
        values = detector.normalisation(detector.extract(waveform[None]))[0]
    average = values.mean(dim=-1, keepdim=True) if detector.normalisation.mode == "none" else torch.zeros(1)

    def score(batch: Tensor) -> Tensor:
        return _llr(detector.network(batch), calibration)

    return Plane(values, average.expand_as(values), score)


def _transform(detector: Detector, waveform: Tensor, calibration: Calibration) -> Plane:
    raw = isinstance(detector.frontend, Waveform)
    with torch.no_grad():
        read = detector.normalisation(detector.extract(waveform[None]))[:, 0] if raw else waveform[None]
    samples = read.shape[-1]
    window = torch.hann_window(N_FFT)
    spectrum = torch.stft(read, N_FFT, HOP, window=window, pad_mode="constant", return_complex=True)
    values = torch.view_as_real(spectrum)[0]

    def score(batch: Tensor) -> Tensor:
        spectra = torch.view_as_complex(batch.contiguous())
        audio = torch.istft(spectra, N_FFT, HOP, window=window, length=samples)
        if raw:
            return _llr(detector.network(audio.unsqueeze(1)), calibration)
        return _llr(detector.logits({"waveform": audio}), calibration)

    return Plane(values, torch.zeros_like(values), score)


def _llr(logits: Tensor, calibration: Calibration) -> Tensor:
    return calibration.scale * to_score(logits.float()) + calibration.offset
