"""Sorted scores of each class in, detection costs and the cost of log-likelihood ratios out.

ASVspoof 5 (Wang et al. 2024, "ASVspoof 5: crowdsourced speech data, deepfakes, and adversarial attacks at scale") ranks
countermeasures by the minimum of the normalised detection cost function (minDCF). How well the scores work as
log-likelihood ratios is told by its value at the Bayes threshold (actDCF) and by Cllr (Brümmer and du Preez 2006).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from lightning_modules.metrics.trials import Scores, SortedTrials


@dataclass(frozen=True)
class DetectionCosts:
    """What errors cost, and how often spoofs are expected; as given, the values of ASVspoof 5.

    Attributes:
        p_spoof: Prior probability of a spoofed trial, between 0 and 1.
        miss: Cost of rejecting a bona fide trial.
        false_acceptance: Cost of accepting a spoofed trial.
    """

    p_spoof: float = 0.05
    miss: float = 1.0
    false_acceptance: float = 10.0

    def __post_init__(self) -> None:
        if not (0 < self.p_spoof < 1 and self.miss > 0 and self.false_acceptance > 0):
            raise ValueError(f"found {self}, expected 0 < p_spoof < 1 and costs above 0")

    @property
    def rejecting_all(self) -> float:
        """Expected cost of rejecting every trial."""
        return self.miss * (1 - self.p_spoof)

    @property
    def accepting_all(self) -> float:
        """Expected cost of accepting every trial."""
        return self.false_acceptance * self.p_spoof

    @property
    def bayes_threshold(self) -> float:
        """Log-likelihood ratio above which accepting is cheaper than rejecting: -ln 1.9 for ASVspoof 5."""
        return math.log(self.accepting_all / self.rejecting_all)

    def normalised(
        self, frr: float | NDArray[np.float64], far: float | NDArray[np.float64]
    ) -> float | NDArray[np.float64]:
        """Expected cost at these error rates, in units of the better of accepting and rejecting everything."""
        return (self.rejecting_all * frr + self.accepting_all * far) / min(self.rejecting_all, self.accepting_all)


ASVSPOOF5 = DetectionCosts()


def min_dcf(trials: SortedTrials, costs: DetectionCosts = ASVSPOOF5) -> float:
    """Normalised detection cost at the best of all thresholds: between 0 and 1."""
    return float(np.min(costs.normalised(*corner_rates(trials))))


def act_dcf(trials: SortedTrials, costs: DetectionCosts = ASVSPOOF5) -> float:
    """Normalised detection cost at the Bayes threshold, for scores that are natural-log likelihood ratios.

    As in ASVspoof 5 a trial is accepted where its score is at or above the threshold.
    """
    rejected = trials.below(costs.bayes_threshold)
    n, m = trials.totals
    return float(costs.normalised(rejected.bonafide / n, 1 - rejected.spoof / m))


def cllr(trials: SortedTrials) -> float:
    """Cost of log-likelihood ratios in bits: 0 for perfect evidence, 1 for none; above 1 it misleads."""
    bonafide, spoof = (scores.astype(np.float64) for scores in trials)
    # logaddexp(0, s) is log(1 + exp(s)) without overflow.
    return float(np.logaddexp(0, -bonafide).mean() + np.logaddexp(0, spoof).mean()) / (2 * math.log(2))


def min_cllr(trials: SortedTrials) -> float:
    """Cllr after the best monotonous recalibration, found on these very trials: what discrimination alone costs.

    The recalibration is isotonic regression (pool adjacent violators) of the class on the score.
    """
    scores, group = np.unique(np.concatenate(trials), return_inverse=True)
    n, m = trials.totals
    bonafide = np.bincount(group[:n], minlength=scores.size)
    both = np.bincount(group)
    posterior = isotonic_regression(bonafide / both, weights=both).x
    with np.errstate(divide="ignore"):
        llr = np.log(posterior) - np.log1p(-posterior) - math.log(n / m)
    return (_mean_bits(-llr, bonafide) + _mean_bits(llr, both - bonafide)) / 2


def corner_rates(trials: SortedTrials) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """FRR and FAR ``(bona fide + 1,)`` of the thresholds among which the cheapest is, whatever the costs."""
    n, m = trials.totals
    return np.arange(n + 1) / n, 1 - trials.spoof_below() / m


def _mean_bits(losses: Scores, counts: NDArray[np.integer]) -> float:
    """Mean of log2(1 + exp(loss)) over the trials counted; a value that no trial has may be infinite."""
    some = counts > 0
    return float(np.average(np.logaddexp(0, losses[some]), weights=counts[some])) / math.log(2)
