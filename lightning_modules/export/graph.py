"""A detector in, one module out that makes waveforms scores, in operations that an export can write down."""

import copy
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from lightning_modules.detector import Detector
from lightning_modules.enhancement import Enhancement
from lightning_modules.export.form import RefusedError
from lightning_modules.export.recurrent import Recurrent
from lightning_modules.export.spectra import ConvolvedEnhancement, FoldedPower
from lightning_modules.frontends import Frontend
from lightning_modules.frontends.short_time import ShortTimeFrontend
from lightning_modules.networks.network import to_score
from lightning_modules.networks.pooling import StridedMaxima
from lightning_modules.networks.sinc import FOURIER_FROM_TAPS, SincFilterbank

Target = Literal["onnx", "torchscript"]


class Graph(nn.Module):
    """Enhancement > frontend > normalisation > network > score, for waveforms of one length.

    Args:
        detector: copied, and left as it is.
        target: what is to be made of it. ONNX has no fast Fourier transform, and wants recurrent layers whole;
            TorchScript has both.
        network_dtype: that the network computes in; what comes before it, and the score, are in single precision.
    """

    def __init__(self, detector: Detector, target: Target, network_dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.enhancement = copy.deepcopy(detector.enhancement)
        self.frontend = copy.deepcopy(detector.frontend)
        self.normalisation = copy.deepcopy(detector.normalisation)
        self.network = copy.deepcopy(detector.network)
        self.eval().requires_grad_(requires_grad=False)
        if target == "onnx":
            _replace(self, Enhancement, ConvolvedEnhancement)
            _replace(self, nn.RNNBase, Recurrent)
            for module in self.modules():
                if isinstance(module, ShortTimeFrontend):
                    module.transform = FoldedPower(module)
        else:
            _replace(self, SincFilterbank, _fast_on_a_cpu)
        self.reads = network_dtype
        if network_dtype != torch.float32:
            self._narrow(network_dtype)
            if target == "torchscript":
                _replace(self.network, nn.MaxPool2d, _fast_in_16_bits)

    def _narrow(self, dtype: torch.dtype) -> None:
        """Let the network compute in another precision, but for what reads the waveform."""
        if any(isinstance(module, Frontend) for module in self.network.modules()):
            raise RefusedError("a fusion's members have frontends of their own, which need single precision")
        if any(isinstance(module, SincFilterbank | FourierSinc) for module in self.network.modules()):
            self.reads = torch.float32
        _narrow(self.network, dtype)

    def features(self, waveform: Tensor) -> Tensor:
        """Turn waveforms ``(batch, samples)`` into what the network reads, ``(batch, bins, frames)``."""
        if self.enhancement is not None:
            waveform = self.enhancement(waveform)
        normalised: Tensor = self.normalisation(self.frontend(waveform).float())
        return normalised

    def forward(self, waveform: Tensor) -> Tensor:
        """Score waveforms ``(batch, samples)`` in [-1, 1]: log-likelihood ratios ``(batch,)``."""
        return to_score(self.network(self.features(waveform).to(self.reads)).float())


class InSingle(nn.Module):
    """Filters that read a waveform in single precision, in a network that is not: rounded to 8 bits it is noise.

    Args:
        bank: the filters.
        dtype: of what they put out.
    """

    def __init__(self, bank: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.bank = bank
        self.dtype = dtype

    def forward(self, waveform: Tensor) -> Tensor:
        """Filter ``(batch, 1, samples)``."""
        filtered: Tensor = self.bank(waveform)
        return filtered.to(self.dtype)

    def outputs(self, lengths: Tensor | None) -> Tensor | None:
        """How many outputs waveforms of these many samples have; only whole waveforms are exported."""
        return lengths


class FourierSinc(nn.Module):
    """A bank of long filters by the Fourier transform, also where it is recorded, then for waveforms of one length."""

    def __init__(self, bank: SincFilterbank) -> None:
        super().__init__()
        self.bank = bank

    def forward(self, waveform: Tensor) -> Tensor:
        """Filter ``(batch, 1, samples)``."""
        return self.bank.by_fourier_transform(waveform)

    def outputs(self, lengths: Tensor | None) -> Tensor | None:
        """How many outputs waveforms of these many samples have; only whole waveforms are exported."""
        return lengths


def _fast_on_a_cpu(bank: SincFilterbank) -> nn.Module:
    return FourierSinc(bank) if bank.taps >= FOURIER_FROM_TAPS and bank.stride == 1 else bank


def _fast_in_16_bits(pool: nn.MaxPool2d) -> nn.Module:
    size = pool.kernel_size
    plain = pool.stride == size and pool.padding == 0 and pool.dilation == 1 and not pool.ceil_mode
    return StridedMaxima(size) if plain and isinstance(size, int) else pool


def _narrow(root: nn.Module, dtype: torch.dtype) -> None:
    for name, child in root.named_children():
        if isinstance(child, SincFilterbank | FourierSinc):
            setattr(root, name, InSingle(child, dtype))
        else:
            _narrow(child, dtype)
    for owned in (*root.parameters(recurse=False), *root.buffers(recurse=False)):
        if owned.is_floating_point():
            owned.data = owned.data.to(dtype)


def _replace(root: nn.Module, kind: type[nn.Module], by: Callable[..., nn.Module]) -> None:
    """Put something else in the place of every module of a kind."""
    for name, child in root.named_children():
        if isinstance(child, kind):
            setattr(root, name, by(child))
        else:
            _replace(child, kind, by)
