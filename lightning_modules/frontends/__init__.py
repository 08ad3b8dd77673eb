"""Waveforms ``(batch, samples)`` in, features ``(batch, bins, frames)`` out."""

from lightning_modules.frontends.cqt import CQT
from lightning_modules.frontends.frontend import Frontend
from lightning_modules.frontends.lfcc import LFCC
from lightning_modules.frontends.log_linear import LogLinear
from lightning_modules.frontends.log_mel import LogMel
from lightning_modules.frontends.mel_scale import hz_to_mel, mel_filterbank, mel_to_hz
from lightning_modules.frontends.mfcc import MFCC
from lightning_modules.frontends.short_time import CLIPS_AT_A_TIME, ShortTimeFrontend
from lightning_modules.frontends.waveform import Waveform

__all__ = [
    "CLIPS_AT_A_TIME",
    "CQT",
    "LFCC",
    "MFCC",
    "Frontend",
    "LogLinear",
    "LogMel",
    "ShortTimeFrontend",
    "Waveform",
    "hz_to_mel",
    "mel_filterbank",
    "mel_to_hz",
]
