"""Noisy waveforms ``(batch, samples)`` in, waveforms of the same shape with less noise out.

Nothing is learnt: a tracker tells the power of the noise from the noisy spectrum, and a method the gain of every cell
of time and frequency from the two powers.
"""

from lightning_modules.enhancement.enhancement import Enhancement, Noise
from lightning_modules.enhancement.noise_tracking import LeadingFrames, MinimumStatistics, NoiseTracker
from lightning_modules.enhancement.short_time_fourier import ShortTimeFourier
from lightning_modules.enhancement.spectral_subtraction import SpectralSubtraction
from lightning_modules.enhancement.wiener_filter import WienerFilter

__all__ = [
    "Enhancement",
    "LeadingFrames",
    "MinimumStatistics",
    "Noise",
    "NoiseTracker",
    "ShortTimeFourier",
    "SpectralSubtraction",
    "WienerFilter",
]
