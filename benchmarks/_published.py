"""Waveforms in, logits out: RawNet2 (2021) and AASIST built as published, plainly; what ours are measured against.

Written from the papers, and from the names and shapes of the published checkpoints, which these modules load as they
are. What was published and costs time is kept: RawNet2 makes its filters anew on every forward, both compute a first
normalisation and activation whose result no convolution reads, poolings are PyTorch's own, and nothing is folded.
"""

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


def sinc_filters(filters: int, taps: int, rate_hz: int = 16_000) -> Tensor:
    """Band-pass filters ``(filters, 1, taps)`` between edges of equal distance in mel, one by one in numpy."""
    top_mel = 2595 * np.log10(1 + rate_hz / 2 / 700)
    edges_hz = 700 * (10 ** (np.linspace(0, top_mel, filters + 1) / 2595) - 1)
    time = np.arange(-(taps // 2), taps // 2 + 1)
    bank = torch.zeros(filters, 1, taps)
    for row, (low_hz, high_hz) in enumerate(pairwise(edges_hz)):
        high = 2 * high_hz / rate_hz * np.sinc(2 * high_hz * time / rate_hz)
        low = 2 * low_hz / rate_hz * np.sinc(2 * low_hz * time / rate_hz)
        bank[row, 0] = torch.from_numpy(np.hamming(taps) * (high - low))
    return bank


class RawNet2Block(nn.Module):
    """Residual block of one-dimensional convolutions."""

    def __init__(self, inputs: int, outputs: int, first: bool) -> None:
        super().__init__()
        self.first = first
        if not first:
            self.bn1 = nn.BatchNorm1d(inputs)
        self.conv1 = nn.Conv1d(inputs, outputs, 3, padding=1)
        self.bn2 = nn.BatchNorm1d(outputs)
        self.conv2 = nn.Conv1d(outputs, outputs, 3, padding=1)
        self.conv_downsample = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, maps: Tensor) -> Tensor:
        """Turn ``(batch, inputs, frames)`` into ``(batch, outputs, frames // 3)``."""
        if not self.first:
            functional.leaky_relu(self.bn1(maps), 0.3)  # computed, and never read
        inner = self.conv2(functional.leaky_relu(self.bn2(self.conv1(maps)), 0.3))
        return functional.max_pool1d(inner + (self.conv_downsample(maps) if self.conv_downsample else maps), 3)


class PublishedRawNet2(nn.Module):
    """RawNet2 of the ASVspoof 2021 baseline (Tak et al. 2021), without the log-softmax at its end."""

    def __init__(self) -> None:
        super().__init__()
        widths = (20, 20, 20, 128, 128, 128, 128)
        self.first_bn = nn.BatchNorm1d(20)
        for index, (inputs, outputs) in enumerate(pairwise(widths)):
            self.add_module(f"block{index}", nn.Sequential(RawNet2Block(inputs, outputs, first=index == 0)))
            self.add_module(f"fc_attention{index}", nn.Sequential(nn.Linear(outputs, outputs)))
        self.bn_before_gru = nn.BatchNorm1d(128)
        self.gru = nn.GRU(128, 1024, 3, batch_first=True)
        self.fc1_gru = nn.Linear(1024, 1024)
        self.fc2_gru = nn.Linear(1024, 2)

    def forward(self, waveform: Tensor) -> Tensor:
        """Turn ``(batch, 1, samples)`` into ``(batch, 2)``."""
        maps = functional.max_pool1d(functional.conv1d(waveform, sinc_filters(20, 1025)).abs(), 3)
        maps = functional.selu(self.first_bn(maps))
        for index in range(6):
            maps = getattr(self, f"block{index}")(maps)
            means = functional.adaptive_avg_pool1d(maps, 1).flatten(1)
            weight = torch.sigmoid(getattr(self, f"fc_attention{index}")(means)).unsqueeze(-1)
            maps = maps * weight + weight
        steps, _ = self.gru(functional.selu(self.bn_before_gru(maps)).permute(0, 2, 1))
        logits: Tensor = self.fc2_gru(self.fc1_gru(steps[:, -1]))
        return logits


class AasistBlock(nn.Module):
    """Residual block of two-dimensional convolutions."""

    def __init__(self, inputs: int, outputs: int, first: bool) -> None:
        super().__init__()
        self.first = first
        if not first:
            self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, (2, 3), padding=(1, 1))
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, (2, 3), padding=(0, 1))
        self.conv_downsample = nn.Conv2d(inputs, outputs, (1, 3), padding=(0, 1)) if inputs != outputs else None

    def forward(self, maps: Tensor) -> Tensor:
        """Turn ``(batch, inputs, bands, frames)`` into ``(batch, outputs, bands, frames // 3)``."""
        if not self.first:
            functional.selu(self.bn1(maps))  # computed, and never read
        inner = self.conv2(functional.selu(self.bn2(self.conv1(maps))))
        return functional.max_pool2d(inner + (self.conv_downsample(maps) if self.conv_downsample else maps), (1, 3))


