"""Waveforms ``(batch, samples)`` in, the same as one bin ``(batch, 1, samples)`` out."""

from torch import Tensor

from lightning_modules.frontends.frontend import Frontend


class Waveform(Frontend):
    """The waveform itself as one bin, ``(batch, 1, samples)``: for networks that learn from raw audio.

    Args:
        sample_rate_hz: Sampling rate of the waveforms.
    """

    bins = 1
    hop_samples = 1
    shortest_input_samples = 1
    cacheable = False  # it is the waveform that is kept

    def __init__(self, sample_rate_hz: int = 16_000) -> None:
        super().__init__()
        self.sample_rate_hz = sample_rate_hz

    def forward(self, waveform: Tensor) -> Tensor:
        """Add the axis of bins."""
        self._require_batch(waveform)
        return waveform.unsqueeze(1)
