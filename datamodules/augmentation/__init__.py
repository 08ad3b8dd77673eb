"""A clean waveform ``(samples,)`` and a random generator in, an altered waveform of the same length out.

Every augmentation draws its parameters apart from applying them, so that a draw can be recorded, repeated and tested.
audiomentations has many more transforms, but draws them from the global ``random`` and ``numpy.random``: what a clip
gets then depends on the process it is loaded in and on all that was drawn before, and no seed of its own brings it
back. Here the generator is an argument.
"""

from datamodules.augmentation.augmentation import Audio, Augmentation, Compose
from datamodules.augmentation.gain import Gain, RandomGain
from datamodules.augmentation.levels import active_level, mix, rms
from datamodules.augmentation.noise import AdditiveWhiteGaussianNoise, EnvironmentNoise, NoiseStretch, WhiteNoise

__all__ = [
    "AdditiveWhiteGaussianNoise",
    "Audio",
    "Augmentation",
    "Compose",
    "EnvironmentNoise",
    "Gain",
    "NoiseStretch",
    "RandomGain",
    "WhiteNoise",
    "active_level",
    "mix",
    "rms",
]
