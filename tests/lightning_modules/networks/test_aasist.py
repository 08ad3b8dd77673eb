"""AASIST has the published sizes, and gives the published logits from the published weights."""

import csv

import pytest
import torch

from benchmarks._published import PublishedAasist
from datamodules.audio import decode
from lightning_modules.networks import aasist_encoder
from lightning_modules.networks.aasist import AASIST, rename_published_weights
from lightning_modules.networks.aasist_encoder import ResidualBlock
from lightning_modules.networks.graph_attention import GraphAttention, GraphPooling, StackingGraphAttention

LIGHT = {"channels": (32, 32, 24, 24, 24, 24), "pooling_ratios": (0.4, 0.5, 0.7)}
TINY = {"sinc_filters": 12, "sinc_taps": 33, "channels": (4, 4, 6), "graph_dimensions": 16}


def settled(network, *inputs):
    """The network in evaluation mode, its normalisations having learnt from some input."""
    norms = [module for module in network.modules() if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = None  # a plain mean
        norm.weight.detach().add_(noise(*norm.weight.shape))
        norm.bias.detach().add_(noise(*norm.bias.shape, seed=2))
    with torch.no_grad():
        network.train()(*inputs)
    return network.eval()


def noise(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * 0.1


def parameters(network):
    return sum(weight.numel() for weight in network.parameters())


def test_published_sizes():
    assert parameters(AASIST()) == 297_866
    assert parameters(AASIST(**LIGHT)) == 85_306


def test_published_frames_bands_and_nodes():
    network = AASIST().eval()
    frames, nodes = [], []
    for block in network.blocks:
        block.register_forward_hook(lambda _module, _inputs, output: frames.append(tuple(output.shape[2:])))
    for graph in (network.spectral, network.temporal, network.branches[0].pool_spectral):
        graph.register_forward_hook(lambda _module, _inputs, output: nodes.append(tuple(output.shape[1:])))
    with torch.inference_mode():
        assert network.embed(noise(1, 1, 64_600)).shape == (1, 160)
    assert frames == [(23, 7163), (23, 2387), (23, 795), (23, 265), (23, 88), (23, 29)]
    assert nodes == [(11, 64), (20, 64), (5, 32)]


@pytest.mark.realdata
@pytest.mark.parametrize(("checkpoint", "size"), [("AASIST", {}), ("AASIST-L", LIGHT)])
def test_published_weights_give_the_published_logits(realdata, checkpoint, size):
    network = AASIST(**size, legacy_2022=True).eval()
    state = torch.load(realdata / "weights" / f"{checkpoint}.pth", map_location="cpu", weights_only=True)
    network.load_state_dict(rename_published_weights(state))
    with (realdata / "weights" / "expected_logits.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["checkpoint"] == checkpoint]
    assert len(rows) == 8
    waveforms = [torch.from_numpy(decode(realdata / row["clip"], 16_000)) for row in rows]
    repeated = [waveform.repeat(1 + 64_600 // len(waveform))[None, :64_600] for waveform in waveforms]
    with torch.inference_mode():
        logits = network(torch.stack(repeated))
    expected = torch.tensor([[float(row["logit_spoof"]), float(row["logit_bonafide"])] for row in rows])
    assert (logits - expected).abs().max() < 1e-4


def test_renamed_weights_give_the_logits_of_the_published_construction():
    torch.manual_seed(0)
    waveform = noise(2, 1, 20_000) * torch.tensor([1.0, 0.01])[:, None, None]
    published = settled(PublishedAasist(), waveform)
    network = AASIST(legacy_2022=True).eval()
    network.load_state_dict(rename_published_weights(published.state_dict()))
    with torch.inference_mode():
        logits, expected = network(waveform), published(waveform)
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=0)
    assert (expected[0] - expected[1]).abs().max() > 0.1


def test_the_key_map_loses_nothing_and_is_one_to_one():
    published = PublishedAasist().state_dict()
    renamed = rename_published_weights({name: name for name in published})
    assert sorted(renamed.values()) == sorted(published)
    assert renamed.keys() == AASIST().state_dict().keys()
    assert rename_published_weights({f"module.{name}": name for name in published}) == renamed


def test_the_legacy_quirk_is_a_different_network_of_the_same_weights():
    torch.manual_seed(0)
    network, legacy = settled(AASIST(**TINY), noise(4, 1, 4000)), AASIST(**TINY, legacy_2022=True).eval()
    legacy.load_state_dict(network.state_dict())
    waveform = noise(2, 1, 4000)
    assert not torch.allclose(network(waveform), legacy(waveform), atol=1e-3)


@pytest.mark.parametrize("legacy_2022", [False, True])
def test_blocks_in_stretches_give_what_a_whole_one_gives(monkeypatch, legacy_2022):
    torch.manual_seed(0)
    network = settled(AASIST(**TINY, legacy_2022=legacy_2022), noise(4, 1, 4000))
    monkeypatch.setattr(aasist_encoder, "CACHED_VALUES", 300)  # few frames a stretch
    for samples in (1999, 2000, 2001, 4711):
        waveform = noise(3, 1, samples)
        whole = network(waveform)
        assert whole.requires_grad
        with torch.inference_mode():
            torch.testing.assert_close(network(waveform), whole, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("frames", range(9, 40))
def test_a_block_in_stretches_of_any_length(monkeypatch, frames):
    torch.manual_seed(0)
    maps = noise(2, 3, 5, frames)
    block = settled(ResidualBlock(3, 4, first=False, legacy_2022=False), maps)
    whole = block(maps)
    for kept in (1, 2, 3, 7):
        monkeypatch.setattr(aasist_encoder, "CACHED_VALUES", kept * 4 * 5 * 3)
        with torch.inference_mode():
            torch.testing.assert_close(block(maps), whole, atol=1e-6, rtol=1e-5)


def test_every_weight_learns_and_the_input_is_left_alone():
    torch.manual_seed(0)
    network = AASIST(**TINY)
    waveform = noise(4, 1, 4000)
    before = waveform.clone()
    network(waveform).square().sum().backward()
    assert torch.equal(waveform, before)
    assert [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()] == []


def test_a_gradient_reaches_the_waveform():
    waveform = noise(1, 1, 4000).requires_grad_()
    AASIST(**TINY).eval()(waveform)[0, 1].backward()
    assert waveform.grad.abs().sum() > 0


def test_one_clip_at_a_time_in_any_order_is_as_a_batch():
    torch.manual_seed(0)
    network = settled(AASIST(**TINY), noise(4, 1, 4000))
    waveforms = noise(5, 1, 4000)
    order = torch.tensor([3, 0, 4, 1, 2])
    with torch.inference_mode():
        whole = network(waveforms)
        torch.testing.assert_close(network(waveforms[order]), whole[order], atol=1e-5, rtol=1e-5)
        alone = torch.cat([network(waveform[None]) for waveform in waveforms])
    torch.testing.assert_close(alone, whole, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("samples", [2315, 16_000, 33_333])
def test_other_lengths(samples):
    network = AASIST().eval()
    assert network.shortest_input_samples == 2315
    with torch.inference_mode():
        assert network(noise(1, 1, samples)).isfinite().all()


def test_padding_beyond_the_length_has_no_effect():
    torch.manual_seed(0)
    network = settled(AASIST(**TINY), noise(4, 1, 4000))
    waveforms, lengths = noise(4, 1, 5000), [5000, 3001, 4000, 3001]
    padded = waveforms.clone()
    for row, length in enumerate(lengths):
        padded[row, :, length:] = torch.nan
    with torch.inference_mode():
        alone = torch.cat([network(waveforms[row, None, :, :length]) for row, length in enumerate(lengths)])
        torch.testing.assert_close(network(padded, torch.tensor(lengths)), alone, atol=1e-5, rtol=1e-5)
    with pytest.raises(ValueError, match=r"found lengths \[5000, 5001\]"):
        network(noise(2, 1, 5000), torch.tensor([5000, 5001]))


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"found a waveform of 2314 samples, expected at least 2315 \(0\.145 s\)"):
        AASIST()(noise(1, 1, 2314))
    with pytest.raises(ValueError, match="AASIST reads raw audio"):
        AASIST(**TINY)(noise(2, 80, 400))
    with pytest.raises(ValueError, match="found 2 sinc filters"):
        AASIST(sinc_filters=2)
    with pytest.raises(ValueError, match="pooling ratio of 0"):
        AASIST(pooling_ratios=(0.0, 0.7, 0.5))


def test_graph_attention_is_the_formula_node_by_node():
    torch.manual_seed(0)
    nodes = noise(1, 5, 4)
    layer = settled(GraphAttention(4, 3, temperature=2.0), nodes)
    expected = []
    for node in nodes[0]:
        worth = [
            torch.tanh(layer.attention.project(node * other)) @ layer.attention.judges[0] / 2 for other in nodes[0]
        ]
        attention = torch.stack(worth).softmax(dim=0)
        seen = (attention * nodes[0]).sum(dim=0)
        expected.append(layer.update.of_others(seen) + layer.update.of_itself(node))
    expected = torch.selu(layer.norm(torch.stack(expected)))
    torch.testing.assert_close(layer(nodes)[0], expected, atol=1e-6, rtol=1e-5)


def test_stacking_attention_does_not_mind_the_order_of_nodes_and_shows_the_stack_node_to_none():
    torch.manual_seed(0)
    temporal, spectral, stack = noise(2, 6, 4), noise(2, 5, 4, seed=2), noise(1, 1, 4, seed=3)
    layer = settled(StackingGraphAttention(4, 3, temperature=100.0), temporal, spectral, stack)
    order = torch.tensor([2, 0, 5, 1, 4, 3])
    plain, turned = layer(temporal, spectral, stack), layer(temporal[:, order], spectral, stack)
    for was, became in zip((plain[0][:, order], *plain[1:]), turned, strict=True):
        torch.testing.assert_close(became, was)
    other = layer(temporal, spectral, stack + 1)
    assert torch.equal(other[0], plain[0])
    assert torch.equal(other[1], plain[1])
    assert not torch.allclose(other[2], plain[2])


def test_graph_pooling_keeps_the_best():
    pooling = GraphPooling(2, ratio=0.5).eval()
    with torch.no_grad():
        pooling.rate.weight.copy_(torch.tensor([[1.0, 0.0]]))
        pooling.rate.bias.zero_()
    nodes = torch.tensor([[[-1.0, 1.0], [3.0, 2.0], [0.0, 3.0], [1.0, 4.0], [-5.0, 5.0]]])
    rated = torch.sigmoid(torch.tensor([[3.0], [1.0]]))
    torch.testing.assert_close(pooling(nodes)[0], rated * nodes[0, [1, 3]])
    assert GraphPooling(2, ratio=0.1)(nodes).shape == (1, 1, 2)
