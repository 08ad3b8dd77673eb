"""Spectrograms ``(batch, bins, frames)`` in, logits ``(batch, 2)`` out, by light CNNs of max-feature-map convolutions.

X. Wu, R. He, Z. Sun and T. Tan, "A light CNN for deep face representation with noisy labels", IEEE TIFS 2018; as a
countermeasure in G. Lavrentyeva et al., "STC antispoofing systems for the ASVspoof2019 challenge", Interspeech 2019;
with recurrent layers in X. Wang and J. Yamagishi, "A comparative study on recent neural spoofing countermeasures for
synthetic speech detection", Interspeech 2021.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from lightning_modules.lengths import cleared, divided, fewest, mean
from lightning_modules.networks.network import Network

POOLING = 2  # of time and frequency
_POOLINGS = 4


class LCNN(Network):
    """Nine max-feature-map convolutions > mean over time > linear with max-feature-map > batch norm > classifier.

    The convolutions of Lavrentyeva et al. 2019 in the form of Wang and Yamagishi 2021: normalised without learnt scale
    and offset, pooled four times by two. The published network reads a fixed number of frames; this one takes the mean
    over what is left of time, so that any length from :attr:`shortest_input_frames` on gives one embedding.

    Cost for 4 s as 80 bins x 400 frames: 183,586 parameters, 441 million MACs.

    Args:
        bins: Bins of the features, 16 or more.
        embedding: Dimensions of the embedding.
        dropout: Probability of dropping an output of the convolutions, in training.
    """

    def __init__(self, bins: int = 80, embedding: int = 80, dropout: float = 0.7) -> None:
        super().__init__()
        self.bins = bins
        self.embedding = embedding
        self.dropout = dropout
        self.trunk = Trunk(bins, dropout)
        self.project = nn.Linear(self.trunk.width, 2 * embedding)
        self.norm = nn.BatchNorm1d(embedding)
        self.classifier = nn.Linear(embedding, 2)

    @property
    def shortest_input_frames(self) -> int:
        """Frames that the poolings leave one of."""
        return self.trunk.shortest_input_frames

    def embed(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Turn ``(batch, bins, frames)`` into ``(batch, embedding)``.

        Raises:
            ValueError: For other bins than expected, or too few valid frames for the poolings.
        """
        steps, lengths = self.trunk(features, lengths)
        embedded: Tensor = self.norm(max_feature_map(self.project(mean(steps, lengths))))
        return embedded


class LCNNLSTM(Network):
    """Nine max-feature-map convolutions > 2 bidirectional LSTMs, their input added > mean over time > classifier.

    LCNN-LSTM of Wang and Yamagishi 2021, the LFCC-LCNN baseline of ASVspoof 2021. Theirs ends in one output; here are
    two, one for each class.

    Cost for 4 s as 80 bins x 400 frames: 467,586 parameters, 449 million MACs; with the published 60 bins
    269,826 parameters.

    Args:
        bins: Bins of the features, 16 or more.
        dropout: Probability of dropping an output of the convolutions, in training.
    """

    def __init__(self, bins: int = 80, dropout: float = 0.7) -> None:
        super().__init__()
        self.bins = bins
        self.dropout = dropout
        self.trunk = Trunk(bins, dropout)
        self.embedding = width = self.trunk.width
        self.lstm = nn.LSTM(width, width // 2, num_layers=2, bidirectional=True, batch_first=True)
        self.classifier = nn.Linear(width, 2)

    @property
    def shortest_input_frames(self) -> int:
        """Frames that the poolings leave one of."""
        return self.trunk.shortest_input_frames

    def embed(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Turn ``(batch, bins, frames)`` into ``(batch, 32 * (bins // 16))``.

        Raises:
            ValueError: For other bins than expected, or too few valid frames for the poolings.
        """
        steps, lengths = self.trunk(features, lengths)
        return mean(steps + self._recur(steps.mT, lengths).mT, lengths)

    def _recur(self, steps: Tensor, lengths: Tensor | None) -> Tensor:
        if lengths is None:
            outputs: Tensor = self.lstm(steps)[0]
            return outputs
        # One of the directions starts at the end, so the recurrence itself must know where that is.
        packed = pack_padded_sequence(steps, lengths.cpu(), batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=steps.shape[1])[0]


class Trunk(nn.Module):
    """The convolutions: ``(batch, bins, frames)`` to ``(batch, width, frames // 16)``.

    Attributes:
        width: 32 channels for each 16 bins.
        shortest_input_frames: Frames that the poolings leave one of.
    """

    def __init__(self, bins: int, dropout: float) -> None:
        super().__init__()
        self.bins = bins
        self.shortest_input_frames = POOLING**_POOLINGS
        if bins < self.shortest_input_frames:
            raise ValueError(f"found bins={bins}, expected {self.shortest_input_frames} or more: {_POOLINGS} halvings")
        self.convolutions = nn.Sequential(
            MaxFeatureMap(1, 32, kernel=5, pool=True, norm=False),
            MaxFeatureMap(32, 32, kernel=1, pool=False, norm=True),
            MaxFeatureMap(32, 48, kernel=3, pool=True, norm=True),
            MaxFeatureMap(48, 48, kernel=1, pool=False, norm=True),
            MaxFeatureMap(48, 64, kernel=3, pool=True, norm=False),
            MaxFeatureMap(64, 64, kernel=1, pool=False, norm=True),
            MaxFeatureMap(64, 32, kernel=3, pool=False, norm=True),
            MaxFeatureMap(32, 32, kernel=1, pool=False, norm=True),
            MaxFeatureMap(32, 32, kernel=3, pool=True, norm=False),
        )
        self.drop = nn.Dropout(dropout)
        self.width = 32 * (bins // self.shortest_input_frames)
        # On a CPU 1.2 times as fast in training as the default layout, 1.9 in use.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Return the steps ``(batch, width, frames // 16)``, and how many of each are valid."""
        frames = fewest(features, lengths)
        if features.shape[1] != self.bins or frames < self.shortest_input_frames:
            raise ValueError(
                f"found features of {features.shape[1]} bins x {frames} frames, expected {self.bins} bins and at least "
                f"{self.shortest_input_frames} frames: give the network the `bins` of the frontend, and tile a "
                "waveform that is too short"
            )
        maps = cleared(features.unsqueeze(1), lengths).contiguous(memory_format=torch.channels_last)
        for convolution in self.convolutions:
            maps, lengths = convolution(maps, lengths)
        return self.drop(maps).flatten(1, 2), lengths


class MaxFeatureMap(nn.Module):
    """Convolution to twice the channels, the larger of each two of them, 2 x 2 max pooling, normalisation."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int, pool: bool, norm: bool) -> None:
        super().__init__()
        self.pooling = POOLING if pool else 1
        self.conv = nn.Conv2d(inputs, 2 * outputs, kernel, padding=kernel // 2)
        self.norm = nn.BatchNorm2d(outputs, affine=False) if norm else nn.Identity()

    def forward(self, maps: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Turn ``(batch, inputs, bins, frames)``, cleared, into ``(batch, outputs, bins, frames)``, or half of both."""
        maps, lengths = max_feature_map(self.conv(maps)), divided(lengths, self.pooling)
        pooled = functional.max_pool2d(maps, self.pooling) if self.pooling > 1 else maps
        return cleared(self.norm(pooled), lengths), lengths


def max_feature_map(values: Tensor) -> Tensor:
    """Take the larger of the two halves of ``(batch, 2 * channels, ...)``: ``(batch, channels, ...)``."""
    return torch.maximum(*values.chunk(2, dim=1))
