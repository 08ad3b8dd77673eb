"""Real speech, and a small detector with the ONNX model of it: made once, since an export takes seconds."""

import numpy as np
import pytest
import torch

from datamodules.audio import decode
from lightning_modules.detector import Detector
from lightning_modules.export.forms import Maker
from lightning_modules.frontends import LogMel
from lightning_modules.networks.cnn import SpectrogramCNN


@pytest.fixture(scope="session")
def clips(tiny_corpus):
    """Eight utterances at 16 kHz, of both classes."""
    paths = sorted((tiny_corpus / "LA" / "ASVspoof2019_LA_dev" / "flac").glob("*.flac"))[:8]
    return [decode(path, 16_000) for path in paths]


@pytest.fixture(scope="session")
def windows(clips):
    """A second of each, ``(8, 16000)``."""
    return torch.from_numpy(np.stack([np.resize(clip, 16_000) for clip in clips]))


@pytest.fixture(scope="session")
def cnn(windows):
    """A small CNN whose normalisations have heard speech, and whose scores differ."""
    torch.manual_seed(0)
    detector = Detector(LogMel(n_mels=32), SpectrogramCNN(channels=(4, 8), embedding=8), crop_s=1.0)
    with torch.no_grad():
        for _ in range(20):
            detector(windows)
        for parameter in detector.network.classifier.parameters():
            parameter.mul_(20)
    return detector.eval()


@pytest.fixture(scope="session")
def maker(cnn, windows, tmp_path_factory):
    return Maker(cnn, tmp_path_factory.mktemp("forms"), windows.numpy)


@pytest.fixture(scope="session")
def onnx_form(maker):
    return maker.make("onnx")
