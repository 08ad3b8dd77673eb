"""Scores and labels as they come in, checked and sorted scores of each class out."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Scores = NDArray[np.floating]
Counts = NDArray[np.integer]

BELOW_ALL_SCORES = 1e-3  # how far below the lowest score the ASVspoof toolkits put their first threshold


class Rejected(NamedTuple):
    """An operating point: how many trials of each class are rejected."""

    bonafide: int
    spoof: int


class SortedTrials(NamedTuple):
    """The scores of each class in rising order: all that a metric of detection needs to know."""

    bonafide: Scores
    spoof: Scores

    @classmethod
    def of(cls, bonafide_scores: ArrayLike, spoof_scores: ArrayLike) -> "SortedTrials":
        """Sort scores that come in any order. Infinities are allowed.

        Args:
            bonafide_scores: Scores of bona fide trials, higher for more bona fide.
            spoof_scores: Scores of spoofed trials.

        Raises:
            ValueError: If either class is empty or a score is NaN.
        """
        return cls(sort_scores(bonafide_scores, "bona fide"), sort_scores(spoof_scores, "spoof"))

    @property
    def totals(self) -> Rejected:
        """How many trials each class has."""
        return Rejected(self.bonafide.size, self.spoof.size)

    def spoof_below(self) -> Counts:
        """How many spoofed trials score below each bona fide one, and at the end all of them: ``(bona fide + 1,)``.

        At position ``k`` stands how many spoofed trials are rejected where the ``k`` lowest bona fide ones are, and no
        threshold can do better: these are the corners of the error curve.
        """
        return np.append(np.searchsorted(self.spoof, self.bonafide, side="left"), self.spoof.size)

    def below(self, score: float) -> Rejected:
        """The trials that score lower than this."""
        return Rejected(int(np.searchsorted(self.bonafide, score)), int(np.searchsorted(self.spoof, score)))

    def up_to(self, score: float) -> Rejected:
        """The trials that score at most this: those that this threshold rejects."""
        bonafide, spoof = (np.searchsorted(scores, score, side="right") for scores in self)
        return Rejected(int(bonafide), int(spoof))

    def threshold(self, rejected: Rejected) -> float:
        """The highest score among the rejected trials, or one below all scores if there are none."""
        highest = [scores[count - 1] for scores, count in zip(self, rejected, strict=True) if count]
        if highest:
            return float(max(highest))
        return float(min(self.bonafide[0], self.spoof[0])) - BELOW_ALL_SCORES


def split_by_label(scores: ArrayLike, labels: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Scores of the bona fide and of the spoofed trials.

    Raises:
        ValueError: If they differ in length, or a label is neither 0 nor 1.
    """
    scores, labels = np.asarray(scores), np.asarray(labels)
    if scores.shape != labels.shape or scores.ndim != 1:
        raise ValueError(f"found scores {scores.shape} and labels {labels.shape}, expected (trials,) for both")
    bonafide, spoof = labels == 1, labels == 0
    if not (bonafide | spoof).all():
        raise ValueError(f"found labels {np.unique(labels)[:5]}, expected 1 for bona fide and 0 for spoof")
    return scores[bonafide], scores[spoof]


def as_scores(scores: ArrayLike, name: str) -> Scores:
    """Check scores of one class: a flat, non-empty array of numbers.

    Raises:
        ValueError: For an empty array or NaN, naming the class and the first position.
    """
    array = _flat(scores, name)
    bad = np.isnan(array)
    if bad.any():
        raise ValueError(
            f"found NaN in {bad.sum()} of {array.size} {name} scores, first at position {bad.argmax()}: "
            "mend or leave out those trials"
        )
    return array


def sort_scores(scores: ArrayLike, name: str) -> Scores:
    """Check scores of one class and put them in rising order; see :func:`as_scores`."""
    ordered = np.sort(_flat(scores, name))
    if np.isnan(ordered[-1]):  # NaN is sorted to the end, so one look is enough
        as_scores(scores, name)
    return ordered


def _flat(scores: ArrayLike, name: str) -> Scores:
    array = np.asarray(scores).ravel()
    if array.size == 0:
        raise ValueError(f"found no {name} score; error rates need at least one trial of each class")
    return array if np.issubdtype(array.dtype, np.floating) else array.astype(np.float64)
