"""Edges of triangles in hertz in, weights over the bins of a transform out, and their product with a spectrum."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

FILTERS_AT_A_TIME = 20  # a filter hears few bins: a product with some filters takes only the bins that these hear


_EDGES_OF_ONE = 3  # lower end, centre, upper end
_PARTS = 2  # real and imaginary


class Filterbank(nn.Module):
    """Weighs powers by filters.

    Args:
        weights: ``(filters, n_fft // 2 + 1)``.
    """

    weights: Tensor

    def __init__(self, weights: NDArray[np.float64]) -> None:
        super().__init__()
        single = weights.astype(np.float32)
        self._heard = [_span(single[low : low + FILTERS_AT_A_TIME]) for low in range(0, len(single), FILTERS_AT_A_TIME)]
        self.register_buffer("weights", torch.from_numpy(single.T.repeat(_PARTS, axis=0)), persistent=False)

    def forward(self, squares: Tensor) -> Tensor:
        """Turn squares ``(batch, frames, bins, parts)`` into powers ``(batch, frames, filters)``.

        Each weight stands once for each part, the real and the imaginary one: the product adds the two.
        """
        parts = squares.shape[-1]
        rows = squares.flatten(2).flatten(0, 1)  # two matrices: with three axes, an export guards the batch's size
        power = []
        for (low, high), some in zip(self._heard, self.weights.split(FILTERS_AT_A_TIME, dim=1), strict=True):
            weights = some[_PARTS * low : _PARTS * high : _PARTS // parts]
            power.append(rows[:, parts * low : parts * high] @ weights)
        return torch.cat(power, dim=-1).unflatten(0, squares.shape[:2])


def triangles(edges_hz: NDArray[np.float64], sample_rate_hz: int, n_fft: int) -> NDArray[np.float64]:
    """Triangular filters that each rise from one edge to the next, where they are 1, and fall to the one after.

    Args:
        edges_hz: Rising frequencies, ``(filters + 2,)``.
        sample_rate_hz: Sampling rate.
        n_fft: Length of the Fourier transform in samples.

    Returns:
        Weights ``(filters, n_fft // 2 + 1)``.

    Raises:
        ValueError: If there is no filter, or one would catch no bin of the transform.
    """
    if len(edges_hz) < _EDGES_OF_ONE:
        raise ValueError(f"found {len(edges_hz) - 2} filters, expected 1 or more")
    bins_hz = np.fft.rfftfreq(n_fft, 1 / sample_rate_hz)
    lower, centre, upper = (edges_hz[i : len(edges_hz) - 2 + i, None] for i in range(3))
    rising = (bins_hz - lower) / (centre - lower)
    falling = (upper - bins_hz) / (upper - centre)
    filters: NDArray[np.float64] = np.maximum(0, np.minimum(rising, falling))
    empty = int((filters.max(axis=1) == 0).sum())
    if empty:
        raise ValueError(
            f"{empty} of {len(filters)} filters catch no bin of a {n_fft}-point transform: raise n_fft or take fewer "
            "filters"
        )
    return filters


def band_top_hz(sample_rate_hz: int, f_min_hz: float, f_max_hz: float | None) -> float:
    """Upper end of a band; Nyquist where ``f_max_hz`` is left out.

    Raises:
        ValueError: If the band does not fit below Nyquist.
    """
    top_hz = sample_rate_hz / 2 if f_max_hz is None else f_max_hz
    if not 0 <= f_min_hz < top_hz <= sample_rate_hz / 2:
        raise ValueError(
            f"the band {f_min_hz} to {top_hz} Hz must rise and lie within 0 to {sample_rate_hz / 2} Hz, the Nyquist "
            f"frequency of {sample_rate_hz} Hz"
        )
    return top_hz


def _span(filters: NDArray[np.float32]) -> tuple[int, int]:
    """The first bin in which some filters ``(filters, bins)`` hear anything, and the one after the last."""
    bins = np.flatnonzero(filters.any(axis=0))
    return int(bins[0]), int(bins[-1]) + 1
