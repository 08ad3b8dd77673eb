"""RawNet2 has the published sizes, and computes what the published description says."""

from itertools import pairwise

import pytest
import torch
from torch.nn import functional

from lightning_modules.networks.rawnet2 import RawNet2, rename_published_weights

SIZE_2019 = {"sinc_filters": 128, "sinc_taps": 129, "channels": (128, 128, 512, 512, 512, 512)}
TINY = {
    "sinc_filters": 4,
    "sinc_taps": 33,
    "channels": (4, 4, 6, 6, 6, 6),
    "gru_units": 5,
    "gru_layers": 2,
    "embedding": 7,
}


def parameters(network):
    return sum(weight.numel() for weight in network.parameters())


def test_published_sizes():
    assert parameters(RawNet2()) == 17_621_410
    assert parameters(RawNet2().gru) == 16_140_288
    assert parameters(RawNet2(**SIZE_2019)) == 25_433_602


def test_published_frames():
    network = RawNet2(gru_units=4, embedding=4).eval()
    frames = []
    hooks = [network.first_norm, *network.blocks]
    for module in hooks:
        module.register_forward_hook(lambda _module, _inputs, output: frames.append(output.shape[-1]))
    with torch.inference_mode():
        network(torch.zeros(1, 1, 64_600))
    assert frames == [21_192, 7064, 2354, 784, 261, 87, 29]


def test_shortest_input():
    network = RawNet2(gru_units=4, embedding=4).eval()
    assert network.shortest_input_samples == 3211
    assert network(torch.zeros(1, 1, 3211)).shape == (1, 2)
    with pytest.raises(ValueError, match=r"found a waveform of 3210 samples, expected at least 3211 \(0.201 s\)"):
        network(torch.zeros(1, 1, 3210))


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_shortest_input_is_the_shortest(stride):
    network = RawNet2(**TINY, sinc_stride=stride).eval()
    frames = 1 + (network.shortest_input_samples - network.sinc_taps) // stride
    assert frames == 3**7
    assert 1 + (network.shortest_input_samples - 1 - network.sinc_taps) // stride < 3**7


def test_spectrograms_are_refused():
    with pytest.raises(ValueError, match="RawNet2 reads raw audio"):
        RawNet2(**TINY)(torch.zeros(2, 80, 400))


def published_weights(seed):
    """Random weights of the tiny size under the published names, ``(names, tensors)``."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator) * 0.3

    def norm(name, width):
        return {
            f"{name}.weight": draw(width),
            f"{name}.bias": draw(width),
            f"{name}.running_mean": draw(width),
            f"{name}.running_var": draw(width).abs() + 0.5,
            f"{name}.num_batches_tracked": torch.tensor(3),
        }

    def affine(name, *shape):
        return {f"{name}.weight": draw(*shape), f"{name}.bias": draw(shape[0])}

    state = {**norm("first_bn", 4), **norm("bn_before_gru", 6)}
    widths = [4, 4, 4, 6, 6, 6, 6]
    for index, (inputs, outputs) in enumerate(pairwise(widths)):
        block = f"block{index}.0"
        if index:
            state |= norm(f"{block}.bn1", inputs)
        state |= affine(f"{block}.conv1", outputs, inputs, 3) | norm(f"{block}.bn2", outputs)
        state |= affine(f"{block}.conv2", outputs, outputs, 3)
        if inputs != outputs:
            state |= affine(f"{block}.conv_downsample", outputs, inputs, 1)
        state |= affine(f"fc_attention{index}.0", outputs, outputs)
    for layer, inputs in enumerate((6, 5)):
        state |= {f"gru.weight_ih_l{layer}": draw(15, inputs), f"gru.weight_hh_l{layer}": draw(15, 5)}
        state |= {f"gru.bias_ih_l{layer}": draw(15), f"gru.bias_hh_l{layer}": draw(15)}
    return state | affine("fc1_gru", 7, 5) | affine("fc2_gru", 2, 7)


def reference_logits(state, sinc, waveform, legacy_2021):
    """The published description as plain formulas over the published names, in evaluation mode."""

    def norm(name, maps):
        scale = state[f"{name}.weight"] / (state[f"{name}.running_var"] + 1e-5).sqrt()
        return (maps - state[f"{name}.running_mean"][:, None]) * scale[:, None] + state[f"{name}.bias"][:, None]

    def conv(name, maps, padding):
        return functional.conv1d(maps, state[f"{name}.weight"], state[f"{name}.bias"], padding=padding)

    def linear(name, vector):
        return vector @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    maps = functional.selu(norm("first_bn", functional.max_pool1d(functional.conv1d(waveform, sinc).abs(), 3)))
    for index in range(6):
        block = f"block{index}.0"
        dead = legacy_2021 or index == 0
        inner = maps if dead else functional.leaky_relu(norm(f"{block}.bn1", maps), 0.3)
        inner = functional.leaky_relu(norm(f"{block}.bn2", conv(f"{block}.conv1", inner, 1)), 0.3)
        inner = conv(f"{block}.conv2", inner, 1)
        if f"{block}.conv_downsample.weight" in state:
            maps = conv(f"{block}.conv_downsample", maps, 0)
        maps = functional.max_pool1d(inner + maps, 3)
        weight = torch.sigmoid(linear(f"fc_attention{index}.0", maps.mean(dim=2)))[:, :, None]
        maps = maps * weight + weight
    steps = functional.selu(norm("bn_before_gru", maps)).permute(2, 0, 1)
    for layer in range(2):
        hidden, outputs = torch.zeros(waveform.shape[0], 5), []
        for step in steps:
            of_input = step @ state[f"gru.weight_ih_l{layer}"].T + state[f"gru.bias_ih_l{layer}"]
            of_hidden = hidden @ state[f"gru.weight_hh_l{layer}"].T + state[f"gru.bias_hh_l{layer}"]
            reset, update = torch.sigmoid(of_input[:, :10] + of_hidden[:, :10]).chunk(2, dim=1)
            fresh = torch.tanh(of_input[:, 10:] + reset * of_hidden[:, 10:])
            hidden = (1 - update) * fresh + update * hidden
            outputs.append(hidden)
        steps = torch.stack(outputs)
    return linear("fc2_gru", linear("fc1_gru", hidden))


@pytest.mark.parametrize("legacy_2021", [False, True])
def test_published_weights_give_the_published_logits(legacy_2021):
    state = published_weights(seed=1)
    network = RawNet2(**TINY, legacy_2021=legacy_2021).eval()
    network.load_state_dict(rename_published_weights(state))
    waveform = torch.randn(3, 1, 9000, generator=torch.Generator().manual_seed(2))

    with torch.inference_mode():
        logits = network(waveform)

    expected = reference_logits(state, network.sinc.bank, waveform, legacy_2021)
    torch.testing.assert_close(logits, expected, atol=1e-4, rtol=1e-4)


def test_the_legacy_quirk_is_a_different_network():
    state = rename_published_weights(published_weights(seed=1))
    waveform = torch.randn(2, 1, 5000, generator=torch.Generator().manual_seed(2))
    both = []
    for legacy_2021 in (False, True):
        network = RawNet2(**TINY, legacy_2021=legacy_2021).eval()
        network.load_state_dict(state)
        both.append(network(waveform))
    assert not torch.allclose(*both, atol=1e-3)


def test_the_input_is_left_alone_and_every_weight_learns():
    network = RawNet2(**TINY)
    waveform = torch.randn(2, 1, 9000)
    before = waveform.clone()
    network(waveform).sum().backward()
    assert torch.equal(waveform, before)
    assert all(weight.grad is not None for weight in network.parameters())
