"""In every network, what lies beyond an example's length has no effect whatever it holds."""

import importlib
import pkgutil

import pytest
import torch

from lightning_modules import networks
from lightning_modules.detector import Detector
from lightning_modules.frontends import LogMel, Waveform
from lightning_modules.fusing import member_description
from lightning_modules.networks.aasist import AASIST
from lightning_modules.networks.cnn import SpectrogramCNN
from lightning_modules.networks.debug import DebugNetwork
from lightning_modules.networks.fusion import Fusion, MemberDescription
from lightning_modules.networks.lcnn import LCNN, LCNNLSTM
from lightning_modules.networks.network import Network
from lightning_modules.networks.rawnet2 import RawNet2
from lightning_modules.networks.resnet import ResNet18

SPECTROGRAM, SPECTROGRAM_LENGTHS = (40, 100), [100, 57, 16, 33, 64, 91]
WAVEFORM, WAVEFORM_LENGTHS = (1, 9000), [9000, 8003, 4001, 6000, 5003, 7777]
SMALL = {"sinc_filters": 6, "channels": (6, 8, 8), "gru_units": 7, "gru_layers": 2, "embedding": 5}


def of_both_kinds() -> list[MemberDescription]:
    """Members that read spectrograms and waveforms."""
    spectral = Detector(LogMel(n_mels=40), SpectrogramCNN(channels=(4, 8, 8)))
    return [
        member_description(spectral),
        member_description(Detector(Waveform(), RawNet2(**SMALL, sinc_taps=33, sinc_stride=3))),
    ]


EXAMPLES = {
    "cnn": (lambda: SpectrogramCNN(channels=(4, 8, 8)), SPECTROGRAM, SPECTROGRAM_LENGTHS),
    "resnet18": (lambda: ResNet18(width=8, reduction=4), SPECTROGRAM, [100, 57, 1, 33, 64, 91]),
    "lcnn": (lambda: LCNN(bins=40), SPECTROGRAM, SPECTROGRAM_LENGTHS),
    "lcnn_lstm": (lambda: LCNNLSTM(bins=40), SPECTROGRAM, SPECTROGRAM_LENGTHS),
    "debug": (DebugNetwork, SPECTROGRAM, [100, 57, 1, 33, 64, 91]),
    "debug, waveforms": (DebugNetwork, WAVEFORM, WAVEFORM_LENGTHS),
    "rawnet2": (lambda: RawNet2(**SMALL, sinc_taps=1025), WAVEFORM, WAVEFORM_LENGTHS),
    "rawnet2, strided": (lambda: RawNet2(**SMALL, sinc_taps=33, sinc_stride=3), WAVEFORM, WAVEFORM_LENGTHS),
    "aasist": (
        lambda: AASIST(sinc_filters=12, sinc_taps=33, channels=(4, 4, 6), graph_dimensions=5),
        WAVEFORM,
        WAVEFORM_LENGTHS,
    ),
    "fusion": (lambda: Fusion(of_both_kinds()), WAVEFORM, WAVEFORM_LENGTHS),
    "rawnet2, 2021": (lambda: RawNet2(**SMALL, sinc_taps=33, legacy_2021=True), WAVEFORM, WAVEFORM_LENGTHS),
}


def settled(make, features) -> Network:
    """A network whose normalisations have learnt something, for evaluation."""
    torch.manual_seed(0)
    network = make()
    for weight in network.parameters():
        weight.add_(0.2 * torch.randn_like(weight) * (weight.dim() == 1))  # scales and offsets too
    for _ in range(3):
        network(features)
    return network.eval()


def test_every_network_is_held_to_it():
    for module in pkgutil.iter_modules(networks.__path__):
        importlib.import_module(f"{networks.__name__}.{module.name}")
    shipped = {cls for cls in Network.__subclasses__() if cls.__module__.startswith(networks.__name__)}
    assert shipped == {type(make()) for make, _, _ in EXAMPLES.values()}


@pytest.mark.parametrize("name", EXAMPLES)
@torch.no_grad()
def test_padding_has_no_effect(name):
    make, shape, of_each = EXAMPLES[name]
    lengths = torch.tensor(of_each)
    features = torch.randn(len(lengths), *shape, generator=torch.Generator().manual_seed(1))
    network = settled(make, features)
    alone = torch.cat([network(features[row : row + 1, :, :length]) for row, length in enumerate(of_each)])
    for padding in (0.0, 100.0, torch.nan):
        padded = features.clone()
        for example, length in zip(padded, of_each, strict=True):
            example[:, length:] = padding
        heard = network(padded)
        torch.testing.assert_close(heard[0], alone[0], atol=1e-5, rtol=1e-5)
        assert not torch.isclose(heard[1:], alone[1:], atol=1e-4).all(dim=1).any()  # without lengths, all would change
        torch.testing.assert_close(network(padded, lengths), alone, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(
            network.embed(padded, lengths)[2], network.embed(features[2:3, :, : of_each[2]])[0], atol=1e-5, rtol=1e-5
        )


@pytest.mark.parametrize("name", EXAMPLES)
def test_gradients_reach_all_that_is_valid_and_no_padding(name):
    make, shape, of_each = EXAMPLES[name]
    torch.manual_seed(0)
    features = torch.randn(len(of_each), *shape, requires_grad=True)
    network = make()
    network(features, torch.tensor(of_each)).square().sum().backward()
    assert all(weight.grad.isfinite().all() for weight in network.parameters() if weight.grad is not None)
    for gradient, length in zip(features.grad, of_each, strict=True):
        assert gradient[:, :length].any()
        assert not gradient[:, length:].any()


@pytest.mark.parametrize("name", EXAMPLES)
def test_lengths_that_cannot_be_are_refused(name):
    make, shape, of_each = EXAMPLES[name]
    with pytest.raises(ValueError, match="found lengths"):
        make().eval()(torch.zeros(2, *shape), torch.tensor([of_each[0], shape[1] + 1]))
