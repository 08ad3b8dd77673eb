"""Raw waveforms ``(batch, 1, samples)`` in, logits ``(batch, 2)`` out: RawNet2 for anti-spoofing (Tak et al. 2021)."""

from collections.abc import Mapping
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from lightning_modules.lengths import cleared, divided, fewest, mean
from lightning_modules.networks.clips import clip_by_clip
from lightning_modules.networks.convolution import ChannelsLastConv1d
from lightning_modules.networks.network import Network
from lightning_modules.networks.pooling import time_maxima
from lightning_modules.networks.sinc import Scale, SincFilterbank

POOLING = 3  # of the sinc outputs and of every block
LEAK = 0.3

Value = TypeVar("Value")


class RawNet2(Network):
    """SincFilters > residual blocks with feature-map scaling > GRU > linear > classifier.

    As in H. Tak, J. Patino, M. Todisco, A. Nautsch, N. Evans and A. Larcher, "End-to-end anti-spoofing with RawNet2",
    ICASSP 2021. The defaults are the size of the ASVspoof 2021 and ASVspoof 5 baselines (17,621,410 parameters);
    ``sinc_filters=128, sinc_taps=129, channels=(128, 128, 512, 512, 512, 512)`` is the size of 2019 (25,433,602). Both
    were trained on 64,600 samples at 16 kHz. What differs from the published code, and not in the numbers: the sinc
    filters are built once, and the logits are not put through a log-softmax, so the score is a difference of logits.

    Cost for 4 s, 64,000 samples: 17,621,410 parameters, 2,060 million MACs, of which 1,291 are the sinc filters where
    they are applied as a convolution; in the size of 2019 25,433,602 parameters, 8,617 million MACs.

    Args:
        sample_rate_hz: Sampling rate of the waveforms.
        sinc_filters: Band-pass filters of the first layer, fixed.
        sinc_taps: Their length, odd.
        sinc_scale: Scale on which their bands are equally wide.
        sinc_stride: Samples from filter output to filter output; 1 as published.
        channels: Output channels of each residual block; every block divides the length by three.
        gru_units: Hidden units of each recurrent layer.
        gru_layers: Recurrent layers.
        embedding: Dimensions of the linear layer, which has no activation.
        legacy_2021: Compute the blocks as the 2021 baseline does, where the first normalisation and activation have no
            effect because the convolution reads the block's input; only for weights trained that way.
        inner_channels: Channels between the two convolutions of each block; as many as its output has, as published,
            when not given. Pruning leaves fewer.
    """

    def __init__(
        self,
        sample_rate_hz: int = 16_000,
        sinc_filters: int = 20,
        sinc_taps: int = 1025,
        sinc_scale: Scale = "mel",
        sinc_stride: int = 1,
        channels: tuple[int, ...] = (20, 20, 128, 128, 128, 128),
        gru_units: int = 1024,
        gru_layers: int = 3,
        embedding: int = 1024,
        legacy_2021: bool = False,
        inner_channels: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        inner = tuple(channels if inner_channels is None else inner_channels)
        if len(inner) != len(channels):
            raise ValueError(f"found inner_channels of {len(inner)} blocks, expected one of each of {len(channels)}")
        self.sample_rate_hz = sample_rate_hz
        self.sinc_filters = sinc_filters
        self.sinc_taps = sinc_taps
        self.sinc_scale = sinc_scale
        self.sinc_stride = sinc_stride
        self.channels = tuple(channels)
        self.gru_units = gru_units
        self.gru_layers = gru_layers
        self.embedding = embedding
        self.legacy_2021 = legacy_2021
        self.inner_channels = None if inner_channels is None else inner

        self.sinc = SincFilterbank(sinc_filters, sinc_taps, sample_rate_hz, sinc_scale, sinc_stride)
        self.first_norm = nn.BatchNorm1d(sinc_filters)
        widths = (sinc_filters, *self.channels)
        self.blocks = nn.Sequential(
            *(
                ResidualBlock(inputs, inner[index], outputs, first=index == 0, legacy_2021=legacy_2021)
                for index, (inputs, outputs) in enumerate(pairwise(widths))
            )
        )
        self.last_norm = nn.BatchNorm1d(widths[-1])
        self.gru = nn.GRU(widths[-1], gru_units, gru_layers, batch_first=True)
        self.project = nn.Linear(gru_units, embedding)
        self.classifier = nn.Linear(embedding, 2)

    @property
    def shortest_input_samples(self) -> int:
        """Samples that all the poolings leave one frame of: 3,211 for the published 2021 size."""
        return self.sinc_taps + self.sinc_stride * (POOLING ** (1 + len(self.channels)) - 1)

    def embed(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Turn waveforms ``(batch, 1, samples)`` into ``(batch, embedding)``.

        Raises:
            ValueError: If the input is not a waveform, or too short for the poolings.
        """
        if features.shape[1:-1] != (1,):
            raise ValueError(
                f"found input of shape {tuple(features.shape)}, expected waveforms (batch, 1, samples): RawNet2 reads "
                "raw audio, so configure the frontend lightning_modules.frontends.Waveform and no normalisation of bins"
            )
        samples = fewest(features, lengths)
        if samples < self.shortest_input_samples:
            raise ValueError(
                f"found a waveform of {samples} samples, expected at least {self.shortest_input_samples} "
                f"({self.shortest_input_samples / self.sample_rate_hz:.3f} s): tile the clip to the training length"
            )
        if self.training or lengths is not None:
            maps, lengths = self._maps(features, lengths)
        else:
            maps = clip_by_clip(lambda clips: self._maps(clips, None)[0], features)
        steps, _ = self.gru(functional.selu(self.last_norm(maps)).transpose(1, 2))
        # The recurrence runs forwards, so the last valid step knows nothing of what follows it.
        last = steps[:, -1] if lengths is None else steps[torch.arange(len(steps), device=steps.device), lengths - 1]
        embedded: Tensor = self.project(last)
        return embedded

    def _maps(self, waveforms: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """What the convolutions make of waveforms: ``(batch, channels, frames)``, and how many frames are valid."""
        maps = clip_by_clip(self._filtered, cleared(waveforms, lengths))
        lengths = divided(self.sinc.outputs(lengths), POOLING)
        maps = functional.selu(self.first_norm(maps))
        for block in self.blocks:
            maps = block(maps, lengths)
            lengths = divided(lengths, POOLING)
        return maps, lengths

    def _filtered(self, waveforms: Tensor) -> Tensor:
        """The magnitudes of the sinc outputs, pooled."""
        return time_maxima(self.sinc(waveforms).abs(), POOLING)


class ResidualBlock(nn.Module):
    """Pre-activated residual block, pooling by three, then feature-map scaling."""

    def __init__(self, inputs: int, inner: int, outputs: int, *, first: bool, legacy_2021: bool) -> None:
        super().__init__()
        self.legacy_2021 = legacy_2021
        self.norm1 = None if first else nn.BatchNorm1d(inputs)  # its input has just been normalised and activated
        self.conv1 = ChannelsLastConv1d(inputs, inner, kernel_size=3, padding=1)
        self.norm2 = nn.BatchNorm1d(inner)
        self.conv2 = ChannelsLastConv1d(inner, outputs, kernel_size=3, padding=1)
        self.shortcut = nn.Identity() if inputs == outputs else ChannelsLastConv1d(inputs, outputs, kernel_size=1)
        self.scaling = FeatureMapScaling(outputs)

    def forward(self, maps: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Turn ``(batch, inputs, frames)`` into ``(batch, outputs, frames // 3)``."""
        inner = maps
        if self.norm1 is not None and not self.legacy_2021:
            inner = functional.leaky_relu(self.norm1(maps), LEAK)
        inner = functional.leaky_relu(self.norm2(self.conv1(cleared(inner, lengths))), LEAK)
        inner = self.conv2(cleared(inner, lengths)) + self.shortcut(maps)
        scaled: Tensor = self.scaling(time_maxima(inner, POOLING), divided(lengths, POOLING))
        return scaled


class FeatureMapScaling(nn.Module):
    """Scale and shift every channel by one weight in (0, 1) that is computed from the means of all channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, channels)

    def forward(self, maps: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Keep the shape ``(batch, channels, frames)``."""
        weight = torch.sigmoid(self.linear(mean(maps, lengths))).unsqueeze(-1)
        return maps * weight + weight


_PUBLISHED_NAMES = {
    "first_bn": "first_norm",
    "bn_before_gru": "last_norm",
    "fc1_gru": "project",
    "fc2_gru": "classifier",
    "bn1": "norm1",
    "bn2": "norm2",
    "conv_downsample": "shortcut",
}


def rename_published_weights(state: Mapping[str, Value]) -> dict[str, Value]:
    """Rename the state dict of a published RawNet2 (2019, 2021, ASVspoof 5) to the names of :class:`RawNet2`.

    Args:
        state: Weights with the published names, such as ``block2.0.conv_downsample.weight``.

    Returns:
        The same tensors under our names; load them with ``load_state_dict``. Weights of the 2021 baseline need
        ``legacy_2021=True``.
    """
    return {_renamed(name): weight for name, weight in state.items()}


def _renamed(name: str) -> str:
    head, *rest = name.removeprefix("module.").split(".")
    if head.startswith("fc_attention"):
        return ".".join(("blocks", head.removeprefix("fc_attention"), "scaling", "linear", rest[-1]))
    if head.startswith("block"):
        inner = (_PUBLISHED_NAMES.get(part, part) for part in rest[1:])
        return ".".join(("blocks", head.removeprefix("block"), *inner))
    return ".".join((_PUBLISHED_NAMES.get(head, head), *rest))
