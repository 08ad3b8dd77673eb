"""The docstring of every network states what it costs, and it costs that."""

import re

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from lightning_modules.networks.aasist import AASIST
from lightning_modules.networks.cnn import SpectrogramCNN
from lightning_modules.networks.debug import DebugNetwork
from lightning_modules.networks.lcnn import LCNN, LCNNLSTM
from lightning_modules.networks.network import Network
from lightning_modules.networks.rawnet2 import RawNet2
from lightning_modules.networks.resnet import ResNet18

SPECTROGRAM, WAVEFORM = (1, 80, 400), (1, 1, 64_000)
COSTS = {
    SpectrogramCNN: (SPECTROGRAM, 58_018, 83),
    ResNet18: (SPECTROGRAM, 875_534, 1086),
    LCNN: (SPECTROGRAM, 183_586, 441),
    LCNNLSTM: (SPECTROGRAM, 467_586, 449),
    DebugNetwork: (SPECTROGRAM, 56, 0.9),
    RawNet2: (WAVEFORM, 17_621_410, 2060),
    AASIST: (WAVEFORM, 297_866, 9473),
}


def parameters(network: Network) -> int:
    return sum(weight.numel() for weight in network.parameters())


def recurrent_macs(network: Network, steps: int) -> int:
    """Multiply-accumulates of the LSTM, which PyTorch's counter misses: its matrices are read at every step."""
    lstm = getattr(network, "lstm", None)
    return 0 if lstm is None else steps * sum(weight.numel() for weight in lstm.parameters() if weight.dim() == 2)


@pytest.mark.parametrize("network_class", COSTS)
def test_a_docstring_states_the_cost(network_class):
    shape, expected_parameters, expected_macs = COSTS[network_class]
    network = network_class().eval()
    if isinstance(network, RawNet2):
        network.sinc.forward = network.sinc.by_convolution
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(shape))
    macs = counter.get_total_flops() / 2 + recurrent_macs(network, steps=25)
    assert parameters(network) == expected_parameters
    assert macs / 1e6 == pytest.approx(expected_macs, rel=0.001, abs=0.5 if expected_macs > 1 else 0.05)

    stated = " ".join(network_class.__doc__.split())
    assert re.search(rf"Cost for 4 s.*?: {expected_parameters:,} parameters, {expected_macs:,} million MACs", stated)


@pytest.mark.parametrize(
    ("network", "expected"),
    [(ResNet18(width=64), "11,999,666"), (LCNNLSTM(bins=60), "269,826")],
    ids=["wide", "60 bins"],
)
def test_other_sizes_that_are_stated(network, expected):
    assert f"{parameters(network):,}" == expected
    assert f"{expected} parameters" in " ".join(type(network).__doc__.split())
