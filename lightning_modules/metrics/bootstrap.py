"""Scores of the trials, and their speakers if known, in; confidence intervals of EERs and of their difference out.

Where the protocol names speakers, whole speakers are drawn, because trials of one speaker are not independent: an
interval by trials would be too narrow. Otherwise trials are drawn, each class apart.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lightning_modules.metrics.eer import equal_error_rate
from lightning_modules.metrics.resampling import (
    Ranking,
    eers_by_speaker,
    eers_by_trial,
    eers_of_weights,
    speaker_weights,
    trial_weights,
)
from lightning_modules.metrics.trials import as_scores, split_by_label

Unit = Literal["trial", "speaker"]
LEVEL = 0.95
RESAMPLES = 1000


class ConfidenceInterval(NamedTuple):
    """An EER (``legacy``) with its percentile interval, fractions all, and how it was come by."""

    eer: float
    low: float
    high: float
    level: float
    resamples: int
    unit: Unit


class Difference(NamedTuple):
    """How much higher one system's EER (``legacy``) is than another's on the same trials, fractions all.

    Attributes:
        eer: Of the system.
        other: EER of the other.
        difference: ``eer - other``.
        low: Lower end of its percentile interval.
        high: Upper end.
        p_value: Two-sided: how often as large a difference is seen by chance where there is none.
        level: Coverage of the interval.
        resamples: How many resamples.
        unit: What was drawn.
    """

    eer: float
    other: float
    difference: float
    low: float
    high: float
    p_value: float
    level: float
    resamples: int
    unit: Unit


def bootstrap_eer(
    scores: ArrayLike,
    labels: ArrayLike,
    speakers: Sequence[str] | None = None,
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> ConfidenceInterval:
    """Percentile bootstrap (Efron 1979) of the EER.

    Args:
        scores: ``(trials,)``, higher for more bona fide.
        labels: ``(trials,)``, 1 for bona fide and 0 for spoof.
        speakers: Speaker of each trial, if the protocol names them.
        resamples: How many resamples.
        level: Coverage of the interval, between 0 and 1.
        seed: Seed of the draws.

    Raises:
        ValueError: For an empty class, NaN, other lengths, one speaker only in a class, or a level outside (0, 1).
    """
    _check(resamples, level)
    bonafide, spoof = _classes(scores, labels)
    ranking = Ranking.of(bonafide, spoof)
    rng = np.random.default_rng(seed)
    if speakers is None:
        eers = eers_by_trial(ranking, resamples, rng)
    else:
        ids = speaker_ids(speakers, labels)
        eers = eers_by_speaker(ranking, ids, speaker_weights(ids, resamples, rng))
    low, high = _interval(eers, level)
    unit: Unit = "trial" if speakers is None else "speaker"
    return ConfidenceInterval(equal_error_rate(bonafide, spoof).eer, low, high, level, resamples, unit)


def bootstrap_difference(
    scores: ArrayLike,
    other_scores: ArrayLike,
    labels: ArrayLike,
    speakers: Sequence[str] | None = None,
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> Difference:
    """Paired bootstrap of the difference between two systems' EERs: both are measured on every resample.

    The p-value is twice the smaller share of the resampled differences on either side of 0, in which the sample itself
    counts as one, so that it is never 0 (Davison and Hinkley 1997).

    Args:
        scores: ``(trials,)`` of the system, higher for more bona fide.
        other_scores: ``(trials,)`` of the other system, on the same trials in the same order.
        labels: ``(trials,)``, 1 for bona fide and 0 for spoof.
        speakers: Speaker of each trial, if the protocol names them.
        resamples: How many resamples.
        level: Coverage of the interval, between 0 and 1.
        seed: Seed of the draws.

    Raises:
        ValueError: For an empty class, NaN, other lengths, one speaker only in a class, or a level outside (0, 1).
    """
    return bootstrap_mean_difference(
        [scores], [other_scores], labels, speakers, resamples=resamples, level=level, seed=seed
    )


def bootstrap_mean_difference(
    scores: Sequence[ArrayLike],
    other_scores: Sequence[ArrayLike],
    labels: ArrayLike,
    speakers: Sequence[str] | None = None,
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> Difference:
    """Paired bootstrap of the difference between two systems' mean EERs over several trainings of each.

    Trials, or speakers, are drawn, and the trainings as well: the k-th of one system together with the k-th of the
    other, which had the same seed. Few trainings are drawn from too narrowly: the variance of n of them is taken for
    (n - 1) / n of what it is.

    Args:
        scores: ``(trainings, trials)`` of the system, higher for more bona fide.
        other_scores: ``(trainings, trials)`` of the other system, on the same trials in the same order.
        labels: ``(trials,)``, 1 for bona fide and 0 for spoof.
        speakers: Speaker of each trial, if the protocol names them.
        resamples: How many resamples.
        level: Coverage of the interval, between 0 and 1.
        seed: Seed of the draws.

    Raises:
        ValueError: For unequal numbers of trainings or none, an empty class, NaN, other lengths, one speaker only in a
            class, or a level outside (0, 1).
    """
    _check(resamples, level)
    trainings = len(scores)
    if trainings != len(other_scores) or not trainings:
        raise ValueError(f"found {trainings} and {len(other_scores)} trainings to compare, expected equally many")
    classes = [_classes(of_training, labels) for of_training in (*scores, *other_scores)]
    rng = np.random.default_rng(seed)
    eers = _paired_eers([Ranking.of(*each) for each in classes], labels, speakers, resamples, rng)
    drawn = rng.integers(trainings, size=(trainings, resamples))
    apart = eers[:trainings] - eers[trainings:]
    differences = np.take_along_axis(apart, drawn, axis=0).mean(axis=0)
    each = [equal_error_rate(*of_training).eer for of_training in classes]
    eer, other = float(np.mean(each[:trainings])), float(np.mean(each[trainings:]))
    low, high = _interval(differences, level)
    tail = min(int((differences <= 0).sum()), int((differences >= 0).sum()))
    p_value = min(1.0, 2 * (tail + 1) / (resamples + 1))
    unit: Unit = "trial" if speakers is None else "speaker"
    return Difference(eer, other, eer - other, low, high, p_value, level, resamples, unit)


def _paired_eers(
    rankings: Sequence[Ranking],
    labels: ArrayLike,
    speakers: Sequence[str] | None,
    resamples: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """EERs of systems, all on the same resamples: ``(systems, resamples)``."""
    if speakers is None:
        weights = trial_weights(rankings[0].totals, resamples, rng)
        return np.array([[eers_of_weights(ranking, *drawn) for ranking in rankings] for drawn in weights]).T
    ids = speaker_ids(speakers, labels)
    drawn = speaker_weights(ids, resamples, rng)
    return np.array([eers_by_speaker(ranking, ids, drawn) for ranking in rankings])


def speaker_ids(speakers: Sequence[str], labels: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Number the speakers: of the bona fide and of the spoofed trials, from 0.

    Raises:
        ValueError: If there are not as many as labels, or a class has one speaker only.
    """
    labels = np.asarray(labels)
    if len(speakers) != labels.size:
        raise ValueError(f"found {len(speakers)} speakers for {labels.size} trials")
    if fewest_speakers(speakers, labels) == 1:
        raise ValueError(
            "found one speaker only in a class, whose resamples are all the same: bootstrap by trials instead"
        )
    ids, _ = pd.factorize(np.asarray(speakers, dtype=object))
    return ids[labels == 1], ids[labels == 0]


def fewest_speakers(speakers: Sequence[str], labels: ArrayLike) -> int:
    """How many speakers that class has which has fewer: an interval by speaker is no surer than they are many."""
    names = np.asarray(speakers, dtype=object)
    return min(len(pd.unique(names[np.asarray(labels) == label])) for label in (0, 1))


def _classes(scores: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    bonafide, spoof = split_by_label(scores, labels)
    return as_scores(bonafide, "bona fide"), as_scores(spoof, "spoof")


def _interval(values: NDArray[np.float64], level: float) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _check(resamples: int, level: float) -> None:
    if not 0 < level < 1 or resamples < 1:
        raise ValueError(f"found level={level} and resamples={resamples}, expected 0 < level < 1 and resamples >= 1")
