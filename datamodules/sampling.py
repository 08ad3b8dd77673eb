"""Labels in, seeded draws out: which trial next, and the seed of everything random about it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from torch.utils.data import Sampler


class Draw(NamedTuple):
    """One trial to read.

    Attributes:
        row: position of the trial in its partition.
        seed: of this draw's crop and augmentation; nothing depends on which worker makes it.
    """

    row: int
    seed: tuple[int, int, int]


class SeededSampler(Sampler[Draw]):
    """Draws every trial once an epoch in a fresh order, or as many trials with both classes equally likely.

    The draws of an epoch follow from the seed and the epoch's number alone, so a resumed run sees what an uninterrupted
    one would. Lightning calls ``set_epoch``.

    Args:
        labels: class of each trial ``(trials,)``.
        seed: of the order and of each draw.
        balanced: draw with replacement, both classes equally likely.
    """

    def __init__(self, labels: Sequence[int], seed: int, balanced: bool = False) -> None:
        self._labels = np.asarray(labels)
        self._seed = seed
        self._balanced = balanced
        self._epoch = 0

    def __len__(self) -> int:
        return len(self._labels)

    def set_epoch(self, epoch: int) -> None:
        """Go on to an epoch."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[Draw]:
        rng = np.random.default_rng((self._seed, self._epoch))
        for position, index in enumerate(self._order(rng)):
            yield Draw(int(index), (self._seed, self._epoch, position))

    def _order(self, rng: np.random.Generator) -> Sequence[int]:
        if not self._balanced:
            return rng.permutation(len(self)).tolist()
        classes, inverse, counts = np.unique(self._labels, return_inverse=True, return_counts=True)
        return rng.choice(len(self), size=len(self), p=1.0 / (len(classes) * counts[inverse])).tolist()


class SequentialSampler(Sampler[Draw]):
    """Draws every trial once, in order, always alike: for dev and eval."""

    def __init__(self, trials: int) -> None:
        self._trials = trials

    def __len__(self) -> int:
        return self._trials

    def __iter__(self) -> Iterator[Draw]:
        return (Draw(index, (0, 0, index)) for index in range(self._trials))
