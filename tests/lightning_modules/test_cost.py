"""What is counted agrees with published sizes and with arithmetic by hand."""

import pytest
import torch
from torch import nn

from lightning_modules.cost import cost, count_macs, count_parameters
from lightning_modules.networks.rawnet2 import RawNet2

STEPS, SIZE, UNITS, LAYERS = 7, 5, 6, 2


@pytest.mark.parametrize(
    ("arguments", "published"),
    [({}, 17_621_410), ({"sinc_filters": 128, "sinc_taps": 129, "channels": (128, 128, *4 * (512,))}, 25_433_602)],
    ids=["2021", "2019"],
)
def test_parameters_are_as_published(arguments, published):
    assert count_parameters(RawNet2(**arguments)).total == published


def test_frozen_and_shared_parameters():
    layer = nn.Linear(3, 4)
    module = nn.Sequential(layer, nn.Linear(4, 3), layer)
    module[1].requires_grad_(False)
    assert (count_parameters(module).trainable, count_parameters(module).frozen) == (16, 15)


@pytest.mark.parametrize(("kind", "gates"), [(nn.RNN, 1), (nn.GRU, 3), (nn.LSTM, 4)])
@pytest.mark.parametrize("directions", [1, 2])
def test_recurrent_layers_by_hand(kind, gates, directions):
    module = kind(SIZE, UNITS, LAYERS, batch_first=True, bidirectional=directions == 2)
    by_hand = STEPS * gates * directions * UNITS * ((SIZE + UNITS) + (directions * UNITS + UNITS))
    assert count_macs(module, torch.randn(1, STEPS, SIZE)) == by_hand
    assert count_macs(module, torch.randn(3, STEPS, SIZE)) == 3 * by_hand


def test_convolutions_by_hand():
    plain, grouped = nn.Conv2d(4, 6, 3, padding=1), nn.Conv1d(4, 6, 5, stride=2, groups=2)
    assert count_macs(plain, torch.randn(1, 4, 10, 11)) == 10 * 11 * 6 * 4 * 9
    assert count_macs(grouped, torch.randn(1, 4, 21)) == 9 * 6 * 2 * 5


@pytest.mark.parametrize("training", [False, True])
def test_attention_by_hand(training):
    width, feedforward = 8, 16
    module = nn.TransformerEncoderLayer(width, 2, feedforward, batch_first=True).train(training)
    by_hand = STEPS * width * width * 4 + 2 * STEPS * STEPS * width + 2 * STEPS * width * feedforward
    assert count_macs(module, torch.randn(1, STEPS, width)) == by_hand
    assert module.training == training
    assert torch.backends.mha.get_fastpath_enabled()


def test_rawnet2_by_hand():
    network = RawNet2(sinc_filters=4, sinc_taps=9, channels=(4, 8), gru_units=6, gru_layers=1, embedding=5)
    convolutions = 4 * 9 * 992 + 330 * (2 * 4 * 4 * 3) + 110 * (4 * 8 * 3 + 8 * 8 * 3 + 4 * 8)
    dense = (4 * 4 + 8 * 8) + 36 * 3 * 6 * (8 + 6) + 6 * 5 + 5 * 2
    assert cost(network, torch.randn(1, 1, 1000)).macs == convolutions + dense


def test_size_is_of_what_a_checkpoint_holds(tmp_path):
    module = nn.Sequential(nn.Conv1d(3, 50, 5), nn.BatchNorm1d(50)).half()
    torch.save(module.state_dict(), tmp_path / "a.pt")
    size = cost(module.float(), torch.randn(1, 3, 9)).size_bytes
    assert size == 4 * (3 * 50 * 5 + 50 + 4 * 50) + 8
