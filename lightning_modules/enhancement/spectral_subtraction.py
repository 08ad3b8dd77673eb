"""Noisy power and the noise's in, a gain out that takes the noise off, and more of it the noisier the frame."""

from torch import Tensor

from lightning_modules.enhancement.enhancement import Enhancement, Noise

NOISIEST = 10**-0.5
CLEANEST = 10.0**2
"""-5 and 20 dB: the range in which Berouti et al. let the over-subtraction follow the ratio."""


class SpectralSubtraction(Enhancement):
    """Power spectral subtraction (Boll 1979) with over-subtraction (Berouti, Schwartz and Makhoul 1979).

    A frame whose ratio of noisy power to noise is 0 dB loses ``oversubtraction`` times the noise. The factor falls
    linearly with the decibels, to 1 at 20 dB, and rises no more below -5 dB. Boll's magnitudes are powers here, as
    with Berouti; the floor is that of the gain, hence of the noisy power and not of the noise.

    Args:
        sample_rate_hz: Sampling rate of the waveforms.
        oversubtraction: How many times the noise is taken off a frame at 0 dB; at least 1.
        noise: How the noise is tracked; this and what follows is explained by ``Enhancement``.
        minimum_s: Length that the minimum is taken over.
        leading_s: Length of the beginning that is noise.
        floor_db: Lowest gain.
        window_ms: Length of a frame.
        hop_ms: Step from frame to frame.

    Raises:
        ValueError: For an over-subtraction below 1, or what ``Enhancement`` refuses.
    """

    def __init__(
        self,
        sample_rate_hz: int = 16_000,
        oversubtraction: float = 4.0,
        noise: Noise = "minimum-statistics",
        minimum_s: float = 1.5,
        leading_s: float = 0.2,
        floor_db: float = -20.0,
        window_ms: float = 32.0,
        hop_ms: float = 8.0,
    ) -> None:
        super().__init__(sample_rate_hz, noise, minimum_s, leading_s, floor_db, window_ms, hop_ms)
        if oversubtraction < 1:
            raise ValueError(f"found oversubtraction={oversubtraction}, expected 1 (all of the noise) or more")
        self.oversubtraction = oversubtraction

    def gain(self, power: Tensor, noise: Tensor) -> Tensor:
        """Root of the share of the power that is left, all ``(batch, bins, frames)``."""
        taken = oversubtraction(power, noise, self.oversubtraction) * noise / power
        # Kept off zero before the root, whose slope is infinite there.
        return (1 - taken).clamp_min(self.floor**2).sqrt()


def oversubtraction(power: Tensor, noise: Tensor, at_0_db: float) -> Tensor:
    """How many times the noise is taken off each frame, ``(batch, 1, frames)``, by the ratio over all its bins."""
    ratio = power.sum(dim=1, keepdim=True) / noise.sum(dim=1, keepdim=True)
    ratio_db = 10 * ratio.clamp(NOISIEST, CLEANEST).log10()
    return at_0_db - (at_0_db - 1) / 20 * ratio_db
