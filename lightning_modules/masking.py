"""Features ``(batch, bins, frames)`` in, features with bands of time and frequency struck out: for training alone."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from lightning_modules.lengths import mean


@dataclass(frozen=True)
class Masks:
    """What is struck out of one example: (start, width) of each band, in frames and in bins."""

    times: tuple[tuple[int, int], ...]
    bands: tuple[tuple[int, int], ...]


class SpecAugment(nn.Module):
    """Strikes random stretches of time and bands of frequency out of each training example.

    The masks of Park et al. 2019 ("SpecAugment", Interspeech), without time warping. What is struck out becomes the
    mean of its bin over the example: zeros would be a loud sound where features are logarithms, and a cue.

    Args:
        time_masks: Number of stretches.
        time_mask_max_share: Longest stretch, as a share of the frames.
        frequency_masks: Number of bands.
        frequency_mask_max_share: Widest band, as a share of the bins.
        probability: How likely an example is masked at all, from 0 to 1.

    Raises:
        ValueError: For shares or a probability outside 0 to 1, or negative numbers of masks.
    """

    def __init__(
        self,
        time_masks: int = 2,
        time_mask_max_share: float = 0.1,
        frequency_masks: int = 2,
        frequency_mask_max_share: float = 0.1,
        probability: float = 1.0,
    ) -> None:
        super().__init__()
        for name, share in (
            ("time_mask_max_share", time_mask_max_share),
            ("frequency_mask_max_share", frequency_mask_max_share),
            ("probability", probability),
        ):
            if not 0 <= share <= 1:
                raise ValueError(f"found {name}={share}, expected 0 to 1")
        if min(time_masks, frequency_masks) < 0:
            raise ValueError(f"found {time_masks} time and {frequency_masks} frequency masks, expected 0 or more")
        self.time_masks, self.time_mask_max_share = time_masks, time_mask_max_share
        self.frequency_masks, self.frequency_mask_max_share = frequency_masks, frequency_mask_max_share
        self.probability = probability

    def draw(self, rng: np.random.Generator, bins: int, frames: int) -> Masks:
        """Draw the masks of one example."""
        if rng.random() >= self.probability:
            return Masks((), ())
        return Masks(
            times=_draw(rng, self.time_masks, self.time_mask_max_share, frames),
            bands=_draw(rng, self.frequency_masks, self.frequency_mask_max_share, bins),
        )

    def forward(self, features: Tensor, draws: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Mask ``(batch, bins, frames)``.

        Args:
            features: Of a batch.
            draws: Seeds of the examples, ``(batch, numbers)`` of int64: the same seeds give the same masks, whatever
                process, epoch or batch an example is in.
            lengths: Valid frames of each example, int64 ``(batch,)``; all of them when not given.
        """
        batch, bins, frames = features.shape
        within = [frames] * batch if lengths is None else lengths.tolist()
        seeds = zip(draws.tolist(), within, strict=True)
        masks = [self.draw(np.random.default_rng(seed), bins, length) for seed, length in seeds]
        return strike_out(features, masks, lengths)


def strike_out(features: Tensor, masks: Iterable[Masks], lengths: Tensor | None = None) -> Tensor:
    """Replace what is masked in ``(batch, bins, frames)`` by the mean over the valid frames of each bin."""
    batch, bins, frames = features.shape
    hidden = np.zeros((batch, bins, frames), bool)
    for example, mask in zip(hidden, masks, strict=True):
        for start, width in mask.times:
            example[:, start : start + width] = True
        for start, width in mask.bands:
            example[start : start + width] = True
    return torch.where(torch.from_numpy(hidden).to(features.device), mean(features, lengths).unsqueeze(-1), features)


def _draw(rng: np.random.Generator, masks: int, max_share: float, size: int) -> tuple[tuple[int, int], ...]:
    widths = rng.integers(int(max_share * size) + 1, size=masks)
    return tuple((int(rng.integers(size - width + 1)), int(width)) for width in widths)
