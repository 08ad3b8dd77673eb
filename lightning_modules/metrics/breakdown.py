"""Scored trials and what is known of each in, the measures of every attack and of every condition out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lightning_modules.metrics.measures import Measures, measure
from lightning_modules.metrics.tdcf import AsvErrors
from lightning_modules.metrics.trials import SortedTrials, as_scores, split_by_label

DURATION_EDGES_S = (1.0, 2.0, 3.0, 4.0, 6.0, 10.0)


@dataclass(frozen=True)
class Condition:
    """The trials of one speaker, codec or duration.

    Attributes:
        bonafide: Number of bona fide trials.
        spoof: Number of spoofed trials.
        frr: Share of the bona fide trials rejected at the threshold that all conditions share; none without any.
        far: Share of the spoofed trials accepted there; none without any.
        measures: Without a threshold; none where a class is missing.
    """

    bonafide: int
    spoof: int
    frr: float | None
    far: float | None
    measures: Measures | None


def by_attack(
    scores: ArrayLike,
    labels: ArrayLike,
    attacks: Sequence[str],
    asv_of: Callable[[str], AsvErrors | None] = lambda attack: None,  # noqa: ARG005
) -> dict[str, Measures]:
    """Measure each attack's spoofed trials against *all* bona fide trials, as the ASVspoof challenges define it.

    Args:
        scores: ``(trials,)``, higher for more bona fide.
        labels: ``(trials,)``, 1 for bona fide and 0 for spoof.
        attacks: The attack of each trial; what stands at bona fide trials does not matter.
        asv_of: Error rates of the ASV against the spoofs of an attack, for the t-DCF.

    Returns:
        Measures in the order of the attacks' names.

    Raises:
        ValueError: If the three differ in length, a score is NaN, or there is no bona fide trial.
    """
    bonafide, spoof = split_by_label(scores, labels)
    _check(attacks, "attacks", bonafide.size + spoof.size)
    bonafide = np.sort(as_scores(bonafide, "bona fide"))  # once for all attacks
    of_spoof = np.asarray(attacks, dtype=object)[np.asarray(labels) == 0]
    return {
        name: measure(SortedTrials.of(bonafide, spoof[rows]), asv_of(name)) for name, rows in groups(of_spoof).items()
    }


def by_condition(
    scores: ArrayLike, labels: ArrayLike, conditions: Sequence[str], threshold: float
) -> dict[str, Condition]:
    """Measure the trials of each condition, bona fide and spoofed ones: a codec or a speaker has both.

    Args:
        scores: ``(trials,)``, higher for more bona fide.
        labels: ``(trials,)``, 1 for bona fide and 0 for spoof.
        conditions: The condition of each trial.
        threshold: Trials are accepted where their score is higher.

    Returns:
        Conditions in the order of their names.

    Raises:
        ValueError: If the three differ in length, or a score is NaN.
    """
    scores, labels = np.asarray(scores), np.asarray(labels)
    split_by_label(scores, labels)
    _check(conditions, "conditions", scores.size)
    return {name: _condition(scores[rows], labels[rows], threshold) for name, rows in groups(conditions).items()}


def groups(names: Sequence[str] | NDArray[np.object_]) -> dict[str, NDArray[np.intp]]:
    """Name -> positions ``(trials of that name,)`` where it stands, in the order of the names."""
    codes, known = pd.factorize(np.asarray(names, dtype=object), sort=True)
    parts = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    return {str(name): part for name, part in zip(known, parts, strict=True)}


def duration_bins(durations_s: ArrayLike) -> list[str]:
    """Name the bin of each duration in seconds, such as ``2-3 s``; names sort as durations do up to 10 s."""
    edges = [0.0, *DURATION_EDGES_S]
    names = [f"{low:g}-{high:g} s" for low, high in pairwise(edges)] + [f">={edges[-1]:g} s"]
    return [names[index] for index in np.searchsorted(DURATION_EDGES_S, np.asarray(durations_s), side="right")]


def _condition(scores: NDArray[np.floating], labels: NDArray[np.integer], threshold: float) -> Condition:
    bonafide, spoof = split_by_label(scores, labels)
    return Condition(
        bonafide=bonafide.size,
        spoof=spoof.size,
        frr=float(np.mean(bonafide <= threshold)) if bonafide.size else None,
        far=float(np.mean(spoof > threshold)) if spoof.size else None,
        measures=measure(SortedTrials.of(bonafide, spoof)) if bonafide.size and spoof.size else None,
    )


def _check(names: Sequence[str], what: str, trials: int) -> None:
    if len(names) != trials:
        raise ValueError(f"found {len(names)} {what} for {trials} scores, expected as many")
