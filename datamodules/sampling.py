"""Labels in, seeded draws out: which trial next, and everything random about it."""

from collections.abc import Iterator, Mapping, Sequence, Sized
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
from torch.utils.data import Sampler


class Draw(NamedTuple):
    """One trial to read.

    Attributes:
        row: position of the trial in its partition.
        seed: of this draw's augmentation; nothing depends on which worker makes it.
        crop: where to crop, in [0, 1): at 0 the start of the audio.
        view: which of several cached views to take, in [0, 1).
    """

    row: int
    seed: tuple[int, int, int]
    crop: float = 0.0
    view: float = 0.0


class SeededSampler(Sampler[Draw]):
    """Draws every trial once an epoch in a fresh order, or as many trials with the odds that were asked for.

    The draws of an epoch follow from the seed and the epoch's number alone, so a resumed run sees what an uninterrupted
    one would. Lightning calls ``set_epoch``.

    Args:
        labels: class of each trial ``(trials,)``.
        seed: of the order and of each draw.
        balanced: draw with replacement, both classes equally likely.
        corpora: corpus of each trial ``(trials,)``; needed with weights.
        weights: corpus -> its share of the draws, which are with replacement; together with ``balanced`` both classes
            are equally likely within each corpus.
    """

    def __init__(
        self,
        labels: Sequence[int],
        seed: int,
        balanced: bool = False,
        corpora: Sequence[str] = (),
        weights: Mapping[str, float] | None = None,
    ) -> None:
        self._trials = len(labels)
        self._odds = odds(labels, balanced, corpora, weights) if balanced or weights else None
        self._seed = seed
        self._epoch = 0

    def __len__(self) -> int:
        return self._trials

    def set_epoch(self, epoch: int) -> None:
        """Go on to an epoch."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[Draw]:
        rng = np.random.default_rng((self._seed, self._epoch))
        order = self._order(rng)
        chances = rng.random((len(order), 2)).tolist()
        for position, (row, (crop, view)) in enumerate(zip(order, chances, strict=True)):
            yield Draw(row, (self._seed, self._epoch, position), crop, view)

    def _order(self, rng: np.random.Generator) -> Sequence[int]:
        if self._odds is None:
            return rng.permutation(len(self)).tolist()
        return rng.choice(len(self), size=len(self), p=self._odds).tolist()


def odds(
    labels: Sequence[int], balanced: bool, corpora: Sequence[str] = (), weights: Mapping[str, float] | None = None
) -> np.ndarray:
    """Probability of each trial at every draw ``(trials,)``.

    A corpus has its weight, its classes (if balanced) equal parts of that, and the trials of each equal parts again.
    """
    names, homes = np.unique(corpora, return_inverse=True) if weights else (np.array([""]), np.zeros(len(labels), int))
    shares = np.array([weights[name] for name in names] if weights else [1.0])
    classes = np.unique(labels, return_inverse=True)[1] if balanced else np.zeros(len(labels), int)
    counts = np.zeros((len(names), classes.max() + 1))
    np.add.at(counts, (homes, classes), 1)
    return shares[homes] / ((counts > 0).sum(axis=1)[homes] * counts[homes, classes])


class SequentialSampler(Sampler[Draw]):
    """Draws every trial once, in order, always alike, from its start on: for dev and eval."""

    def __init__(self, trials: int) -> None:
        self._trials = trials

    def __len__(self) -> int:
        return self._trials

    def __iter__(self) -> Iterator[Draw]:
        return (Draw(index, (0, 0, index)) for index in range(self._trials))


class Draws(Sized, Protocol):
    """A sampler of known length."""

    def __iter__(self) -> Iterator[Draw]:
        """Draw an epoch."""


class RankBatches(Sampler[list[Draw]]):
    """Cuts a sampler's draws into batches of which each of several processes takes its part: every draw is taken once.

    The draws are cut as evenly as goes into the fewest batches of ``batch_size`` a process, so that all processes have
    equally many batches: else they would wait for one another for ever. The parts of a batch differ by one trial at
    most. Lightning's own way is to repeat draws until all parts are equal, which metrics would count twice.

    Args:
        sampler: the draws of all processes, alike in each of them.
        batch_size: most draws of one process in a batch; at 1, one more where the trials cannot be divided.
        rank: number of this process, from 0.
        ranks: number of processes.

    Raises:
        ValueError: there are fewer draws than processes.
    """

    def __init__(self, sampler: Draws, batch_size: int, rank: int, ranks: int) -> None:
        if len(sampler) < ranks:
            raise ValueError(f"found {len(sampler)} trials for {ranks} processes, expected one for each at least")
        self.sampler = sampler  # Lightning calls its `set_epoch`
        self._batch_size, self._rank, self._ranks = batch_size, rank, ranks

    def __len__(self) -> int:
        fewest = -(-len(self.sampler) // (self._batch_size * self._ranks))
        return min(fewest, len(self.sampler) // self._ranks)  # a trial for every process in every batch

    def __iter__(self) -> Iterator[list[Draw]]:
        draws = list(self.sampler)
        edges = [batch * len(draws) // len(self) for batch in range(len(self) + 1)]
        for begin, end in pairwise(edges):
            yield draws[begin + self._rank : end : self._ranks]
