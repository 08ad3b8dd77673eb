"""A module described in plain values comes back the same."""

import json

import pytest
from torch import nn

from lightning_modules.frontends import Frontend, LogMel, Waveform
from lightning_modules.networks.cnn import SpectrogramCNN
from lightning_modules.networks.network import Network
from lightning_modules.networks.rawnet2 import RawNet2
from lightning_modules.specifications import Specifications, build, describe

SMALL_RAWNET2 = {"sinc_filters": 4, "sinc_taps": 9, "channels": (4, 4, 8, 8, 8, 8), "gru_units": 8, "embedding": 8}


@pytest.mark.parametrize(
    ("module", "base"),
    [
        (LogMel(n_mels=40, window_ms=20.0), Frontend),
        (Waveform(8000), Frontend),
        (SpectrogramCNN(channels=(4, 8), dropout=0.3), Network),
        (RawNet2(**SMALL_RAWNET2), Network),
    ],
)
def test_round_trip_through_json(module, base):
    again = build(json.loads(json.dumps(describe(module))), base)
    assert type(again) is type(module)
    assert describe(again) == describe(module)
    assert {name: tensor.shape for name, tensor in again.state_dict().items()} == {
        name: tensor.shape for name, tensor in module.state_dict().items()
    }


@pytest.mark.parametrize("path", ["os.system", "torch.nn.Linear", "nowhere", "lightning_modules.networks.cnn.Nothing"])
def test_a_path_to_something_else_is_refused(path):
    with pytest.raises(TypeError, match="cannot be trusted"):
        build({"class_path": path, "init_args": {}}, Network)


def test_a_module_that_forgets_an_argument_is_an_error():
    class Forgetful(nn.Module):
        def __init__(self, size: int) -> None:
            super().__init__()

    with pytest.raises(TypeError, match="size"):
        describe(Forgetful(3))


def test_another_format_is_refused():
    with pytest.raises(ValueError, match="format 99"):
        Specifications.from_dict({"format_version": 99})
