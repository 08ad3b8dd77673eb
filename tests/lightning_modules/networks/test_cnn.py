"""The spectrogram CNN is small, keeps frequency, and takes any length."""

import pytest
import torch
from torch.nn import functional

from lightning_modules.networks.cnn import ConvBlock, SpectrogramCNN


def test_size():
    assert sum(weight.numel() for weight in SpectrogramCNN().parameters()) == 58_018


@pytest.mark.parametrize(("bins", "frames"), [(80, 398), (60, 200), (128, 16), (16, 1000)])
def test_any_size_of_features_gives_two_logits(bins, frames):
    network = SpectrogramCNN().eval()
    features = torch.randn(2, bins, frames)
    assert network(features).shape == (2, 2)
    assert network.embed(features).shape == (2, 64)


def test_pooling_before_the_activation_changes_nothing():
    block = ConvBlock(3, 4)
    maps = torch.randn(2, 3, 8, 10)
    torch.testing.assert_close(block(maps), functional.max_pool2d(functional.relu(block.norm(block.conv(maps))), 2))


def test_position_on_the_frequency_axis_matters():
    torch.manual_seed(0)
    network = SpectrogramCNN().eval()
    low, high = torch.zeros(1, 80, 64), torch.zeros(1, 80, 64)
    low[:, 16:32], high[:, 48:64] = 1.0, 1.0
    assert not torch.allclose(network(low), network(high), atol=1e-3)


def test_too_few_bins_or_frames_are_refused():
    with pytest.raises(ValueError, match="at least 16 of each"):
        SpectrogramCNN()(torch.zeros(1, 80, 15))


def test_the_gradient_is_finite_on_constant_features():
    network = SpectrogramCNN()
    network(torch.zeros(2, 80, 64)).sum().backward()
    assert all(torch.isfinite(weight.grad).all() for weight in network.parameters())


def test_it_learns_to_tell_two_bands_apart():
    torch.manual_seed(0)
    network = SpectrogramCNN(channels=(4, 8))
    labels = torch.arange(16) % 2
    features = torch.randn(16, 20, 24)
    features[labels == 1, 15:] += 2
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(20):
        optimiser.zero_grad()
        functional.cross_entropy(network(features), labels).backward()
        optimiser.step()
    assert torch.equal(network.eval()(features).argmax(dim=1), labels)
