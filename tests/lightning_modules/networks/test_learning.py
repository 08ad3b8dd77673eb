"""The spectrogram networks learn to tell two bands apart, from examples of several lengths."""

import pytest
import torch
from torch.nn import functional

from lightning_modules.networks.lcnn import LCNN, LCNNLSTM
from lightning_modules.networks.resnet import ResNet18


@pytest.mark.parametrize(
    "make",
    [lambda: ResNet18(width=8), lambda: LCNN(bins=20, dropout=0.2), lambda: LCNNLSTM(bins=20, dropout=0.2)],
    ids=["resnet18", "lcnn", "lcnn_lstm"],
)
def test_it_learns_to_tell_two_bands_apart(make):
    torch.manual_seed(0)
    network = make()
    labels = torch.arange(16) % 2
    lengths = 33 + torch.arange(16) // 2 % 2 * 31
    features = torch.randn(16, 20, 64)
    features[labels == 1, 15:] += 2
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(20):
        optimiser.zero_grad()
        functional.cross_entropy(network(features, lengths), labels).backward()
        optimiser.step()
    assert torch.equal(network.eval()(features, lengths).argmax(dim=1), labels)
