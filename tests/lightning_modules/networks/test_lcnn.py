"""The light CNNs have the published layers, and compute what their papers say."""

import pytest
import torch
from torch.nn import functional

from lightning_modules.networks.lcnn import LCNN, LCNNLSTM, MaxFeatureMap, max_feature_map

POOLED, NORMALISED = {0, 2, 4, 8}, {1, 2, 3, 5, 6, 7}


def reference_steps(state, features):
    """The convolutions as plain formulas over the state dict, in evaluation mode: ``(batch, frames // 16, width)``."""
    maps = features[:, None]
    for index in range(9):
        name = f"trunk.convolutions.{index}"
        kernel = state[f"{name}.conv.weight"]
        maps = functional.conv2d(maps, kernel, state[f"{name}.conv.bias"], padding=kernel.shape[-1] // 2)
        maps = torch.where(maps[:, : len(kernel) // 2] > maps[:, len(kernel) // 2 :], *maps.chunk(2, dim=1))
        if index in POOLED:
            maps = functional.max_pool2d(maps, 2)
        if index in NORMALISED:
            deviation = (state[f"{name}.norm.running_var"] + 1e-5).sqrt()
            maps = (maps - state[f"{name}.norm.running_mean"][:, None, None]) / deviation[:, None, None]
    return maps.flatten(1, 2).mT


def reference_lstm(state, steps, layer, direction):
    """One direction of one layer, step by step."""
    suffix = f"l{layer}{'_reverse' if direction < 0 else ''}"
    of_input, of_hidden = state[f"lstm.weight_ih_{suffix}"], state[f"lstm.weight_hh_{suffix}"]
    bias = state[f"lstm.bias_ih_{suffix}"] + state[f"lstm.bias_hh_{suffix}"]
    hidden = cell = torch.zeros(len(steps), of_hidden.shape[1])
    outputs = []
    for step in steps.unbind(dim=1)[::direction]:
        enter, forget, fresh, leave = (step @ of_input.T + hidden @ of_hidden.T + bias).chunk(4, dim=1)
        cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(fresh)
        hidden = torch.sigmoid(leave) * torch.tanh(cell)
        outputs.append(hidden)
    return torch.stack(outputs[::direction], dim=1)


def settled(network, features):
    for _ in range(2):
        network(features)
    return network.eval(), network.state_dict()


@pytest.fixture
def features():
    return torch.randn(3, 40, 90, generator=torch.Generator().manual_seed(0))


def test_lcnn_computes_what_it_says(features):
    torch.manual_seed(0)
    network, state = settled(LCNN(bins=40, embedding=7), features)
    projected = reference_steps(state, features).mean(dim=1) @ state["project.weight"].T + state["project.bias"]
    larger = torch.maximum(projected[:, :7], projected[:, 7:])
    expected = functional.batch_norm(
        larger, *(state[f"norm.{name}"] for name in ("running_mean", "running_var", "weight", "bias"))
    )
    torch.testing.assert_close(network.embed(features), expected, atol=1e-4, rtol=1e-4)


def test_lcnn_lstm_computes_what_it_says(features):
    torch.manual_seed(0)
    network, state = settled(LCNNLSTM(bins=40), features)
    steps = inner = reference_steps(state, features)
    for layer in range(2):
        inner = torch.cat([reference_lstm(state, inner, layer, direction) for direction in (1, -1)], dim=2)
    torch.testing.assert_close(network.embed(features), (steps + inner).mean(dim=1), atol=1e-4, rtol=1e-4)


def test_the_larger_half_is_kept():
    values = torch.tensor([[1.0, 5.0, 3.0, 2.0]])
    assert max_feature_map(values).tolist() == [[3.0, 5.0]]


def test_the_published_layers():
    network = LCNNLSTM(bins=60)
    layers = [module for module in network.modules() if isinstance(module, MaxFeatureMap)]
    assert [layer.conv.out_channels // 2 for layer in layers] == [32, 32, 48, 48, 64, 64, 32, 32, 32]
    assert [layer.conv.kernel_size[0] for layer in layers] == [5, 1, 3, 1, 3, 1, 3, 1, 3]
    assert network.trunk.width == 96
    assert network.lstm.hidden_size == 48
    assert not any(module.affine for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d))
    assert network.trunk.drop.p == 0.7


@pytest.mark.parametrize("network_class", [LCNN, LCNNLSTM])
def test_features_that_do_not_fit_are_refused(network_class):
    network = network_class(bins=40).eval()
    assert network(torch.zeros(1, 40, network.shortest_input_frames)).shape == (1, 2)
    with pytest.raises(ValueError, match="40 bins x 15 frames, expected 40 bins and at least 16 frames"):
        network(torch.zeros(1, 40, 15))
    with pytest.raises(ValueError, match="found features of 60 bins x 100 frames, expected 40 bins"):
        network(torch.zeros(1, 60, 100))
    with pytest.raises(ValueError, match="found bins=15, expected 16 or more"):
        network_class(bins=15)
