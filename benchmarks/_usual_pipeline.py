"""A detector as tutorials write it out in, its scores out: librosa's features, and the network as PyTorch runs it."""

import librosa
import numpy as np
import torch
from numpy.typing import NDArray

from lightning_modules.detector import Detector


def score(detector: Detector, waveform: NDArray[np.float32]) -> float:
    """Score a waveform ``(samples,)`` of 16 kHz by a network on 80 log-mel bins."""
    mel = librosa.feature.melspectrogram(
        y=waveform, sr=16_000, n_fft=512, win_length=400, hop_length=160, n_mels=80, center=False
    )
    features = np.log(np.maximum(mel, 1e-10))
    features = (features - features.mean(axis=1, keepdims=True)) / (features.std(axis=1, keepdims=True) + 1e-3)
    with torch.no_grad():
        logits = detector.network(torch.from_numpy(features).float().unsqueeze(0))
    return float(logits[0, 1] - logits[0, 0])
