"""Ranked trials and random draws in, the EER of each resample out, without sorting or even drawing most of it.

The EER of a resample is decided where its two error rates cross. It is found by halving, and only what the halving asks
for is ever drawn or counted:

- by trials, how many of the trials drawn lie below the middle of what is left is binomial, given how many lie in it
  (a multinomial drawn as nested binomials): exactly the distribution of the naive resample, at ``log2(trials)`` draws;
- by speakers, counts of each speaker's trials below a few hundred ranks, times how often each speaker was drawn, say
  between which two the rates cross, and only the trials between those are looked at one by one.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lightning_modules.metrics.eer import crossing, nearest
from lightning_modules.metrics.trials import Counts, Rejected, Scores, SortedTrials

COARSE_RANKS = 256

Ids = tuple[NDArray[np.intp], NDArray[np.intp]]  # of the bona fide and of the spoofed trials


class Ranking(NamedTuple):
    """One system's trials by the corner of the ``legacy`` path at which they are rejected, counted from -1.

    Corner -1 rejects nothing, corner ``k`` the ``k`` lowest bona fide trials and all spoofed ones below the next.

    Attributes:
        bonafide_order: Positions of the bona fide trials by rising score.
        spoof_order: Positions of the spoofed trials by rising score.
        spoof_upto: How many spoofed trials are rejected at each corner from 0: ``(bona fide + 1,)``.
    """

    bonafide_order: NDArray[np.intp]
    spoof_order: NDArray[np.intp]
    spoof_upto: Counts

    @classmethod
    def of(cls, bonafide: Scores, spoof: Scores) -> "Ranking":
        """Rank scores that come in any order."""
        bonafide_order, spoof_order = np.argsort(bonafide), np.argsort(spoof)
        ordered = SortedTrials(bonafide[bonafide_order], spoof[spoof_order])
        return cls(bonafide_order, spoof_order, ordered.spoof_below())

    @property
    def totals(self) -> Rejected:
        """How many trials each class has."""
        return Rejected(self.bonafide_order.size, self.spoof_order.size)

    @property
    def bonafide_corners(self) -> Counts:
        """Corner at which each bona fide trial is rejected, by rising score."""
        return np.arange(1, self.bonafide_order.size + 1)

    @property
    def spoof_corners(self) -> Counts:
        """Corner at which each spoofed trial is rejected, by rising score."""
        return np.repeat(np.arange(self.spoof_upto.size), np.diff(self.spoof_upto, prepend=0))


def eers_by_trial(ranking: Ranking, resamples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """EERs (``legacy``) of resamples of the trials, each class apart: ``(resamples,)``."""
    n, m = ranking.totals
    bonafide_upto = np.append(np.arange(n + 1), 0)  # at corner -1, which is also the last position, nothing is rejected
    spoof_upto = np.append(ranking.spoof_upto, 0)
    low, high = np.full(resamples, -1), np.full(resamples, n)
    k_low, k_high = np.zeros(resamples, np.int64), np.full(resamples, n)
    j_low, j_high = np.zeros(resamples, np.int64), np.full(resamples, m)
    while (apart := high - low > 1).any():
        middle = np.where(apart, (low + high) // 2, low)
        k = k_low + _binomial(k_high - k_low, bonafide_upto, low, middle, high, rng)
        j = j_low + _binomial(j_high - j_low, spoof_upto, low, middle, high, rng)
        across = k * m + j * n >= n * m
        up, down = apart & ~across, apart & across
        low, k_low, j_low = np.where(up, middle, low), np.where(up, k, k_low), np.where(up, j, j_low)
        high, k_high, j_high = np.where(down, middle, high), np.where(down, k, k_high), np.where(down, j, j_high)
    return _eers(k_high, j_low, (n, m))


def _binomial(
    drawn: Counts, upto: Counts, low: Counts, middle: Counts, high: Counts, rng: np.random.Generator
) -> Counts:
    """How many of the trials drawn between two corners lie below a third: all are as likely as one another."""
    span = upto[high] - upto[low]
    return rng.binomial(drawn, (upto[middle] - upto[low]) / np.maximum(span, 1))


def speaker_weights(ids: Ids, resamples: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """How often each speaker is drawn ``(resamples, speakers)``; a draw without one of the classes is drawn anew."""
    speakers = 1 + max(int(of_class.max()) for of_class in ids)
    in_class = np.stack([np.bincount(of_class, minlength=speakers) > 0 for of_class in ids], axis=1)
    weights = np.empty((resamples, speakers), dtype=np.int64)
    for row in weights:
        while True:
            row[:] = np.bincount(rng.integers(speakers, size=speakers), minlength=speakers)
            if ((row > 0) @ in_class).all():
                break
    return weights


def eers_by_speaker(ranking: Ranking, ids: Ids, weights: NDArray[np.int64]) -> NDArray[np.float64]:
    """EERs (``legacy``) of resamples of the speakers, each with all its trials: ``(resamples,)``.

    Args:
        ranking: Of the trials.
        ids: Number of each trial's speaker.
        weights: ``(resamples, speakers)``, how often each was drawn.
    """
    n, _ = ranking.totals
    speakers = weights.shape[1]
    bonafide = _Ranks(ids[0][ranking.bonafide_order], ranking.bonafide_corners, speakers)
    spoof = _Ranks(ids[1][ranking.spoof_order], ranking.spoof_corners, speakers)
    ranks = np.unique(np.linspace(-1, n, COARSE_RANKS).astype(int))
    totals = tuple(weights @ side.counts(ranks[-1:])[:, 0] for side in (bonafide, spoof))
    coarse = _first_across(weights, bonafide.counts(ranks), spoof.counts(ranks), totals)
    corners, before = np.empty_like(totals[0]), np.empty_like(totals[0])
    for index in np.unique(coarse):
        rows = np.flatnonzero(coarse == index)
        fine = np.arange(ranks[index - 1], ranks[index] + 1)
        k, j = bonafide.counts(fine), spoof.counts(fine)
        first = _first_across(weights[rows], k, j, tuple(total[rows] for total in totals))
        corners[rows] = (weights[rows] * k[:, first].T).sum(1)
        before[rows] = (weights[rows] * j[:, first - 1].T).sum(1)
    return _eers(corners, before, totals)


class _Ranks(NamedTuple):
    """Trials of one class in the order of their corners, and the speaker of each."""

    ids: NDArray[np.intp]
    corners: Counts
    speakers: int

    def counts(self, at: Counts) -> NDArray[np.int64]:
        """How many trials of each speaker are rejected at some rising corners: ``(speakers, corners)``."""
        start, stop = np.searchsorted(self.corners, at[[0, -1]], side="right")
        base = np.bincount(self.ids[:start], minlength=self.speakers)
        steps = np.searchsorted(at, self.corners[start:stop])
        cells = np.bincount(self.ids[start:stop] * at.size + steps, minlength=self.speakers * at.size)
        return base[:, None] + cells.reshape(self.speakers, at.size).cumsum(1)


def _first_across(
    weights: NDArray[np.int64], bonafide: NDArray[np.int64], spoof: NDArray[np.int64], totals: tuple[Counts, ...]
) -> NDArray[np.intp]:
    """Index of the first corner with FRR >= FAR, of each resample; never the first of all."""
    n, m = (total[:, None] for total in totals)
    # Products of whole numbers in float64, which multiplies matrices far faster than int64, are exact below 2 ** 53.
    k, j = ((weights.astype(np.float64) @ counts).astype(np.int64) for counts in (bonafide, spoof))
    return np.maximum(1, (k * m + j * n >= n * m).argmax(1))


def trial_weights(totals: Rejected, resamples: int, rng: np.random.Generator) -> Iterator[tuple[Counts, Counts]]:
    """How often each trial of either class is drawn, one resample after another."""
    for _ in range(resamples):
        bonafide, spoof = (np.bincount(rng.integers(size, size=size), minlength=size) for size in totals)
        yield bonafide, spoof


def eers_of_weights(ranking: Ranking, bonafide: Counts, spoof: Counts) -> float:
    """EER (``legacy``) of one resample in which each trial was drawn so often."""
    n, m = ranking.totals
    k = np.append(0, np.cumsum(bonafide[ranking.bonafide_order]))
    j = np.append(0, np.cumsum(spoof[ranking.spoof_order]))[ranking.spoof_upto]
    corner = int(np.searchsorted(k * m + j * n, n * m))
    return float(_eers(k[corner], j[corner - 1] if corner else 0, (n, m)))


def _eers(k: int | Counts, before: int | Counts, totals: tuple[int | Counts, ...]) -> NDArray[np.float64]:
    both = totals[0], totals[1]
    return nearest(crossing(k, before, both), both)[1]
