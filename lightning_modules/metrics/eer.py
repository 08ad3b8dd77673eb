"""Scores of bona fide and of spoofed trials in, the equal error rate and its threshold out.

A countermeasure rejects every trial whose score is at or below the threshold. The false rejection rate (FRR) is the
share of bona fide trials rejected, the false acceptance rate (FAR) the share of spoofed ones accepted. The EER is where
they meet; as both move in steps they rarely do so exactly, hence three definitions:

- ``legacy``, of the ASVspoof toolkits: trials are rejected one by one in the order of their scores, bona fide before
  spoofed ones of the same score, and the mean of FRR and FAR is taken where they differ least. Ties count against the
  system: with constant scores the EER is 100 %.
- ``grouped``: trials of the same score are rejected together, as any threshold has to. Constant scores give 50 %.
- ``rocch``: where the convex hull of the operating points meets FRR = FAR (Provost and Fawcett 2001): the best that
  chance mixtures of thresholds can reach.

All three need no more than the sorted scores of each class, and the number of spoofed trials below each bona fide one.
That is ten times as fast as the stable sorting of all trials together, and the arithmetic of counts is exact.
"""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lightning_modules.metrics.trials import Scores, as_scores

Variant = Literal["legacy", "grouped", "rocch"]
Counts = NDArray[np.integer]

BELOW_ALL_SCORES = 1e-3  # how far below the lowest score the ASVspoof toolkits put their first threshold


class EqualErrorRate(NamedTuple):
    """An equal error rate as a fraction, and the score at or below which trials are rejected there."""

    eer: float
    threshold: float


class Rejected(NamedTuple):
    """An operating point: how many trials of each class are rejected."""

    bonafide: int
    spoof: int


class SortedTrials(NamedTuple):
    """The scores of each class in rising order."""

    bonafide: Scores
    spoof: Scores

    @property
    def totals(self) -> Rejected:
        """How many trials each class has."""
        return Rejected(self.bonafide.size, self.spoof.size)

    def spoof_below_bonafide(self) -> Counts:
        """How many spoofed trials score below each bona fide one, and at the end all of them: ``(bona fide + 1,)``."""
        return np.append(np.searchsorted(self.spoof, self.bonafide, side="left"), self.spoof.size)

    def below(self, score: float) -> Rejected:
        """The trials that score lower than this."""
        return Rejected(int(np.searchsorted(self.bonafide, score)), int(np.searchsorted(self.spoof, score)))

    def up_to(self, score: float) -> Rejected:
        """The trials that score at most this."""
        bonafide, spoof = (np.searchsorted(scores, score, side="right") for scores in self)
        return Rejected(int(bonafide), int(spoof))

    def threshold(self, rejected: Rejected) -> float:
        """The highest score among the rejected trials, or one below all scores if there are none."""
        highest = [scores[count - 1] for scores, count in zip(self, rejected, strict=True) if count]
        if highest:
            return float(max(highest))
        return float(min(self.bonafide[0], self.spoof[0])) - BELOW_ALL_SCORES


def equal_error_rate(
    bonafide_scores: ArrayLike, spoof_scores: ArrayLike, variant: Variant = "legacy"
) -> EqualErrorRate:
    """Equal error rate of a countermeasure.

    Among ties no threshold reaches the ``legacy`` rate, and between two corners of the hull none reaches the ``rocch``
    rate: the threshold is then that of the operating point beside it.

    Args:
        bonafide_scores: Scores of bona fide trials, higher for more bona fide, in any order. Infinities are allowed.
        spoof_scores: Scores of spoofed trials.
        variant: ``legacy``, ``grouped`` or ``rocch``; see the module's description.

    Returns:
        Rate and threshold.

    Raises:
        ValueError: If either class is empty or a score is NaN.
    """
    trials = SortedTrials(np.sort(as_scores(bonafide_scores, "bona fide")), np.sort(as_scores(spoof_scores, "spoof")))
    match variant:
        case "legacy":
            return _legacy(trials)
        case "grouped":
            return _grouped(trials)
        case "rocch":
            return _rocch(trials)
        case _:
            raise ValueError(f"found variant={variant!r}, expected 'legacy', 'grouped' or 'rocch'")


def crossing(bonafide: Counts, spoof: Counts) -> tuple[Rejected, Rejected]:
    """Operating points of the ``legacy`` path on both sides of FRR = FAR.

    The path rejects trials one by one in the order of their scores. It is given by its corners: where ``bonafide[i]``
    are rejected, the spoofed trials below the next bona fide one are too, ``spoof[i]`` in all.

    Args:
        bonafide: Rising counts from 0 to all bona fide trials, in any steps; those of a bootstrap are its weights.
        spoof: Rising counts up to all spoofed trials, of the same length.

    Returns:
        The last point with FRR < FAR and the one after it, which has FRR >= FAR.
    """
    n, m = int(bonafide[-1]), int(spoof[-1])
    # (FRR - FAR + 1) * n * m: exact in int64 up to two thousand million trials of each class.
    corner = int(np.searchsorted(bonafide * m + spoof * n, n * m))
    k, j = int(bonafide[corner]), int(spoof[corner - 1]) if corner else 0
    if k * m + j * n >= n * m:  # the rejection of a bona fide trial leads across
        k = -(-(n * m - j * n) // m)
        return Rejected(k - 1, j), Rejected(k, j)
    j = -(-(n * m - k * m) // n)
    return Rejected(k, j - 1), Rejected(k, j)


def nearest(points: tuple[Rejected, Rejected], totals: Rejected) -> tuple[Rejected, float]:
    """The point whose FRR and FAR differ least, the first of equals, and their mean there."""

    def rates(point: Rejected) -> tuple[float, float]:
        return point.bonafide / totals.bonafide, (totals.spoof - point.spoof) / totals.spoof

    def gap(point: Rejected) -> float:
        frr, far = rates(point)
        return abs(frr - far)

    point = min(points, key=gap)
    return point, sum(rates(point)) / 2


def _legacy(trials: SortedTrials) -> EqualErrorRate:
    points = crossing(np.arange(trials.bonafide.size + 1), trials.spoof_below_bonafide())
    point, eer = nearest(points, trials.totals)
    return EqualErrorRate(eer, trials.threshold(point))


def _grouped(trials: SortedTrials) -> EqualErrorRate:
    _, across = crossing(np.arange(trials.bonafide.size + 1), trials.spoof_below_bonafide())
    tie = trials.threshold(across)
    point, eer = nearest((trials.below(tie), trials.up_to(tie)), trials.totals)
    return EqualErrorRate(eer, trials.threshold(point))


def _rocch(trials: SortedTrials) -> EqualErrorRate:
    n, m = trials.totals
    k, j = np.arange(n + 1), trials.spoof_below_bonafide()
    side = k * m + j * n - n * m  # of FRR = FAR: negative where fewer bona fide trials are rejected
    left, right = 0, n
    if side[left] >= 0:  # the classes are apart
        return EqualErrorRate(0.0, trials.threshold(Rejected(0, m)))
    while True:  # as quickhull does, but only towards the diagonal
        height = (k[right] - k[left]) * (j - j[left]) - (j[right] - j[left]) * (k - k[left])
        corner = int(height.argmax())
        if height[corner] <= 0:
            break
        left, right = (corner, right) if side[corner] < 0 else (left, corner)
    share = float(-side[left] / (side[right] - side[left]))
    eer = float(k[left] + share * (k[right] - k[left])) / n
    corner = left if -side[left] <= side[right] else right
    return EqualErrorRate(eer, trials.threshold(Rejected(int(k[corner]), int(j[corner]))))
