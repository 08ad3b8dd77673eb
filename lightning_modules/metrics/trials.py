"""Scores and labels as they come in, checked arrays per class out."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Scores = NDArray[np.floating]


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
    array = np.asarray(scores).ravel()
    if array.size == 0:
        raise ValueError(f"found no {name} score; error rates need at least one trial of each class")
    if not np.issubdtype(array.dtype, np.floating):
        array = array.astype(np.float64)
    bad = np.isnan(array)
    if bad.any():
        raise ValueError(
            f"found NaN in {bad.sum()} of {array.size} {name} scores, first at position {bad.argmax()}: "
            "mend or leave out those trials"
        )
    return array
