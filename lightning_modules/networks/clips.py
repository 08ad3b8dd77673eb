"""A batch of clips in, what a function makes of it out: clip by clip on a CPU, whose cache holds one but not eight."""

from collections.abc import Callable

import torch
from torch import Tensor


def clip_by_clip(function: Callable[[Tensor], Tensor], batch: Tensor) -> Tensor:
    """Apply a function that treats the clips of a batch ``(clips, …)`` apart; on other devices all at once."""
    if exporting() or batch.device.type != "cpu":
        return function(batch)
    return torch.cat([function(clip) for clip in batch.split(1)])


def exporting() -> bool:
    """Whether what runs is being recorded, for batches of other sizes than this one's."""
    return torch.jit.is_tracing() or torch.compiler.is_compiling()
