"""Waveforms ``(batch, samples)`` in, linear-frequency cepstral coefficients ``(batch, coefficients, frames)`` out."""

import numpy as np
import torch
from torch import Tensor

from lightning_modules.frontends.cepstrum import dct_matrix, require_delta_orders, with_deltas
from lightning_modules.frontends.filterbank import Filterbank, band_top_hz, triangles
from lightning_modules.frontends.short_time import ShortTimeFrontend


class LFCC(ShortTimeFrontend):
    """Pre-emphasis > power spectrum > linear triangles > log10 > orthonormal DCT-II > deltas.

    Two recipes, of Sahidullah, Kinnunen and Hanilçi 2015 ("A comparison of features for synthetic speech detection",
    Interspeech) and of Wang and Yamagishi 2021 ("A comparative study on recent neural spoofing countermeasures for
    synthetic speech detection", Interspeech):

    ====================  =======================================  ===============================================
    argument              2021: the baseline LFCC-LCNN (default)   2019: the baseline LFCC-GMM
    ====================  =======================================  ===============================================
    ``n_fft``             1024                                     512
    ``f_max_hz``          3984.375: bin 255 of the transform       8000: the whole band
    ``energy``            replaces coefficient 0                   no
    ``symmetric_window``  no                                       yes, as MATLAB's ``hamming``
    ``floor``             2**-23, float32's epsilon                2**-52, float64's epsilon
    ====================  =======================================  ===============================================

    Both have windows of 20 ms, hops of 10 ms, 20 filters of height 1 and 20 coefficients, with delta and delta-delta
    60 bins. Frames lie wholly inside the waveform. The 2021 baseline pads half a transform of zeros at both ends: its
    frame ``i + 1`` is our frame ``i``, and it has two frames more, one at either end, both partly silence. The 2019
    baseline pads the last frame only. Deltas at the ends are those of :func:`with_deltas`.

    The numbers are those of the same recipe in float64 to 1e-3, where no filter is 70 dB below the loudest. With the
    small floor of 2019, digital silence is a coefficient 0 of -70 where speech has -10 to -3: trim it, or mind it.

    Args:
        sample_rate_hz: Sampling rate of the waveforms.
        n_filters: Number of triangles, equally spaced in hertz.
        n_coefficients: Number of cepstral coefficients that are kept, from 0 on.
        n_fft: Length of the Fourier transform, in samples; the window is zero-padded to it.
        window_ms: Length of a frame, under a Hamming window.
        hop_ms: Step from frame to frame.
        f_min_hz: Lower edge of the lowest filter.
        f_max_hz: Upper edge of the highest filter; the Nyquist frequency when left out.
        pre_emphasis: How much of the sample before is taken off each sample; the first is left as it is.
        energy: Whether the decadic logarithm of the frame's energy in the band, ``sum(power) / n_fft``, replaces
            coefficient 0.
        delta_orders: 0 for none, 1 for deltas, 2 for delta-deltas as well; each adds ``n_coefficients`` bins.
        symmetric_window: Whether the Hamming window is symmetric instead of periodic.
        floor: Is added to every power before its logarithm.

    Raises:
        ValueError: For a window longer than the transform, a band outside 0 Hz to Nyquist, more filters than the
            transform can resolve, or more coefficients than filters.
    """

    dct: Tensor

    def __init__(
        self,
        sample_rate_hz: int = 16_000,
        n_filters: int = 20,
        n_coefficients: int = 20,
        n_fft: int = 1024,
        window_ms: float = 20.0,
        hop_ms: float = 10.0,
        f_min_hz: float = 0.0,
        f_max_hz: float | None = 3984.375,
        pre_emphasis: float = 0.97,
        energy: bool = True,
        delta_orders: int = 2,
        symmetric_window: bool = False,
        floor: float = 2**-23,
    ) -> None:
        super().__init__(
            sample_rate_hz, n_fft, window_ms, hop_ms, floor, torch.hamming_window, periodic=not symmetric_window
        )
        require_delta_orders(delta_orders)
        self.n_filters = n_filters
        self.n_coefficients = n_coefficients
        self.f_min_hz = f_min_hz
        self.f_max_hz = f_max_hz
        self.pre_emphasis = pre_emphasis
        self.energy = energy
        self.delta_orders = delta_orders
        self.symmetric_window = symmetric_window

        self.bins = n_coefficients * (1 + delta_orders)
        top_hz = band_top_hz(sample_rate_hz, f_min_hz, f_max_hz)
        edges_hz = np.linspace(f_min_hz, top_hz, n_filters + 2)
        self.filters = Filterbank(triangles(edges_hz, sample_rate_hz, n_fft))
        first, last = np.ceil(f_min_hz * n_fft / sample_rate_hz), np.floor(top_hz * n_fft / sample_rate_hz)
        self._band = slice(int(first), int(last) + 1)
        self.register_buffer("dct", dct_matrix(n_coefficients, n_filters), persistent=False)

    def squares(self, waveform: Tensor) -> Tensor:
        """Square the transform of the pre-emphasised waveform."""
        emphasised = waveform[:, 1:] - self.pre_emphasis * waveform[:, :-1]
        return super().squares(torch.cat((waveform[:, :1], emphasised), dim=1))

    def features(self, squares: Tensor) -> Tensor:
        """Return coefficients and their deltas ``(batch, n_coefficients * (1 + delta_orders), frames)``."""
        cepstra = self.dct @ (self.filters(squares) + self.floor).log10().transpose(1, 2)
        if self.energy:
            energy = squares[:, :, self._band].sum(dim=(2, 3)) / self.n_fft
            cepstra = torch.cat(((energy + self.floor).log10().unsqueeze(1), cepstra[:, 1:]), dim=1)
        return with_deltas(cepstra, self.delta_orders)
