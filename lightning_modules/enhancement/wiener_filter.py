"""Noisy power and the noise's in, the gain of least squared error out: by a ratio that remembers the frame before."""

import torch
from torch import Tensor

from lightning_modules.enhancement.enhancement import Enhancement, Noise


class WienerFilter(Enhancement):
    """The Wiener gain, with the decision-directed ratio of Ephraim and Malah (1984).

    The more it remembers, the less the noise warbles and the later an onset is heard. Theirs is 0.98, by listening; 0.9
    is about where the signal-to-distortion ratio of speech in 0 to 20 dB of noise gains most, with frames 8 ms apart.

    Args:
        sample_rate_hz: Sampling rate of the waveforms.
        memory: Share of the ratio that is taken from the frame before, from 0 to below 1.
        noise: How the noise is tracked; this and what follows is explained by ``Enhancement``.
        minimum_s: Length that the minimum is taken over.
        leading_s: Length of the beginning that is noise.
        floor_db: Lowest gain.
        window_ms: Length of a frame.
        hop_ms: Step from frame to frame.

    Raises:
        ValueError: For a memory out of range, or what ``Enhancement`` refuses.
    """

    def __init__(
        self,
        sample_rate_hz: int = 16_000,
        memory: float = 0.9,
        noise: Noise = "minimum-statistics",
        minimum_s: float = 1.5,
        leading_s: float = 0.2,
        floor_db: float = -20.0,
        window_ms: float = 32.0,
        hop_ms: float = 8.0,
    ) -> None:
        super().__init__(sample_rate_hz, noise, minimum_s, leading_s, floor_db, window_ms, hop_ms)
        if not 0 <= memory < 1:
            raise ValueError(f"found memory={memory}, expected 0 to below 1")
        self.memory = memory

    def gain(self, power: Tensor, noise: Tensor) -> Tensor:
        """Wiener gain, all ``(batch, bins, frames)``."""
        return decision_directed_gain(power / noise, self.memory)


def decision_directed_gain(posterior: Tensor, memory: float) -> Tensor:
    """Wiener gain ``xi / (1 + xi)`` from the ratio of noisy power to noise, ``gamma``.

    The ratio of speech to noise is a mean of what the frame before had left and of what this frame has too much,
    ``xi[t] = memory * gain[t - 1]**2 * gamma[t - 1] + (1 - memory) * max(gamma[t] - 1, 0)``: equation 51 of Ephraim and
    Malah (1984). The first frame has nothing to remember, and takes the maximum alone.

    Args:
        posterior: ``gamma``, ``(batch, bins, frames)``.
        memory: Share that the frame before has.

    Returns:
        ``(batch, bins, frames)``.
    """
    excess = (posterior - 1).clamp_min(0)
    # All that does not wait for the frame before is done at once: five small operations a frame are left.
    heard = ((1 - memory) * excess).unbind(-1)
    weights = (memory * posterior).unbind(-1)
    remembered = memory * excess[..., 0]
    gains = []
    for now, weight in zip(heard, weights, strict=True):
        prior = remembered + now
        gain = prior / (prior + 1)
        remembered = gain.square() * weight
        gains.append(gain)
    # Frame after frame, as the spectrum lies in memory.
    return torch.stack(gains, dim=1).transpose(1, 2)
