"""Maps ``(batch, channels, bins, frames)`` in, statistics over time per band of frequency out."""

from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lightning_modules import lengths as of

VARIANCE_FLOOR = 1e-5  # keeps the gradient of the standard deviation finite on constant channels


def band_statistics(maps: Tensor, bands: int, lengths: Tensor | None = None) -> Tensor:
    """Mean and standard deviation over time, averaged over the bins of each band (Snyder et al. 2018, "X-vectors").

    Any number of bins and of frames gives a vector of one size.

    Args:
        maps: ``(batch, channels, bins, frames)``.
        bands: Bands that the bins are averaged into.
        lengths: Valid frames of each example, int64 ``(batch,)``.

    Returns:
        ``(batch, 2 * channels * bands)``.
    """
    variance, mean = of.var_mean(maps, lengths)
    statistics = torch.cat((mean, (variance + VARIANCE_FLOOR).sqrt()), dim=1)
    return (statistics @ band_weights(statistics.shape[2], bands).to(statistics)).flatten(1)


def band_weights(cells: int, bands: int) -> Tensor:
    """Weights ``(cells, bands)`` that average cells of the frequency axis into equally wide bands.

    A cell counts for a band by the share of the band that it covers, so any two numbers go together. PyTorch's adaptive
    pooling rounds to whole cells, and has no deterministic gradient on a GPU.
    """
    cell, band = torch.arange(cells)[:, None] / cells, torch.arange(bands) / bands
    overlap = torch.minimum(cell + 1 / cells, band + 1 / bands) - torch.maximum(cell, band)
    return overlap.clamp_min(0) * bands


def time_maxima(maps: Tensor, size: int) -> Tensor:
    """Maxima of each so many frames, ``(batch, channels, frames)`` to ``(batch, channels, frames // size)``.

    Where a graph of ONNX is recorded, its own operator: PyTorch's writes down how many frames there were.
    """
    if torch.onnx.is_in_onnx_export():
        window: dict[str, Any] = {"kernel_shape": [size], "strides": [size]}
        shape = (*maps.shape[:-1], maps.shape[-1] // size)
        return torch.onnx.ops.symbolic("MaxPool", [maps], window, dtype=maps.dtype, shape=shape)
    return functional.max_pool1d(maps, size)


def strided_maxima(maps: Tensor, size: int, dim: int = -1) -> Tensor:
    """Maxima of each so many steps along an axis, ``size_of_axis // size`` of them, without an index of where each was.

    What does not fill a window is left out. The axis is counted from the end.
    """
    whole = maps.narrow(dim, 0, maps.shape[dim] // size * size)
    return reduce(torch.maximum, whole.unflatten(dim, (-1, size)).unbind(dim))


class StridedMaxima(nn.Module):
    """Max pooling of squares that do not overlap, for inference: on a CPU twice as fast as PyTorch's.

    Args:
        size: of the squares.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, maps: Tensor) -> Tensor:
        """Turn ``(batch, channels, bins, frames)`` into ``(batch, channels, bins // size, frames // size)``."""
        return strided_maxima(strided_maxima(maps, self.size, dim=-2), self.size, dim=-1)
