"""Scores of the trials, and their speakers if known, in; a confidence interval of the EER out."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lightning_modules.metrics.eer import (
    Counts,
    Rejected,
    SortedTrials,
    crossing,
    equal_error_rate,
    nearest,
)
from lightning_modules.metrics.trials import Scores, as_scores, split_by_label

Weights = tuple[Counts, Counts]  # how often each bona fide trial, and each slot between two of them, was drawn


class ConfidenceInterval(NamedTuple):
    """An EER (``legacy``) with its percentile interval, fractions all, and how it was come by."""

    eer: float
    low: float
    high: float
    level: float
    resamples: int
    unit: Literal["trial", "speaker"]


def bootstrap_eer(
    scores: ArrayLike,
    labels: ArrayLike,
    speakers: Sequence[str] | None = None,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> ConfidenceInterval:
    """Percentile bootstrap (Efron 1979) of the EER.

    With speakers, whole speakers are drawn with replacement, because trials of one speaker are not independent: an
    interval by trials would be too narrow. Without, trials are drawn, each class apart.

    Args:
        scores: ``(trials,)``, higher for more bona fide.
        labels: ``(trials,)``, 1 for bona fide and 0 for spoof.
        speakers: Speaker of each trial, if the protocol names them.
        resamples: How many resamples.
        level: Coverage of the interval, between 0 and 1.
        seed: Seed of the draws.

    Raises:
        ValueError: For an empty class, NaN, other lengths, one speaker only, or a level outside (0, 1).
    """
    bonafide, spoof = split_by_label(scores, labels)
    bonafide, spoof = as_scores(bonafide, "bona fide"), as_scores(spoof, "spoof")
    if not 0 < level < 1 or resamples < 1:
        raise ValueError(f"found level={level} and resamples={resamples}, expected 0 < level < 1 and resamples >= 1")
    rng = np.random.default_rng(seed)
    if speakers is None:
        draw = _trial_draw(bonafide, spoof, rng)
    else:
        if len(speakers) != bonafide.size + spoof.size:
            raise ValueError(f"found {len(speakers)} speakers for {bonafide.size + spoof.size} trials")
        bona_fide = np.asarray(labels) == 1
        _, ids = np.unique(np.asarray(speakers, dtype=str), return_inverse=True)
        draw = _speaker_draw(bonafide, ids[bona_fide], spoof, ids[~bona_fide], rng)
    eers = np.array([_weighted_eer(draw()) for _ in range(resamples)])
    low, high = np.quantile(eers, [(1 - level) / 2, (1 + level) / 2])
    return ConfidenceInterval(
        eer=equal_error_rate(bonafide, spoof).eer,
        low=float(low),
        high=float(high),
        level=level,
        resamples=resamples,
        unit="trial" if speakers is None else "speaker",
    )


def _trial_draw(bonafide: Scores, spoof: Scores, rng: np.random.Generator) -> Callable[[], Weights]:
    """Draw trials: for the EER of a resample it is enough to know how many spoofed trials fell in each slot."""
    n, m = bonafide.size, spoof.size
    slot_sizes = np.diff(SortedTrials(np.sort(bonafide), np.sort(spoof)).spoof_below_bonafide(), prepend=0)
    occupied = np.flatnonzero(slot_sizes)  # a multinomial draw costs time for every slot, the empty ones too
    chances = slot_sizes[occupied] / m

    def draw() -> Weights:
        slots = np.zeros(n + 1, dtype=np.int64)
        slots[occupied] = rng.multinomial(m, chances)
        return np.bincount(rng.integers(n, size=n), minlength=n), slots

    return draw


def _speaker_draw(
    bonafide: Scores,
    bonafide_ids: Counts,
    spoof: Scores,
    spoof_ids: Counts,
    rng: np.random.Generator,
) -> Callable[[], Weights]:
    """Draw speakers, each with all its trials; a draw that leaves a class empty has no EER and is drawn anew."""
    speakers = 1 + max(int(bonafide_ids.max()), int(spoof_ids.max()))
    if speakers == 1:
        raise ValueError("found one speaker only, whose resamples are all the same: bootstrap by trials instead")
    order = np.argsort(bonafide, kind="stable")
    bonafide_ids = bonafide_ids[order]
    slots = np.searchsorted(bonafide[order], np.sort(spoof), side="right")
    spoof_ids = spoof_ids[np.argsort(spoof, kind="stable")]

    def draw() -> Weights:
        while True:
            weights = np.bincount(rng.integers(speakers, size=speakers), minlength=speakers)
            bonafide_weights, spoof_weights = weights[bonafide_ids], weights[spoof_ids]
            if bonafide_weights.any() and spoof_weights.any():
                drawn = np.bincount(slots, weights=spoof_weights, minlength=bonafide.size + 1)
                return bonafide_weights, drawn.astype(np.int64)

    return draw


def _weighted_eer(weights: Weights) -> float:
    """EER (``legacy``) of a resample."""
    bonafide, spoof = np.append(0, np.cumsum(weights[0])), np.cumsum(weights[1])
    _, eer = nearest(crossing(bonafide, spoof), Rejected(int(bonafide[-1]), int(spoof[-1])))
    return eer
