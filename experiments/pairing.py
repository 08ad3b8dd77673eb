"""Scores of several systems on the same trials in, where each is better or worse than the first beyond chance out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from datamodules.manifest import UNKNOWN
from experiments.drift_measures import holm
from experiments.scored_trials import ScoredTrials
from lightning_modules.metrics.bootstrap import RESAMPLES, Difference, bootstrap_difference, fewest_speakers
from lightning_modules.metrics.breakdown import groups

ALPHA: Final = 0.05
Verdict = Literal["better", "worse", "undecided"]


@dataclass(frozen=True)
class Judged:
    """How a system's EER (``legacy``) differs from the first's, and whether that is more than chance.

    Attributes:
        difference: with its interval and the p-value of this one question.
        p_value: adjusted to how many questions are asked together (Holm).
        verdict: ``better`` for a lower EER, ``worse`` for a higher one, where the adjusted p-value is at most 0.05.
    """

    difference: Difference
    p_value: float
    verdict: Verdict


@dataclass(frozen=True)
class Pairing:
    """A system beside the first.

    Attributes:
        pooled: over all attacks; adjusted to the number of systems.
        attacks: each attack's trials with all bona fide trials; adjusted to the number of attacks. One whose trials
            are of a single speaker is left out where speakers are drawn.
    """

    pooled: Judged
    attacks: Mapping[str, Judged]


def pair(first: ScoredTrials, others: Sequence[ScoredTrials], resamples: int = RESAMPLES) -> list[Pairing]:
    """Compare systems with the first by the paired bootstrap, by speaker where speakers are known.

    Args:
        first: system that the others are held against.
        others: each with the same trials in the same order.
        resamples: at least; more are drawn where so few could not make any of the questions significant.
    """
    parts = _parts(first)
    resamples = enough(resamples, max(len(others), len(parts)))
    pooled = _judge([_difference(first, other, resamples) for other in others])
    pairings = []
    for other, whole in zip(others, pooled, strict=True):
        apart = [_difference(first.only(rows), other.only(rows), resamples) for rows in parts.values()]
        pairings.append(Pairing(whole, dict(zip(parts, _judge(apart), strict=True))))
    return pairings


def enough(resamples: int, questions: int) -> int:
    """Return as many resamples as it takes for the lowest p-value there is, 2 / (n + 1), to be below Holm's limit."""
    return max(resamples, math.ceil(2 * questions / ALPHA))


def _parts(scored: ScoredTrials) -> dict[str, list[bool]]:
    """Rows of each attack with all bona fide trials, where they can be resampled."""
    units, labels, parts = scored.resampling_units, scored.labels, {}
    spoofs = np.asarray(scored.attacks, dtype=object)[labels == 0]
    positions = np.flatnonzero(labels == 0)
    for attack, rows in groups(spoofs).items():
        wanted = labels == 1
        wanted[positions[rows]] = True
        chosen = np.flatnonzero(wanted)
        alone = units is not None and fewest_speakers([units[row] for row in chosen.tolist()], labels[chosen]) == 1
        if attack != UNKNOWN and not alone:
            parts[attack] = [bool(one) for one in wanted]
    return parts


def _difference(first: ScoredTrials, other: ScoredTrials, resamples: int) -> Difference:
    return bootstrap_difference(other.scores, first.scores, first.labels, first.resampling_units, resamples=resamples)


def _judge(differences: Sequence[Difference]) -> list[Judged]:
    adjusted = holm([difference.p_value for difference in differences])
    return [
        Judged(difference, p_value, _verdict(difference, p_value))
        for difference, p_value in zip(differences, adjusted, strict=True)
    ]


def _verdict(difference: Difference, p_value: float) -> Verdict:
    if p_value > ALPHA or difference.difference == 0:
        return "undecided"
    return "better" if difference.difference < 0 else "worse"
