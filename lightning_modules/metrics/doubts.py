"""Sorted scores and their measures in, what is suspicious about them out, in words with the evidence."""

import math

import numpy as np

from lightning_modules.metrics.eer import sorted_equal_error_rate
from lightning_modules.metrics.measures import Measures
from lightning_modules.metrics.trials import SortedTrials

CHANCE = 0.5
HEAVY_TIES = 0.01  # share of all trials that tie with one of the other class
VARIANTS_APART = 0.001  # between an EER that counts ties against the system, and one that groups them


def doubts(trials: SortedTrials, measures: Measures, *, calibrated: bool = False) -> list[str]:
    """Say what may be wrong with scores, though they can be measured.

    Args:
        trials: Scores of the countermeasure.
        measures: What they came to.
        calibrated: They are known to be log-likelihood ratios, fitted on other trials: nothing is guessed from their
            range.
    """
    checks = (inverted, _calibration_fails if calibrated else _no_likelihood_ratios, _infinite, _ties)
    return [doubt for check in checks if (doubt := check(trials, measures))]


def are_likelihood_ratios(trials: SortedTrials) -> bool:
    """Whether scores may be log-likelihood ratios: such are not all within -1 and 1."""
    low, high = _range(trials)
    return low == high or low < -1 or high > 1


def _range(trials: SortedTrials) -> tuple[float, float]:
    return float(min(trials.bonafide[0], trials.spoof[0])), float(max(trials.bonafide[-1], trials.spoof[-1]))


def inverted(trials: SortedTrials, measures: Measures) -> str | None:
    """Say so if a higher score seems to mean more spoof; none if not."""
    if measures.eer_grouped <= CHANCE:
        return None
    negated = SortedTrials(-trials.bonafide[::-1], -trials.spoof[::-1])
    return (
        f"EER {measures.eer:.2%} is worse than chance: is a higher score more spoof here? "
        f"Negated, the scores have an EER of {sorted_equal_error_rate(negated).eer:.2%}"
    )


def _no_likelihood_ratios(trials: SortedTrials, measures: Measures) -> str | None:
    low, high = _range(trials)
    meaningless = f"actDCF {measures.act_dcf:.2f} and Cllr {measures.cllr:.2f} say nothing of them"
    if not are_likelihood_ratios(trials):
        return (
            f"the scores lie between {low:.3g} and {high:.3g}, as probabilities or cosines do: {meaningless}, "
            "they need natural-log likelihood ratios (log p/(1-p) at equal priors, or calibrate on dev)"
        )
    if _decide_nothing(measures):
        return f"{_undecided(measures)}: they are no calibrated log-likelihood ratios, and {meaningless}"
    return None


def _calibration_fails(_: SortedTrials, measures: Measures) -> str | None:
    if not _decide_nothing(measures):
        return None
    return f"{_undecided(measures)}: their calibration does not hold on these trials"


def _decide_nothing(measures: Measures) -> bool:
    return measures.act_dcf >= 1 > 2 * measures.min_dcf


def _undecided(measures: Measures) -> str:
    return (
        "at the Bayes threshold the scores decide no better than always saying the same, though minDCF is "
        f"{measures.min_dcf:.3f}"
    )


def _infinite(trials: SortedTrials, measures: Measures) -> str | None:
    infinite = sum(int(np.isinf(scores).sum()) for scores in trials)
    if not infinite:
        return None
    cost = "infinite" if math.isinf(measures.cllr) else f"{measures.cllr:.2f}"
    return f"{infinite} scores are infinite; Cllr is {cost}"


def _ties(trials: SortedTrials, measures: Measures) -> str | None:
    scores, counts = np.unique(np.concatenate(trials), return_counts=True)
    shared = np.isin(scores, trials.bonafide) & np.isin(scores, trials.spoof)
    tied = int(counts[shared].sum())
    all_trials = measures.bonafide + measures.spoof
    if tied <= HEAVY_TIES * all_trials or abs(measures.eer - measures.eer_grouped) <= VARIANTS_APART:
        return None
    return (
        f"{tied:,} of {all_trials:,} trials have the score of a trial of the other class ({scores.size:,} different "
        f"scores): the EER is {measures.eer:.2%} legacy, {measures.eer_grouped:.2%} grouped, "
        f"{measures.eer_rocch:.2%} rocch. Saturated or coarsely rounded scores?"
    )
