"""Waveforms ``(batch, samples)`` in, features ``(batch, bins, frames)`` out: what every frontend has."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn


class Frontend(nn.Module, ABC):
    """What turns waveforms into features.

    What a frontend derives from its arguments are buffers that stay out of the state dict: a checkpoint holds only what
    was learnt. All numbers are float32, unless the module is moved to float64.

    Attributes:
        version: Raised by hand whenever the same arguments would give other numbers; part of every feature cache's key.
        sample_rate_hz: Sampling rate that the waveforms must have.
        bins: Size of the second axis of the features.
        hop_samples: Samples from one frame to the next.
        shortest_input_samples: Samples of the shortest waveform that it takes.
        cacheable: The features of a waveform are worth keeping, and stay the same while a network learns from them.
    """

    version: ClassVar[int] = 1
    cacheable: bool = True
    sample_rate_hz: int
    bins: int
    hop_samples: int
    shortest_input_samples: int

    @abstractmethod
    def forward(self, waveform: Tensor) -> Tensor:
        """Turn a float tensor of shape ``(batch, samples)`` into one of shape ``(batch, bins, frames)``.

        Raises:
            ValueError: If the waveform is no batch, or shorter than :attr:`shortest_input_samples`.
        """

    @property
    def first_centre_samples(self) -> float:
        """Where in the waveform the first frame is centred."""
        return self.shortest_input_samples / 2

    def bin_edges_hz(self) -> NDArray[np.float64] | None:
        """Return the rising edges ``(bins + 1,)`` of what each bin hears, in hertz; none where bins are no bands."""
        return None

    def frames_of(self, samples: int) -> int:
        """Tell how many frames a waveform of so many samples gives.

        Raises:
            ValueError: If they are fewer than :attr:`shortest_input_samples`.
        """
        self._require_samples(samples)
        return 1 + (samples - self.shortest_input_samples) // self.hop_samples

    def _require_batch(self, waveform: Tensor) -> None:
        if len(waveform.shape[1:]) != 1:
            raise ValueError(
                f"found a waveform of shape {tuple(waveform.shape)}, expected (batch, samples): "
                "mix the channels down and add the batch axis with waveform[None]"
            )
        self._require_samples(waveform.shape[1])

    def _require_samples(self, samples: int) -> None:
        if samples < self.shortest_input_samples:
            raise ValueError(
                f"the waveform has {samples} samples, expected at least {self.shortest_input_samples} "
                f"({1000 * self.shortest_input_samples / self.sample_rate_hz:g} ms at {self.sample_rate_hz} Hz) for "
                f"{type(self).__name__}: tile or pad it first"
            )
