"""The residual network computes what its papers say, and takes any size of features."""

import pytest
import torch
from torch.nn import functional

from lightning_modules.networks.pooling import band_statistics
from lightning_modules.networks.resnet import ResidualBlock, ResNet18, SqueezeExcitation


def reference_embedding(state, features):
    """The description as plain formulas over the state dict, in evaluation mode."""

    def norm(name, maps):
        scale = state[f"{name}.weight"] / (state[f"{name}.running_var"] + 1e-5).sqrt()
        centred = maps - state[f"{name}.running_mean"][:, None, None]
        return centred * scale[:, None, None] + state[f"{name}.bias"][:, None, None]

    def linear(name, vector):
        return vector @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    maps = norm("norm", functional.conv2d(features[:, None], state["stem.weight"], padding=1)).clamp_min(0)
    for index, stride in enumerate((1, 1, 2, 1, 2, 1, 2, 1)):
        block = f"blocks.{index}"
        inner = functional.conv2d(maps, state[f"{block}.conv1.weight"], stride=stride, padding=1)
        inner = functional.conv2d(norm(f"{block}.norm1", inner).clamp_min(0), state[f"{block}.conv2.weight"], padding=1)
        inner = norm(f"{block}.norm2", inner)
        hidden = linear(f"{block}.excitation.squeeze", inner.mean(dim=(2, 3))).clamp_min(0)
        inner = inner * torch.sigmoid(linear(f"{block}.excitation.excite", hidden))[:, :, None, None]
        if stride == 2:
            maps = functional.conv2d(maps, state[f"{block}.shortcut.1.weight"], stride=2)
            maps = norm(f"{block}.shortcut.2", maps)
        maps = (inner + maps).clamp_min(0)
    return linear("project", band_statistics(maps, bands=3))


def test_it_computes_what_it_says():
    torch.manual_seed(0)
    network = ResNet18(width=8, bands=3, embedding=6)
    features = torch.randn(3, 40, 61)
    network(features)
    network.eval()
    expected = reference_embedding(network.state_dict(), features)
    torch.testing.assert_close(network.embed(features), expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(network(features), network.classifier(network.embed(features)))


def test_it_has_eighteen_layers_that_learn():
    weights = [module for module in ResNet18().modules() if isinstance(module, torch.nn.Conv2d | torch.nn.Linear)]
    excitations = sum(isinstance(module, SqueezeExcitation) for module in ResNet18().modules())
    shortcuts, embedding = 3, 1
    assert excitations == 8
    assert len(weights) - 2 * excitations - shortcuts - embedding == 18


@pytest.mark.parametrize(("bins", "frames"), [(80, 398), (60, 201), (128, 16), (7, 1)])
def test_any_size_of_features_gives_two_logits(bins, frames):
    network = ResNet18(width=8).eval()
    assert network(torch.randn(2, bins, frames)).shape == (2, 2)
    assert network.embed(torch.randn(2, bins, frames)).shape == (2, 128)


def test_a_block_that_doubles_the_channels_halves_the_map():
    maps, lengths = ResidualBlock(4, 8, reduction=2)(torch.randn(2, 4, 9, 11), torch.tensor([11, 4]))
    assert maps.shape == (2, 8, 5, 6)
    assert lengths.tolist() == [6, 2]


def test_a_squeeze_to_nothing_is_refused():
    with pytest.raises(ValueError, match="found reduction=8, expected 1 to width=4"):
        ResNet18(width=4)
