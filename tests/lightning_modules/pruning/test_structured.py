"""Channels that say nothing go without a trace; others leave a network that is really smaller."""

import pytest
import torch

from lightning_modules.classifiers import CosineClassifier
from lightning_modules.cost import cost
from lightning_modules.networks.cnn import SpectrogramCNN
from lightning_modules.networks.lcnn import LCNN
from lightning_modules.networks.network import rebuild
from lightning_modules.networks.rawnet2 import RawNet2
from lightning_modules.pruning.structured import layer_widths, prune_channels
from lightning_modules.specifications import describe

GATES = 3


def cnn() -> SpectrogramCNN:
    torch.manual_seed(0)
    return SpectrogramCNN(channels=(8, 12), embedding=6)


def rawnet2(**arguments) -> RawNet2:
    torch.manual_seed(0)
    small = {"sinc_filters": 8, "sinc_taps": 65, "sinc_stride": 3, "channels": (8, 8, 12), "embedding": 6}
    return RawNet2(**small, gru_units=10, gru_layers=2, **arguments)


def batch(network):
    shape = (3, 1, 6000) if isinstance(network, RawNet2) else (3, 40, 60)
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def settle(network):
    """Give batch normalisation statistics of its own, then stop."""
    with torch.no_grad():
        network.train()(batch(network))
    return network.eval()


@torch.no_grad()
def silence(network, kept) -> None:
    """Have all channels but the kept say nothing."""
    if isinstance(network, SpectrogramCNN):
        norms = [block.norm for block in network.blocks]
    else:
        norms = [block.norm2 for block in network.blocks]
        for layer, channels in enumerate(kept[len(norms) :]):
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                candidate = getattr(network.gru, f"{name}_l{layer}").chunk(GATES)[-1]
                candidate[[unit for unit in range(network.gru_units) if unit not in channels]] = 0.0
    for norm, channels in zip(norms, kept, strict=False):
        gone = [channel for channel in range(norm.num_features) if channel not in channels]
        norm.weight[gone] = 0.0
        norm.bias[gone] = 0.0


CASES = {
    "cnn": (cnn, [[0, 3, 6], [1, 2, 5, 7, 11]]),
    "rawnet2": (rawnet2, [[1, 2], [0, 7], [2, 3, 8, 9, 11], [0, 4, 5], [1, 2, 9]]),
    "rawnet2 of 2021": (lambda: rawnet2(legacy_2021=True), [[1], [0, 7], [2, 3], [4], [9]]),
}


@pytest.mark.parametrize("case", CASES)
def test_a_network_without_its_silent_channels_gives_the_same_numbers(case):
    make, kept = CASES[case]
    network = settle(make())
    silence(network, kept)
    narrow = prune_channels(network, [len(channels) for channels in kept])
    with torch.no_grad():
        torch.testing.assert_close(narrow(batch(network)), network(batch(network)), atol=1e-6, rtol=1e-6)
    assert layer_widths(narrow) == [len(channels) for channels in kept]
    before, after = (cost(each, batch(network)) for each in (network, narrow))
    assert after.parameters.total < before.parameters.total
    assert after.macs < before.macs
    assert not narrow.training


@pytest.mark.parametrize("case", CASES)
def test_what_is_left_is_described_as_it_is(case):
    make, kept = CASES[case]
    network = make()
    narrow = prune_channels(network, [len(channels) for channels in kept])
    again = rebuild(describe(narrow), None)
    again.load_state_dict(narrow.state_dict())
    assert layer_widths(again) == [len(channels) for channels in kept]
    assert layer_widths(network) == layer_widths(make())


def test_keeping_all_changes_nothing():
    for network in (settle(cnn()), settle(rawnet2())):
        same = prune_channels(network, layer_widths(network), "filter")
        with torch.no_grad():
            torch.testing.assert_close(same(batch(network)), network(batch(network)), atol=0, rtol=0)


def test_importance_is_of_the_scale_or_of_the_filter():
    network = cnn()
    with torch.no_grad():
        network.blocks[0].norm.weight.copy_(torch.arange(8.0))
        network.blocks[0].conv.weight.copy_(torch.arange(8.0, 0.0, -1.0).view(8, 1, 1, 1).expand(8, 1, 3, 3))
    by_scale, by_filter = (prune_channels(network, [3, 12], by) for by in ("scale", "filter"))
    assert by_scale.blocks[0].norm.weight.tolist() == [5.0, 6.0, 7.0]
    assert by_filter.blocks[0].norm.weight.tolist() == [0.0, 1.0, 2.0]


def test_a_classifier_of_a_loss_stays():
    network = cnn()
    network.classifier = CosineClassifier(6, 20.0)
    narrow = prune_channels(network.eval(), [4, 6])
    torch.testing.assert_close(narrow.classifier.prototypes, network.classifier.prototypes)
    assert narrow.classifier.scale == 20.0


def test_what_cannot_be_pruned_is_refused():
    with pytest.raises(ValueError, match="found LCNN, expected SpectrogramCNN or RawNet2"):
        layer_widths(LCNN())
    for widths in ([0, 4], [9, 4], [4], [4, 4, 4]):
        with pytest.raises(ValueError, match=r"one for each of \[8, 12\]"):
            prune_channels(cnn(), widths)
    with pytest.raises(ValueError, match="importance 'random'"):
        prune_channels(cnn(), [4, 4], "random")
    with pytest.raises(ValueError, match="inner_channels of 2 blocks"):
        rawnet2(inner_channels=(4, 4))
