"""Detectors whose reason is known: what they hear is one band, for one stretch of time."""

import numpy as np
import torch
from torch import nn

from lightning_modules.detector import Detector
from lightning_modules.frontends import LogLinear, Waveform
from lightning_modules.networks.network import Network
from lightning_modules.normalisation import Normalisation

RATE_HZ = 16_000
LOW_HZ, HIGH_HZ = 2000.0, 3000.0
START_S, END_S = 0.4, 0.6


class Gate(nn.Module):
    """Lets one rectangle through."""

    def __init__(self, bins, frames):
        super().__init__()
        self.bins, self.frames = bins, frames

    def forward(self, maps):
        mask = torch.zeros_like(maps)
        mask[..., self.bins[0] : self.bins[1], self.frames[0] : self.frames[1]] = 1
        return maps * mask


class HearsOneRectangle(Network):
    """The score is the sum of the features in a rectangle, times the weight."""

    embedding = 1

    def __init__(self, bins=(64, 96), frames=(40, 60), weight=0.01):
        super().__init__()
        self.bins, self.frames, self.weight = bins, frames, weight
        self.gate = Gate(bins, frames)
        self.classifier = nn.Linear(1, 2, bias=False)
        nn.init.constant_(self.classifier.weight[:1], -weight / 2)
        nn.init.constant_(self.classifier.weight[1:], weight / 2)

    def embed(self, features, lengths=None):
        return self.gate(features.unsqueeze(1)).sum(dim=(2, 3))


class HearsOneTone(Network):
    """The score is the weighted power of the waveform in a band, for a stretch of time."""

    embedding = 1

    def __init__(self, weight=1e-3):
        super().__init__()
        self.weight = weight
        self.classifier = nn.Linear(1, 2, bias=False)
        nn.init.constant_(self.classifier.weight[:1], -weight / 2)
        nn.init.constant_(self.classifier.weight[1:], weight / 2)

    def embed(self, features, lengths=None):
        stretch = features[:, 0, int(START_S * RATE_HZ) : int(END_S * RATE_HZ)]
        frequencies_hz = torch.fft.rfftfreq(stretch.shape[-1], 1 / RATE_HZ)
        band = (frequencies_hz >= LOW_HZ) & (frequencies_hz < HIGH_HZ)
        return torch.fft.rfft(stretch)[:, band].abs().square().mean(dim=1, keepdim=True)


def spectrogram_toy(crop_s=1.0, weight=0.01):
    return Detector(LogLinear(), HearsOneRectangle(weight=weight), crop_s=crop_s).eval()


def waveform_toy(crop_s=1.0, weight=1e-3):
    return Detector(Waveform(), HearsOneTone(weight), Normalisation("utterance", bins=1), crop_s=crop_s).eval()


def speech(tiny_corpus, duration_s=1.0):
    from datamodules.audio import decode

    path = min((tiny_corpus / "LA" / "ASVspoof2019_LA_dev").rglob("*.flac"))
    return np.resize(decode(path, RATE_HZ)[3200:], round(duration_s * RATE_HZ))  # after the silence at its start
