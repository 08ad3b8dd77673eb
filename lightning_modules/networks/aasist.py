"""Raw waveforms ``(batch, 1, samples)`` in, logits ``(batch, 2)`` out: AASIST (Jung et al. 2022)."""

from collections.abc import Mapping
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from lightning_modules.lengths import by_length, fewest
from lightning_modules.networks.aasist_encoder import POOLING, ResidualBlock
from lightning_modules.networks.clips import clip_by_clip
from lightning_modules.networks.graph_attention import GraphAttention, GraphPooling, StackingGraphAttention
from lightning_modules.networks.network import Network
from lightning_modules.networks.pooling import time_maxima
from lightning_modules.networks.sinc import SincFilterbank

BRANCH_DROPOUT = 0.2
READOUTS = 5  # maximum and mean of either kind of node, and the stack node

Value = TypeVar("Value")


class AASIST(Network):
    """SincFilters > 2-D residual blocks > spectral and temporal graphs > two heterogeneous branches > linear.

    As in J. Jung, H.-S. Heo, H. Tak, H. Shim, J. S. Chung, B.-J. Lee, H.-J. Yu and N. Evans, "AASIST: Audio
    anti-spoofing using integrated spectro-temporal graph attention networks", ICASSP 2022. The sinc outputs are seen as
    a picture of bands over time. Its maxima over time are the nodes of a graph of bands, those over bands the nodes of
    a graph of frames; two branches then let both graphs look at one another, and each node of the result is the larger
    of the branches' two. The defaults are the published size, trained on 64,600 samples at 16 kHz; AASIST-L is
    ``channels=(32, 32, 24, 24, 24, 24), pooling_ratios=(0.4, 0.5, 0.7)``.

    Cost for 4 s, 64,000 samples: 297,866 parameters, 9,473 million MACs; AASIST-L 85,306 parameters,
    6,542 million MACs.

    Args:
        sample_rate_hz: Sampling rate of the waveforms.
        sinc_filters: Band-pass filters of the first layer, fixed, equally wide in mel; each three become one band.
        sinc_taps: Their length, odd.
        channels: Output channels of each residual block; every block divides time by three. The last is the dimension
            of the nodes of the first two graphs.
        graph_dimensions: Dimensions of the nodes of the branches.
        pooling_ratios: Share of the nodes that is kept: of bands, of frames, and of both in the branches.
        temperatures: Of the attention among bands, among frames, and in the branches.
        dropout: Probability of dropping a dimension of the embedding, in training.
        legacy_2022: Compute the blocks as the published code does, where the first normalisation and activation have
            no effect because the convolution reads the block's input; only for weights trained that way.
    """

    def __init__(
        self,
        sample_rate_hz: int = 16_000,
        sinc_filters: int = 70,
        sinc_taps: int = 129,
        channels: tuple[int, ...] = (32, 32, 64, 64, 64, 64),
        graph_dimensions: int = 32,
        pooling_ratios: tuple[float, float, float] = (0.5, 0.7, 0.5),
        temperatures: tuple[float, float, float] = (2.0, 2.0, 100.0),
        dropout: float = 0.5,
        legacy_2022: bool = False,
    ) -> None:
        super().__init__()
        if not channels or sinc_filters < POOLING:
            raise ValueError(
                f"found {sinc_filters} sinc filters and channels={channels}, expected at least {POOLING} filters, "
                "which are pooled into a band, and one block"
            )
        self.sample_rate_hz = sample_rate_hz
        self.sinc_filters = sinc_filters
        self.sinc_taps = sinc_taps
        self.channels = tuple(channels)
        self.graph_dimensions = graph_dimensions
        self.pooling_ratios = tuple(pooling_ratios)
        self.temperatures = tuple(temperatures)
        self.dropout = dropout
        self.legacy_2022 = legacy_2022

        (of_bands, of_frames, of_both), (even_bands, even_frames, even_both) = self.pooling_ratios, self.temperatures
        nodes = self.channels[-1]
        self.sinc = SincFilterbank(sinc_filters, sinc_taps, sample_rate_hz)
        self.first_norm = nn.BatchNorm2d(1)
        self.blocks = nn.Sequential(
            *(
                ResidualBlock(inputs, outputs, first=index == 0, legacy_2022=legacy_2022)
                for index, (inputs, outputs) in enumerate(pairwise((1, *self.channels)))
            )
        )
        self.band_position = nn.Parameter(torch.randn(1, sinc_filters // POOLING, nodes))
        self.spectral = nn.Sequential(GraphAttention(nodes, nodes, even_bands), GraphPooling(nodes, of_bands))
        self.temporal = nn.Sequential(GraphAttention(nodes, nodes, even_frames), GraphPooling(nodes, of_frames))
        self.branches = nn.ModuleList(Branch(nodes, graph_dimensions, of_both, even_both) for _ in range(2))
        self.drop = nn.Dropout(dropout)
        self.embedding = READOUTS * graph_dimensions
        self.classifier = nn.Linear(self.embedding, 2)
        # A training step took 0.85 of the time: the channels of one point lie side by side.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def shortest_input_samples(self) -> int:
        """Samples that all the poolings leave one frame of: 2,315 for the published sizes."""
        return self.sinc_taps + POOLING ** (1 + len(self.channels)) - 1

    def embed(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Turn waveforms ``(batch, 1, samples)`` into ``(batch, 5 * graph_dimensions)``.

        Args:
            features: Waveforms, of equal length or padded to it.
            lengths: Valid samples of each, int64 ``(batch,)``; all of them when not given. What lies beyond has no
                effect: waveforms of each length go through apart.

        Raises:
            ValueError: If the input is not a waveform, too short for the poolings, or shorter than its length.
        """
        if lengths is not None:
            fewest(features, lengths)
            return torch.stack(by_length(self.embed, features, lengths))
        self._require_waveforms(features)
        picture = clip_by_clip(self._picture, features)
        maps = self.blocks(functional.selu(self.first_norm(picture))).abs()
        spectral = self.spectral(maps.amax(dim=3).transpose(1, 2) + self.band_position)
        temporal = self.temporal(maps.amax(dim=2).transpose(1, 2))
        branches = (branch(temporal, spectral) for branch in self.branches)
        temporal, spectral, stack = (torch.maximum(*both) for both in zip(*branches, strict=True))
        readout = [value for nodes in (temporal, spectral) for value in (nodes.abs().amax(dim=1), nodes.mean(dim=1))]
        return torch.cat((*readout, stack.squeeze(1)), dim=1)

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Turn waveforms ``(batch, 1, samples)`` into logits ``(batch, 2)``."""
        logits: Tensor = self.classifier(self.drop(self.embed(features, lengths)))
        return logits

    def _picture(self, waveforms: Tensor) -> Tensor:
        """What the filters put out, its maxima of three by three filters and samples: ``(batch, 1, bands, frames)``."""
        filtered = self.sinc(waveforms).abs()[:, : self.sinc_filters // POOLING * POOLING]
        return time_maxima(filtered.unflatten(1, (-1, POOLING)).amax(dim=2), POOLING).unsqueeze(1)

    def _require_waveforms(self, features: Tensor) -> None:
        if features.shape[1:-1] != (1,):
            raise ValueError(
                f"found input of shape {tuple(features.shape)}, expected waveforms (batch, 1, samples): AASIST reads "
                "raw audio, so configure the frontend lightning_modules.frontends.Waveform and no normalisation of bins"
            )
        if features.shape[2] < self.shortest_input_samples:
            raise ValueError(
                f"found a waveform of {features.shape[2]} samples, expected at least {self.shortest_input_samples} "
                f"({self.shortest_input_samples / self.sample_rate_hz:.3f} s): tile the clip to the training length"
            )


class Branch(nn.Module):
    """Two layers of attention among frames and bands, nodes pooled between them, the second added to the first.

    Args:
        inputs: Dimensions of the nodes that come in.
        outputs: Of those that go out.
        ratio: Share of the nodes that is kept.
        temperature: Of the attention.
    """

    def __init__(self, inputs: int, outputs: int, ratio: float, temperature: float) -> None:
        super().__init__()
        self.stack = nn.Parameter(torch.randn(1, 1, inputs))
        self.first = StackingGraphAttention(inputs, outputs, temperature)
        self.pool_temporal = GraphPooling(outputs, ratio)
        self.pool_spectral = GraphPooling(outputs, ratio)
        self.second = StackingGraphAttention(outputs, outputs, temperature)
        self.drop = nn.Dropout(BRANCH_DROPOUT)

    def forward(self, temporal: Tensor, spectral: Tensor) -> list[Tensor]:
        """Turn nodes ``(batch, nodes, inputs)`` of both kinds into fewer of outputs, and the stack node's one."""
        temporal, spectral, stack = self.first(temporal, spectral, self.stack)
        nodes = self.pool_temporal(temporal), self.pool_spectral(spectral), stack
        return [self.drop(node + more) for node, more in zip(nodes, self.second(*nodes), strict=True)]


_PUBLISHED_NAMES = {
    "pos_S": "band_position",
    "first_bn": "first_norm",
    "encoder": "blocks",
    "GAT_layer_S": "spectral.0",
    "pool_S": "spectral.1",
    "GAT_layer_T": "temporal.0",
    "pool_T": "temporal.1",
    "master1": "branches.0.stack",
    "HtrgGAT_layer_ST11": "branches.0.first",
    "pool_hS1": "branches.0.pool_spectral",
    "pool_hT1": "branches.0.pool_temporal",
    "HtrgGAT_layer_ST12": "branches.0.second",
    "master2": "branches.1.stack",
    "HtrgGAT_layer_ST21": "branches.1.first",
    "pool_hS2": "branches.1.pool_spectral",
    "pool_hT2": "branches.1.pool_temporal",
    "HtrgGAT_layer_ST22": "branches.1.second",
    "out_layer": "classifier",
    "bn": "norm",
    "bn1": "norm1",
    "bn2": "norm2",
    "conv_downsample": "shortcut",
    "proj": "rate",
    "att_proj": "attention.project",
    "att_weight": "attention.judges.0",
    "att_weight11": "attention.judges.0",
    "att_weight22": "attention.judges.1",
    "att_weight12": "attention.judges.2",
    "proj_with_att": "update.of_others",
    "proj_without_att": "update.of_itself",
    "proj_type1": "align_temporal",
    "proj_type2": "align_spectral",
    "att_projM": "stack_attention.project",
    "att_weightM": "stack_attention.judges.0",
    "proj_with_attM": "stack_update.of_others",
    "proj_without_attM": "stack_update.of_itself",
}


def rename_published_weights(state: Mapping[str, Value]) -> dict[str, Value]:
    """Rename the state dict of a published AASIST or AASIST-L to the names of :class:`AASIST`.

    Args:
        state: Weights with the published names, such as ``encoder.2.0.conv_downsample.weight``.

    Returns:
        The same tensors under our names; load them with ``load_state_dict`` into a network with ``legacy_2022=True``.
    """
    return {_renamed(name): weight for name, weight in state.items()}


def _renamed(name: str) -> str:
    head, *rest = name.removeprefix("module.").split(".")
    if head == "encoder" and rest[1:2] == ["0"]:
        del rest[1]  # each block is in a sequence of its own
    return ".".join(_PUBLISHED_NAMES.get(part, part) for part in (head, *rest))
