"""Sinc outputs as a picture ``(batch, 1, bands, frames)`` in, maps ``(batch, channels, bands, frames)`` out: AASIST's.

In use, each block goes over a clip in stretches of time that fit a core's cache, and each stretch through all of the
block before the next: convolutions of a whole clip of 4 s ran half as fast. The numbers are the same, since a frame of
the output hears but few of the input, and a stretch reaches that much further to both sides than what is kept of it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from lightning_modules.networks.clips import exporting
from lightning_modules.networks.pooling import strided_maxima

POOLING = 3  # of every block, over time; also more than the two frames that its convolutions reach to either side
CACHED_VALUES = 1 << 18  # of a map in float32: one MiB


class ResidualBlock(nn.Module):
    """Pre-activated residual block of 2 x 3 convolutions, then pooling of time by three.

    The first convolution adds a band and the second takes it away.

    Args:
        inputs: Channels that come in.
        outputs: Channels that go out.
        first: Leave out the first normalisation and activation: the input has just been through both.
        legacy_2022: Keep their weights, and let them have no effect.
    """

    def __init__(self, inputs: int, outputs: int, *, first: bool, legacy_2022: bool) -> None:
        super().__init__()
        self.legacy_2022 = legacy_2022
        self.norm1 = None if first else nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, kernel_size=(2, 3), padding=(1, 1))
        self.norm2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, kernel_size=(2, 3), padding=(0, 1))
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, (1, 3), padding=(0, 1))

    def forward(self, maps: Tensor) -> Tensor:
        """Turn ``(batch, inputs, bands, frames)`` into ``(batch, outputs, bands, frames // 3)``."""
        if self.training or torch.is_grad_enabled() or maps.device.type != "cpu" or exporting():
            inner = self.conv2(functional.selu(self.norm2(self.conv1(self._activated(maps)))))
            return functional.max_pool2d(inner + self.shortcut(maps), (1, POOLING))
        return self._in_stretches(maps)

    def _in_stretches(self, maps: Tensor) -> Tensor:
        batch, _, bands, frames = maps.shape
        outputs = self.conv1.out_channels
        kept = max(1, CACHED_VALUES // (outputs * bands * POOLING))
        pooled = maps.new_empty(batch, bands, frames // POOLING, outputs).permute(0, 3, 1, 2)
        normalised_conv1 = fuse_conv_bn_eval(self.conv1, self.norm2)
        for clip, into in zip(maps.split(1), pooled.split(1), strict=True):
            for start in range(0, frames // POOLING, kept):
                before = min(start, 1)
                stretch = clip[..., (start - before) * POOLING : (start + kept + 1) * POOLING]
                inner = functional.selu(normalised_conv1(self._activated(stretch)), inplace=True)
                inner = self.conv2(inner).add_(self.shortcut(stretch))
                into[..., start : start + kept] = strided_maxima(inner, POOLING)[..., before : before + kept]
        return pooled

    def _activated(self, maps: Tensor) -> Tensor:
        return maps if self.norm1 is None or self.legacy_2022 else functional.selu(self.norm1(maps))
