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

All three need no more than the sorted scores of each class, and the first only those near the crossing: that is more
than ten times as fast as the stable sorting of all trials together, and the arithmetic of counts is exact.
"""

from bisect import bisect_left
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lightning_modules.metrics.trials import (
    BELOW_ALL_SCORES,
    Counts,
    Rejected,
    Scores,
    SortedTrials,
    as_scores,
    sort_scores,
)

Variant = Literal["legacy", "grouped", "rocch"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
Point = tuple[int | Counts, int | Counts]  # rejected trials of each class: bona fide, spoof


class EqualErrorRate(NamedTuple):
    """An equal error rate as a fraction, and the score at or below which trials are rejected there."""

    eer: float
    threshold: float


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
    if variant == "legacy":  # needs few of the spoofed scores in order
        bonafide, spoof = sort_scores(bonafide_scores, "bona fide"), as_scores(spoof_scores, "spoof")
        return _legacy(bonafide, _near_crossing(bonafide, spoof), spoof.size)
    return sorted_equal_error_rate(SortedTrials.of(bonafide_scores, spoof_scores), variant)


def sorted_equal_error_rate(trials: SortedTrials, variant: Variant = "legacy") -> EqualErrorRate:
    """Equal error rate of trials that are sorted already; see :func:`equal_error_rate`."""
    match variant:
        case "legacy":
            return _legacy(trials.bonafide, _whole(trials), trials.spoof.size)
        case "grouped":
            return _grouped(trials)
        case "rocch":
            return _rocch(trials)
        case _:
            raise ValueError(f"found variant={variant!r}, expected one of {', '.join(VARIANTS)}")


def crossing(
    bonafide: int | Counts, spoof_before: int | Counts, totals: tuple[int | Counts, int | Counts]
) -> tuple[Point, Point]:
    """Points of the ``legacy`` path on both sides of FRR = FAR, on any number of paths at once.

    The path rejects trials one by one in the order of their scores. It is given by the corner where its FRR overtakes
    its FAR; all numbers may be arrays ``(paths,)``.

    Args:
        bonafide: Bona fide trials rejected at the corner.
        spoof_before: Spoofed trials rejected before the corner's bona fide trials are.
        totals: Trials of each class.

    Returns:
        The last point with FRR < FAR and the one after it, which has FRR >= FAR.
    """
    n, m = (np.asarray(total, dtype=np.int64) for total in totals)
    k, j = np.asarray(bonafide, dtype=np.int64), np.asarray(spoof_before, dtype=np.int64)
    # FRR < FAR where k * m + j * n < n * m: exact in int64 up to two thousand million trials of each class.
    by_bonafide = k * m + j * n >= n * m  # the rejection of a bona fide trial leads across, not that of a spoofed one
    across = np.where(by_bonafide, -((j * n - n * m) // m), k), np.where(by_bonafide, j, -((k * m - n * m) // n))
    return (across[0] - by_bonafide, across[1] - ~by_bonafide), across


def nearest(
    points: tuple[Point, Point], totals: tuple[int | Counts, int | Counts]
) -> tuple[Point, NDArray[np.float64]]:
    """Of two points, or of each two ``(paths,)``, the one whose FRR and FAR differ less; the mean of both rates there.

    The first of two as good.
    """
    (n, m), ((k, j), (k_across, j_across)) = totals, points
    frr, far = k / n, (m - j) / m
    frr_across, far_across = k_across / n, (m - j_across) / m
    first = np.abs(frr - far) <= np.abs(frr_across - far_across)
    eer: NDArray[np.float64] = np.where(first, frr + far, frr_across + far_across) / 2
    return (np.where(first, k, k_across), np.where(first, j, j_across)), eer


class _Near(NamedTuple):
    """Corners of the ``legacy`` path around the one where FRR overtakes FAR, and the spoofed scores between them.

    Attributes:
        low: Rejecting so many bona fide trials FRR < FAR; 0 where that is not known of any.
        high: Rejecting so many, FRR >= FAR.
        spoof: Spoofed scores from the bona fide one before ``low`` to that of ``high``, in rising order.
        below: How many spoofed scores are lower.
    """

    low: int
    high: int
    spoof: Scores
    below: int


def _whole(trials: SortedTrials) -> _Near:
    return _Near(0, trials.bonafide.size, trials.spoof, 0)


def _near_crossing(bonafide: Scores, spoof: Scores) -> _Near:
    """Look for the crossing among fewer and fewer of the lowest bona fide scores, and sort what lies between."""
    n, m = bonafide.size, spoof.size
    low, high = n // 2, n
    while low and low * m + np.count_nonzero(spoof < bonafide[low]) * n >= n * m:
        low, high = low // 2, low
    inside = np.full(m, fill_value=True) if high == n else spoof < bonafide[high]
    if low:
        inside &= spoof >= bonafide[low - 1]
    below = int(np.count_nonzero(spoof < bonafide[low - 1])) if low else 0
    return _Near(low, high, np.sort(spoof[inside]), below)


def _corner(bonafide: Scores, near: _Near, spoofs: int) -> tuple[int, int]:
    """Corner of the ``legacy`` path where FRR overtakes FAR, by halving, and the spoofed trials rejected before it."""
    n = bonafide.size

    def spoof(k: int) -> int:
        return spoofs if k == n else near.below + int(np.searchsorted(near.spoof, bonafide[k]))

    corners = range(near.low, near.high + 1)
    k = corners[bisect_left(corners, n * spoofs, key=lambda k: k * spoofs + spoof(k) * n)]
    return k, spoof(k - 1) if k else 0


def _legacy(bonafide: Scores, near: _Near, spoofs: int) -> EqualErrorRate:
    totals = bonafide.size, spoofs
    (k, j), eer = nearest(crossing(*_corner(bonafide, near, spoofs), totals), totals)
    rejected = [scores[count - 1] for scores, count in ((bonafide, int(k)), (near.spoof, int(j) - near.below)) if count]
    threshold = max(rejected) if rejected else min(bonafide[0], near.spoof[0]) - BELOW_ALL_SCORES
    return EqualErrorRate(float(eer), float(threshold))


def _grouped(trials: SortedTrials) -> EqualErrorRate:
    _, (k, j) = crossing(*_corner(trials.bonafide, _whole(trials), trials.spoof.size), trials.totals)
    tie = trials.threshold(Rejected(int(k), int(j)))
    (k, j), eer = nearest((trials.below(tie), trials.up_to(tie)), trials.totals)
    return EqualErrorRate(float(eer), trials.threshold(Rejected(int(k), int(j))))


def _rocch(trials: SortedTrials) -> EqualErrorRate:
    n, m = trials.totals
    k, j = np.arange(n + 1), trials.spoof_below()
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
