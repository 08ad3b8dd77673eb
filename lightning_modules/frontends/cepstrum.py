"""Logarithmic energies in, cepstral coefficients out; coefficients in, these with their changes over time out."""

import math

import torch
from torch import Tensor


def dct_matrix(coefficients: int, values: int) -> Tensor:
    """Orthonormal discrete cosine transform of type II: ``matrix @ values`` gives the lowest coefficients.

    The transform of ``scipy.fft.dct(..., norm="ortho")``, of MATLAB's ``dct`` and of librosa's MFCC.

    Args:
        coefficients: How many are kept, from 0 on.
        values: How many they are made of.

    Returns:
        float32 ``(coefficients, values)``, computed in float64.

    Raises:
        ValueError: For more coefficients than values, or none.
    """
    if not 1 <= coefficients <= values:
        raise ValueError(f"found {coefficients} coefficients of {values} filters, expected 1 to {values}")
    order = torch.arange(coefficients, dtype=torch.float64)[:, None]
    place = torch.arange(values, dtype=torch.float64) + 0.5
    matrix = torch.cos(math.pi / values * order * place) * math.sqrt(2 / values)
    matrix[0] /= math.sqrt(2)
    return matrix.float()


def with_deltas(features: Tensor, orders: int) -> Tensor:
    """Append the changes over time to ``(batch, bins, frames)``, for ``(batch, bins * (1 + orders), frames)``.

    The delta of the ASVspoof baselines, ``delta[t] = x[t + 1] - x[t - 1]``, not divided by anything, and the delta of
    that for the second order. At either end the first or last frame stands in for the one beyond it, anew for each
    order; a single frame has deltas of zero.
    """
    parts = [features]
    for _ in range(orders):
        last = parts[-1]
        repeated = torch.cat((last[..., :1], last, last[..., -1:]), dim=-1)
        parts.append(repeated[..., 2:] - repeated[..., :-2])
    return torch.cat(parts, dim=1)


def require_delta_orders(orders: int) -> None:
    """Raise a ValueError for a number of deltas that nobody uses."""
    if orders not in {0, 1, 2}:
        raise ValueError(f"found delta_orders={orders}, expected 0, 1 or 2 (delta and delta-delta)")