class GraphAttentionLayer(nn.Module):
    """Attention among nodes of one kind."""

    def __init__(self, inputs: int, outputs: int, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature
        self.att_proj = nn.Linear(inputs, outputs)
        self.att_weight = nn.Parameter(torch.randn(outputs, 1) * 0.2)
        self.proj_with_att = nn.Linear(inputs, outputs)
        self.proj_without_att = nn.Linear(inputs, outputs)
        self.bn = nn.BatchNorm1d(outputs)

    def forward(self, nodes: Tensor) -> Tensor:
        """Turn ``(batch, nodes, inputs)`` into ``(batch, nodes, outputs)``."""
        nodes = functional.dropout(nodes, 0.2, self.training)
        products = nodes.unsqueeze(2).expand(-1, -1, nodes.size(1), -1)
        products = products * products.transpose(1, 2)
        worth = torch.matmul(torch.tanh(self.att_proj(products)), self.att_weight) / self.temperature
        attention = functional.softmax(worth, dim=-2).squeeze(-1)
        nodes = self.proj_with_att(torch.matmul(attention, nodes)) + self.proj_without_att(nodes)
        return functional.selu(self.bn(nodes.view(-1, nodes.size(2))).view(nodes.size()))


class HeterogeneousLayer(nn.Module):
    """Attention among nodes of two kinds and a master node."""

    def __init__(self, inputs: int, outputs: int, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature
        for kind in ("11", "22", "12", "M"):
            self.register_parameter(f"att_weight{kind}", nn.Parameter(torch.randn(outputs, 1) * 0.2))
        self.proj_type1 = nn.Linear(inputs, inputs)
        self.proj_type2 = nn.Linear(inputs, inputs)
        self.att_proj = nn.Linear(inputs, outputs)
        self.att_projM = nn.Linear(inputs, outputs)
        self.proj_with_att = nn.Linear(inputs, outputs)
        self.proj_without_att = nn.Linear(inputs, outputs)
        self.proj_with_attM = nn.Linear(inputs, outputs)
        self.proj_without_attM = nn.Linear(inputs, outputs)
        self.bn = nn.BatchNorm1d(outputs)

    def forward(self, first: Tensor, second: Tensor, master: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Turn two times ``(batch, nodes, inputs)`` and ``(batch, 1, inputs)`` into the same of outputs."""
        split = first.size(1)
        nodes = torch.cat([self.proj_type1(first), self.proj_type2(second)], dim=1)
        nodes = functional.dropout(nodes, 0.2, self.training)
        products = nodes.unsqueeze(2).expand(-1, -1, nodes.size(1), -1)
        seen = torch.tanh(self.att_proj(products * products.transpose(1, 2)))
        board = torch.zeros_like(seen[..., :1])
        board[:, :split, :split] = torch.matmul(seen[:, :split, :split], self.att_weight11)
        board[:, split:, split:] = torch.matmul(seen[:, split:, split:], self.att_weight22)
        board[:, :split, split:] = torch.matmul(seen[:, :split, split:], self.att_weight12)
        board[:, split:, :split] = torch.matmul(seen[:, split:, :split], self.att_weight12)
        attention = functional.softmax(board / self.temperature, dim=-2).squeeze(-1)
        shown = torch.matmul(torch.tanh(self.att_projM(nodes * master)), self.att_weightM) / self.temperature
        shown = torch.matmul(functional.softmax(shown, dim=-2).transpose(1, 2), nodes)
        master = self.proj_with_attM(shown) + self.proj_without_attM(master)
        nodes = self.proj_with_att(torch.matmul(attention, nodes)) + self.proj_without_att(nodes)
        nodes = functional.selu(self.bn(nodes.view(-1, nodes.size(2))).view(nodes.size()))
        return nodes[:, :split], nodes[:, split:], master


class GraphPool(nn.Module):
    """The share of the nodes with the highest scores."""

    def __init__(self, inputs: int, ratio: float) -> None:
        super().__init__()
        self.ratio = ratio
        self.proj = nn.Linear(inputs, 1)

    def forward(self, nodes: Tensor) -> Tensor:
        """Turn ``(batch, nodes, inputs)`` into fewer nodes."""
        scores = torch.sigmoid(self.proj(functional.dropout(nodes, 0.3, self.training)))
        kept = max(1, int(nodes.size(1) * self.ratio))
        best = torch.topk(scores, kept, dim=1)[1].expand(-1, -1, nodes.size(2))
        return torch.gather(nodes * scores, 1, best)


class PublishedAasist(nn.Module):
    """AASIST (Jung et al. 2022)."""

    def __init__(self) -> None:
        super().__init__()
        self.pos_S = nn.Parameter(torch.randn(1, 23, 64))
        self.master1 = nn.Parameter(torch.randn(1, 1, 64))
        self.master2 = nn.Parameter(torch.randn(1, 1, 64))
        self.register_buffer("band_pass", sinc_filters(70, 129), persistent=False)
        self.first_bn = nn.BatchNorm2d(1)
        widths = (1, 32, 32, 64, 64, 64, 64)
        self.encoder = nn.Sequential(
            *(
                nn.Sequential(AasistBlock(inputs, outputs, first=index == 0))
                for index, (inputs, outputs) in enumerate(pairwise(widths))
            )
        )
        self.GAT_layer_S, self.GAT_layer_T = GraphAttentionLayer(64, 64, 2), GraphAttentionLayer(64, 64, 2)
        self.pool_S, self.pool_T = GraphPool(64, 0.5), GraphPool(64, 0.7)
        for branch in (1, 2):
            self.add_module(f"HtrgGAT_layer_ST{branch}1", HeterogeneousLayer(64, 32, 100))
            self.add_module(f"HtrgGAT_layer_ST{branch}2", HeterogeneousLayer(32, 32, 100))
            self.add_module(f"pool_hS{branch}", GraphPool(32, 0.5))
            self.add_module(f"pool_hT{branch}", GraphPool(32, 0.5))
        self.out_layer = nn.Linear(160, 2)

    def forward(self, waveform: Tensor) -> Tensor:
        """Turn ``(batch, 1, samples)`` into ``(batch, 2)``."""
        maps = functional.conv1d(waveform, self.band_pass).unsqueeze(1)
        maps = functional.max_pool2d(torch.abs(maps), (3, 3))
        maps = self.encoder(functional.selu(self.first_bn(maps)))
        spectral = torch.max(torch.abs(maps), dim=3)[0].transpose(1, 2) + self.pos_S
        spectral = self.pool_S(self.GAT_layer_S(spectral))
        temporal = torch.max(torch.abs(maps), dim=2)[0].transpose(1, 2)
        temporal = self.pool_T(self.GAT_layer_T(temporal))
        first, second = self._branch(1, temporal, spectral), self._branch(2, temporal, spectral)
        temporal, spectral, master = (torch.max(*both) for both in zip(first, second, strict=True))
        read = [torch.max(torch.abs(temporal), dim=1)[0], torch.mean(temporal, dim=1)]
        read += [torch.max(torch.abs(spectral), dim=1)[0], torch.mean(spectral, dim=1), master.squeeze(1)]
        logits: Tensor = self.out_layer(functional.dropout(torch.cat(read, dim=1), 0.5, self.training))
        return logits

    def _branch(self, number: int, temporal: Tensor, spectral: Tensor) -> list[Tensor]:
        master = getattr(self, f"master{number}").expand(temporal.size(0), -1, -1)
        temporal, spectral, master = getattr(self, f"HtrgGAT_layer_ST{number}1")(temporal, spectral, master)
        spectral, temporal = getattr(self, f"pool_hS{number}")(spectral), getattr(self, f"pool_hT{number}")(temporal)
        added = getattr(self, f"HtrgGAT_layer_ST{number}2")(temporal, spectral, master)
        nodes = (temporal + added[0], spectral + added[1], master + added[2])
        return [functional.dropout(some, 0.2, self.training) for some in nodes]
