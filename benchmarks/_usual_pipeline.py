"""A waveform in, its score out as tutorials write it: librosa's features, and a CNN of PyTorch's layers as they are.

The CNN has the layers and widths of `SpectrogramCNN`, in the default layout, with ReLU before pooling and adaptive
pooling for its statistics.
"""

from itertools import pairwise

import librosa
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional


class PlainCNN(nn.Module):
    """Four blocks of convolution, normalisation, ReLU and pooling, statistics over time, two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)
                )
                for inputs, outputs in pairwise((1, 16, 32, 48, 64))
            )
        )
        self.squeeze = nn.Conv2d(64, 16, 1)
        self.classifier = nn.Sequential(nn.Linear(160, 64), nn.ReLU(), nn.Linear(64, 2))

    def forward(self, features: Tensor) -> Tensor:
        """Turn ``(batch, bins, frames)`` into logits ``(batch, 2)``."""
        maps = self.squeeze(self.blocks(features.unsqueeze(1)))
        statistics = torch.cat([maps.mean(dim=3), maps.std(dim=3)], dim=1)
        logits: Tensor = self.classifier(functional.adaptive_avg_pool1d(statistics, 5).flatten(1))
        return logits


def score(network: nn.Module, waveform: NDArray[np.float32]) -> float:
    """Score a waveform ``(samples,)`` of 16 kHz by a network on 80 log-mel bins."""
    mel = librosa.feature.melspectrogram(y=waveform, sr=16_000, n_fft=512, win_length=400, hop_length=160, n_mels=80)
    features = librosa.power_to_db(mel)
    features = (features - features.mean(axis=1, keepdims=True)) / (features.std(axis=1, keepdims=True) + 1e-3)
    with torch.no_grad():
        logits = network(torch.from_numpy(features).float().unsqueeze(0))
    return float(logits[0, 1] - logits[0, 0])
