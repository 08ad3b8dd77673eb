"""Scores, labels and a stated threshold in; decisions, their counts and the usual rates out."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import classification_report

from lightning_modules.metrics.trials import split_by_label

ClassName = Literal["spoof", "bonafide"]
CLASS_NAMES: tuple[ClassName, ClassName] = ("spoof", "bonafide")


@dataclass(frozen=True)
class Classification:
    """Counts and rates of hard decisions. Rates are fractions; one with nothing to count is 0.

    Attributes:
        threshold: Trials are called bona fide where their score is higher than this.
        positive: The class that precision, recall and F1 are about.
        confusion: Counts ``[truth][decision]``, both in the order (spoof, bona fide).
        frr: Share of the bona fide trials rejected.
        far: Share of the spoofed trials accepted.
        accuracy: Share of right decisions; with unbalanced classes it flatters who always names the larger one.
        balanced_accuracy: Mean of the two classes' shares of right decisions.
        precision: Share of the trials called positive that are.
        recall: Share of the positive trials called so.
        f1: Harmonic mean of precision and recall.
    """

    threshold: float
    positive: ClassName
    confusion: tuple[tuple[int, int], tuple[int, int]]
    frr: float
    far: float
    accuracy: float
    balanced_accuracy: float
    precision: float
    recall: float
    f1: float


def decide(scores: ArrayLike, threshold: float) -> NDArray[np.int64]:
    """Labels ``(trials,)``: 1, bona fide, for scores above the threshold, 0, spoof, at or below it."""
    return (np.asarray(scores) > threshold).astype(np.int64)


def classify(
    scores: ArrayLike, labels: ArrayLike, threshold: float, positive: ClassName = "bonafide"
) -> Classification:
    """Count decisions at a threshold and derive the usual rates.

    Args:
        scores: ``(trials,)``, higher for more bona fide.
        labels: ``(trials,)``, 1 for bona fide and 0 for spoof.
        threshold: Where to decide; choose it on dev, never on the trials it is judged by.
        positive: The class that precision, recall and F1 are about.

    Raises:
        ValueError: For labels other than 0 and 1, another number of them, or a class without trials.
    """
    bonafide, spoof = split_by_label(scores, labels)
    if not (bonafide.size and spoof.size):
        raise ValueError(f"found {bonafide.size} bona fide and {spoof.size} spoofed trials, expected some of each")
    accepted_bonafide, accepted_spoof = int((bonafide > threshold).sum()), int((spoof > threshold).sum())
    confusion = (
        (spoof.size - accepted_spoof, accepted_spoof),
        (bonafide.size - accepted_bonafide, accepted_bonafide),
    )
    index = CLASS_NAMES.index(positive)
    hits = confusion[index][index]
    precision = _share(hits, confusion[0][index] + confusion[1][index])
    recall = _share(hits, sum(confusion[index]))
    right = confusion[0][0] + confusion[1][1]
    return Classification(
        threshold=float(threshold),
        positive=positive,
        confusion=confusion,
        frr=confusion[1][0] / bonafide.size,
        far=accepted_spoof / spoof.size,
        accuracy=right / (bonafide.size + spoof.size),
        balanced_accuracy=(confusion[0][0] / spoof.size + confusion[1][1] / bonafide.size) / 2,
        precision=precision,
        recall=recall,
        f1=_share(2 * precision * recall, precision + recall),
    )


def report_text(scores: ArrayLike, labels: ArrayLike, threshold: float) -> str:
    """scikit-learn's classification report with the threshold and the rule in its first line."""
    table = classification_report(
        np.asarray(labels),
        decide(scores, threshold),
        labels=[0, 1],
        target_names=CLASS_NAMES,
        digits=4,
        zero_division=0,
    )
    return f"bonafide where score > {threshold:.6g}, else spoof\n\n{table}"


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
