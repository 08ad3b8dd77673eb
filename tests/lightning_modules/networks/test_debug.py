"""The debug network is tiny, reads anything, and learns."""

import torch
from torch.nn import functional

from lightning_modules.networks.debug import DebugNetwork


def test_it_reads_spectrograms_and_waveforms():
    network = DebugNetwork()
    for shape in [(80, 400), (1, 16_000), (3, 1)]:
        assert network(torch.randn(2, *shape)).shape == (2, 2)


def test_it_learns_to_tell_two_bands_apart():
    torch.manual_seed(0)
    network = DebugNetwork()
    labels = torch.arange(16) % 2
    features = torch.randn(16, 20, 24)
    features[labels == 1, 10:] += 2
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-2)
    for _ in range(30):
        optimiser.zero_grad()
        functional.cross_entropy(network(features), labels).backward()
        optimiser.step()
    assert torch.equal(network(features).argmax(dim=1), labels)
