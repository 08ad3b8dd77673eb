"""Waveforms ``(batch, samples)`` in, mel-frequency cepstral coefficients ``(batch, coefficients, frames)`` out."""

import math

from torch import Tensor

from lightning_modules.frontends.cepstrum import dct_matrix, require_delta_orders, with_deltas
from lightning_modules.frontends.frontend import Frontend
from lightning_modules.frontends.log_mel import LogMel

_DB_PER_NEPER = 10 / math.log(10)  # of a power: 10 log10(p) = 10 / ln(10) ln(p)


class MFCC(Frontend):
    """Orthonormal DCT-II of the mel power spectrogram in decibels.

    Davis and Mermelstein 1980, with the filters and frames of :class:`LogMel`. The numbers are those of
    ``librosa.feature.mfcc(S=librosa.power_to_db(melspectrogram, amin=floor, top_db=None))`` over frames that lie inside
    the waveform, to 5e-3 dB where no filter is 70 dB below the loudest; librosa's default of ``top_db=80`` cuts by the
    loudest frame of the clip, which would make every frame depend on all others. Deltas, where wanted, are those of
    :func:`with_deltas` as in :class:`LFCC`, not librosa's.

    Args:
        sample_rate_hz: Sampling rate of the waveforms.
        n_mfcc: Number of coefficients that are kept, from 0 on.
        n_mels: Number of mel filters.
        n_fft: Length of the Fourier transform, in samples; the window is zero-padded to it.
        window_ms: Length of a frame, under a periodic Hann window.
        hop_ms: Step from frame to frame.
        f_min_hz: Lower edge of the lowest filter.
        f_max_hz: Upper edge of the highest filter; the Nyquist frequency when left out.
        floor: Powers below it are raised to it before the logarithm.
        delta_orders: 0 for none, 1 for deltas, 2 for delta-deltas as well; each adds ``n_mfcc`` bins.

    Raises:
        ValueError: For what :class:`LogMel` refuses, or more coefficients than filters.
    """

    dct: Tensor

    def __init__(
        self,
        sample_rate_hz: int = 16_000,
        n_mfcc: int = 20,
        n_mels: int = 80,
        n_fft: int = 512,
        window_ms: float = 25.0,
        hop_ms: float = 10.0,
        f_min_hz: float = 0.0,
        f_max_hz: float | None = None,
        floor: float = 1e-10,
        delta_orders: int = 0,
    ) -> None:
        super().__init__()
        require_delta_orders(delta_orders)
        self.sample_rate_hz = sample_rate_hz
        self.n_mfcc = n_mfcc
        self.n_mels = n_mels
        self.n_fft = n_fft
        self.window_ms = window_ms
        self.hop_ms = hop_ms
        self.f_min_hz = f_min_hz
        self.f_max_hz = f_max_hz
        self.floor = floor
        self.delta_orders = delta_orders

        self.bins = n_mfcc * (1 + delta_orders)
        self.log_mel = LogMel(sample_rate_hz, n_mels, n_fft, window_ms, hop_ms, f_min_hz, f_max_hz, floor)
        self.hop_samples = self.log_mel.hop_samples
        self.shortest_input_samples = self.log_mel.shortest_input_samples
        self.register_buffer("dct", dct_matrix(n_mfcc, n_mels) * _DB_PER_NEPER, persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """Return coefficients and their deltas ``(batch, n_mfcc * (1 + delta_orders), frames)``.

        Raises:
            ValueError: If the waveform is shorter than one window, or not a batch.
        """
        self._require_batch(waveform)
        return with_deltas(self.dct @ self.log_mel(waveform), self.delta_orders)
