"""Every network trains with `deterministic=True`, on a GPU too, where PyTorch refuses operations that are not."""

import pytest
import torch
from torch.nn import functional

from lightning_modules.networks.aasist import AASIST
from lightning_modules.networks.cnn import SpectrogramCNN
from lightning_modules.networks.debug import DebugNetwork
from lightning_modules.networks.lcnn import LCNN, LCNNLSTM
from lightning_modules.networks.rawnet2 import RawNet2
from lightning_modules.networks.resnet import ResNet18


def losses(network, features, device):
    torch.manual_seed(0)
    network, features = network().to(device), features.to(device)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    labels = (torch.arange(len(features)) % 2).to(device)
    values = []
    for _ in range(3):
        optimiser.zero_grad()
        loss = functional.cross_entropy(network(features), labels)
        loss.backward()
        optimiser.step()
        values.append(loss.item())
    return values


@pytest.fixture
def deterministic(monkeypatch):
    """PyTorch as Lightning's `deterministic=True` sets it."""
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
@pytest.mark.parametrize(
    ("network", "shape"),
    [
        (lambda: SpectrogramCNN(channels=(4, 8)), (6, 80, 100)),
        (lambda: RawNet2(sinc_taps=251, sinc_stride=3, channels=(4, 6), gru_units=8, embedding=4), (6, 1, 4000)),
        (lambda: ResNet18(width=8), (6, 20, 40)),
        (lambda: LCNN(bins=20), (6, 20, 40)),
        (lambda: LCNNLSTM(bins=20), (6, 20, 40)),
        (DebugNetwork, (6, 20, 40)),
        (lambda: AASIST(sinc_filters=12, sinc_taps=33, channels=(4, 4, 6), graph_dimensions=5), (6, 1, 4000)),
    ],
    ids=["cnn", "rawnet2", "resnet18", "lcnn", "lcnn_lstm", "debug", "aasist"],
)
def test_same_seed_same_losses(deterministic, network, shape, device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    features = torch.randn(*shape, generator=torch.Generator().manual_seed(1))
    assert losses(network, features, device) == losses(network, features, device)
