"""The smallest weights become zero, as many as were asked for, and stay it while the others learn."""

import pytest
import torch
from torch import nn

from lightning_modules.networks.cnn import SpectrogramCNN
from lightning_modules.networks.rawnet2 import RawNet2
from lightning_modules.pruning.schedule import shares
from lightning_modules.pruning.unstructured import keep_zeros, prune_weights, zero_share


def networks():
    torch.manual_seed(0)
    raw = RawNet2(sinc_filters=4, sinc_taps=9, channels=(4, 8), gru_units=8, gru_layers=2, embedding=8)
    return [(SpectrogramCNN(channels=(8, 16)), torch.randn(2, 40, 50)), (raw, torch.randn(2, 1, 3000))]


@pytest.mark.parametrize("index", [0, 1])
def test_zeros_are_as_many_as_asked_for_and_stay(index):
    network, batch = networks()[index]
    names = set(network.state_dict())
    prune_weights(network, 0.6)
    assert zero_share(network) == pytest.approx(0.6, abs=1e-3)
    assert set(network.state_dict()) == names
    zeros = {name: value == 0 for name, value in network.named_parameters() if value.dim() > 1}
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    keep_zeros(network)
    optimiser = torch.optim.AdamW(network.parameters(), 1e-2, weight_decay=0.1)
    network.train()
    for _ in range(3):
        optimiser.zero_grad()
        network(batch).square().sum().backward()
        optimiser.step()
    after = dict(network.named_parameters())
    assert all(bool((after[name][zero] == 0).all()) for name, zero in zeros.items())
    assert all(not torch.equal(after[name], before[name]) for name in before)


def test_the_smallest_of_all_layers_go():
    network = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Conv1d(1, 1, 3, bias=False))
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[1.0, -2.0], [30.0, -40.0]]))
        network[1].weight.copy_(torch.tensor([[[3.0, -0.5, 50.0]]]))
    prune_weights(network, 4 / 7)
    assert network[0].weight.tolist() == [[0.0, 0.0], [30.0, -40.0]]
    assert network[1].weight.tolist() == [[[0.0, 0.0, 50.0]]]


def test_pruning_more_keeps_the_zeros():
    network, _ = networks()[0]
    prune_weights(network, 0.3)
    zeros = network.project.weight == 0
    prune_weights(network, 0.5)
    assert bool((network.project.weight[zeros] == 0).all())
    assert zero_share(network) == pytest.approx(0.5, abs=1e-3)


def test_each_step_takes_the_same_share_of_what_is_left():
    assert shares(0.5, 1) == [0.5]
    assert shares(0.875, 3) == pytest.approx([0.5, 0.75, 0.875])


def test_what_cannot_be_pruned_is_refused():
    with pytest.raises(ValueError, match="ReLU has no convolution"):
        prune_weights(nn.ReLU(), 0.5)
    for share in (1.0, -0.1):
        with pytest.raises(ValueError, match="less than 1"):
            prune_weights(nn.Linear(2, 2), share)
    for amount in (0.0, 1.0):
        with pytest.raises(ValueError, match=r"such as 0\.5"):
            shares(amount, 2)
    with pytest.raises(ValueError, match="1 or more"):
        shares(0.5, 0)
