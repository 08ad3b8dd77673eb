"""Every configurable module keeps its constructor's arguments, so that a checkpoint can record how to build it."""

import inspect

import pytest
import torch

from lightning_modules.detector import Detector
from lightning_modules.frontends import CQT, LFCC, MFCC, LogLinear, LogMel, Waveform
from lightning_modules.fusing import member_description
from lightning_modules.losses import AmSoftmax, FocalLoss, OcSoftmax, P2SGrad, WeightedCrossEntropy
from lightning_modules.networks.aasist import AASIST
from lightning_modules.networks.cnn import SpectrogramCNN
from lightning_modules.networks.debug import DebugNetwork
from lightning_modules.networks.fusion import Fusion
from lightning_modules.networks.lcnn import LCNN, LCNNLSTM
from lightning_modules.networks.rawnet2 import RawNet2
from lightning_modules.networks.resnet import ResNet18
from lightning_modules.normalisation import Normalisation

SMALL_RAWNET2 = {
    "sinc_taps": 251,
    "sinc_stride": 3,
    "channels": [4, 6],
    "gru_units": 4,
    "gru_layers": 1,
    "embedding": 3,
}
FUSED = [(LogMel(), SpectrogramCNN()), (Waveform(), RawNet2(**SMALL_RAWNET2))]
MODULES = [
    Waveform(8000),
    LogMel(n_mels=40, f_min_hz=20.0),
    LogLinear(n_fft=400),
    LFCC(n_filters=24, energy=False, delta_orders=1),
    MFCC(n_mfcc=13, f_max_hz=7000.0),
    CQT(n_bins=48, bins_per_octave=12, f_min_hz=500.0),
    Normalisation("corpus", bins=3),
    SpectrogramCNN(channels=[4, 8], bands=3),
    RawNet2(**SMALL_RAWNET2),
    ResNet18(width=8, reduction=4, bands=3, embedding=6),
    LCNN(bins=40, embedding=9, dropout=0.5),
    LCNNLSTM(bins=40, dropout=0.5),
    DebugNetwork(channels=2, bands=3),
    AASIST(channels=[4, 6], legacy_2022=True),
    WeightedCrossEntropy(0.2, 0.8),
    FocalLoss(1.0),
    AmSoftmax(15.0),
    OcSoftmax(15.0, 0.8, 0.1),
    P2SGrad(),
]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: type(module).__name__)
def test_a_module_can_be_built_again_from_its_attributes(module):
    names = inspect.signature(type(module)).parameters
    arguments = {name: getattr(module, name) for name in names}
    assert all(isinstance(value, bool | int | float | str | tuple | None) for value in arguments.values())
    assert all(parameter.default is not inspect.Parameter.empty for parameter in names.values())

    again = type(module)(**arguments)

    assert {name: getattr(again, name) for name in names} == arguments
    again.load_state_dict(module.state_dict())


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize(
    ("frontend", "network"),
    [
        (LogMel(), SpectrogramCNN()),
        (LFCC(), SpectrogramCNN()),
        (Waveform(), RawNet2(**SMALL_RAWNET2)),
        (LogMel(), ResNet18(width=8)),
        (LogMel(), LCNN()),
        (LogMel(), LCNNLSTM()),
        (Waveform(), AASIST(channels=[4, 6])),
        (Waveform(), Fusion([member_description(Detector(*parts)) for parts in FUSED])),
    ],
    ids=["cnn", "lfcc > cnn", "rawnet2", "resnet18", "lcnn", "lcnn-lstm", "aasist", "fusion"],
)
def test_a_traced_detector_gives_the_same_logits_for_another_batch(frontend, network):
    detector = torch.nn.Sequential(frontend, Normalisation("none"), network).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        traced = torch.jit.trace(detector, torch.randn(1, 16_000, generator=generator))
        waveform = torch.randn(11, 16_000, generator=generator)
        torch.testing.assert_close(traced(waveform), detector(waveform), atol=1e-4, rtol=1e-4)
