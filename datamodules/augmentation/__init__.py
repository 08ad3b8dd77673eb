"""A clean waveform ``(samples,)`` and a random generator in, an altered waveform of the same length out.

Every augmentation draws its parameters apart from applying them, so that a draw can be recorded, repeated and tested.
The generator is an argument: what a clip gets depends on its seed alone, whatever the process, worker or epoch.
"""

from datamodules.augmentation.augmentation import Audio, Augmentation, Compose, OneOf, Parallel
from datamodules.augmentation.codec import CodecPass, Coding
from datamodules.augmentation.foreign import Audiomentation
from datamodules.augmentation.gain import Gain, RandomGain
from datamodules.augmentation.levels import active_level, mix, rms
from datamodules.augmentation.raw_boost import ConvolutiveNoise, ImpulsiveNoise, StationaryNoise, rawboost
from datamodules.augmentation.recorded_noise import EnvironmentNoise, FolderNoise, NoiseStretch, NoiseSum
from datamodules.augmentation.reverberation import (
    RecordedReverberation,
    RoomRecording,
    SimulatedReverberation,
    reverberant,
)
from datamodules.augmentation.speed import RandomSpeed, Speed
from datamodules.augmentation.telephone import Band, TelephoneBand
from datamodules.augmentation.white_noise import AdditiveWhiteGaussianNoise, WhiteNoise
from datamodules.rooms import Room

__all__ = [
    "AdditiveWhiteGaussianNoise",
    "Audio",
    "Audiomentation",
    "Augmentation",
    "Band",
    "CodecPass",
    "Coding",
    "Compose",
    "ConvolutiveNoise",
    "EnvironmentNoise",
    "FolderNoise",
    "Gain",
    "ImpulsiveNoise",
    "NoiseStretch",
    "NoiseSum",
    "OneOf",
    "Parallel",
    "RandomGain",
    "RandomSpeed",
    "RecordedReverberation",
    "Room",
    "RoomRecording",
    "SimulatedReverberation",
    "Speed",
    "StationaryNoise",
    "TelephoneBand",
    "WhiteNoise",
    "active_level",
    "mix",
    "rawboost",
    "reverberant",
    "rms",
]
