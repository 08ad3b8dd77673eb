"""Values ``(batch, ..., frames)`` and the valid frames of each in, what depends on no other frame out.

Utterances of several lengths share a batch when the shorter are padded. ``lengths`` int64 ``(batch,)`` says how many
frames of each are its own; None, that all of all are, and then every function here is the plain operation.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def valid(lengths: Tensor, frames: int) -> Tensor:
    """Boolean ``(batch, frames)``: which frames are within the length of each example."""
    return torch.arange(frames, device=lengths.device) < lengths[:, None]


def if_padded(values: Tensor, lengths: Tensor | None) -> Tensor | None:
    """The lengths, or None where no example of ``(batch, ..., frames)`` is shorter than all of its frames."""
    return None if lengths is None or int(lengths.min()) >= values.shape[-1] else lengths


def cleared(values: Tensor, lengths: Tensor | None) -> Tensor:
    """Set ``(batch, ..., frames)`` to zero beyond the lengths, whatever is there, be it NaN.

    Zero is what a convolution pads with: one that reads cleared values gives every valid frame what it would have given
    the example alone.
    """
    if lengths is None:
        return values
    batch, frames = values.shape[0], values.shape[-1]
    beyond = ~valid(lengths, frames).view(batch, *(1,) * (values.dim() - 2), frames)
    return values.masked_fill(beyond, 0.0)


def mean(values: Tensor, lengths: Tensor | None) -> Tensor:
    """Mean ``(batch, ...)`` over the valid frames."""
    if lengths is None:
        return values.mean(dim=-1)
    return cleared(values, lengths).sum(dim=-1) / _counts(values, lengths)


def var_mean(values: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
    """Variance, without Bessel's correction, and mean, each ``(batch, ...)``, over the valid frames.

    In two passes, on a CPU two to eight times as fast as ``torch.var_mean``.
    """
    average = mean(values, lengths)
    return mean((values - average.unsqueeze(-1)).square(), lengths), average


def divided(lengths: Tensor | None, by: int) -> Tensor | None:
    """Lengths after a pooling or stride that leaves out what does not fill its last window."""
    return None if lengths is None else lengths // by


def divided_up(lengths: Tensor | None, by: int) -> Tensor | None:
    """Lengths after a strided convolution that pads by half its kernel: the next whole number."""
    return None if lengths is None else -(-lengths // by)


def fewest(features: Tensor, lengths: Tensor | None) -> int:
    """Return the frames of the shortest example of ``(batch, bins, frames)``.

    Raises:
        ValueError: The lengths are no one number per example, from 1 to the frames there are.
    """
    batch, frames = features.shape[0], features.shape[-1]
    if lengths is None:
        return frames
    if lengths.shape != (batch,) or not 1 <= int(lengths.min()) <= int(lengths.max()) <= frames:
        raise ValueError(
            f"found lengths {lengths.tolist()} for features of shape {tuple(features.shape)}, expected {batch} numbers "
            f"from 1 to {frames}: the valid frames of each example"
        )
    return int(lengths.min())


def trimmed(values: Tensor, lengths: Tensor | None) -> list[Tensor]:
    """The examples of ``(batch, ..., frames)``, each ``(1, ..., length)``; in one piece where all are equally long."""
    if lengths is None:
        return [values]
    return [values[row : row + 1, ..., :length] for row, length in enumerate(lengths.tolist())]


def by_length(function: Callable[[Tensor], Tensor], values: Tensor, lengths: Tensor) -> list[Tensor]:
    """Apply a function to every example of ``(batch, ..., frames)`` cut to its length, those of one length at a time.

    Exact for any function that treats examples apart, and the slower the more lengths there are.

    Args:
        function: Of values ``(some, ..., length)`` to outcomes ``(some, ...)``.
        values: Padded.
        lengths: Of each example.

    Returns:
        The outcomes of the examples, without their first axis, in order.
    """
    outcomes: dict[int, Tensor] = {}
    for length in lengths.unique().tolist():
        rows = (lengths == length).nonzero()[:, 0]
        outcomes.update(zip(rows.tolist(), function(values[rows, ..., :length]), strict=True))
    return [outcomes[row] for row in range(len(lengths))]


def _counts(values: Tensor, lengths: Tensor) -> Tensor:
    """The lengths, to divide sums ``(batch, ...)`` over frames by."""
    return lengths.view(-1, *(1,) * (values.dim() - 2)).to(values.dtype)
