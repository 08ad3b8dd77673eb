"""Sorted scores of each class in, every number that needs no decision threshold out."""

from dataclasses import dataclass

import numpy as np

from lightning_modules.metrics.dcf import act_dcf, cllr, min_cllr, min_dcf
from lightning_modules.metrics.eer import sorted_equal_error_rate
from lightning_modules.metrics.tdcf import AsvErrors, min_tdcf
from lightning_modules.metrics.trials import SortedTrials


@dataclass(frozen=True)
class Measures:
    """What the scores of some bona fide and some spoofed trials come to. Rates are fractions.

    Attributes:
        bonafide: Number of bona fide trials.
        spoof: Number of spoofed trials.
        eer: Equal error rate, ``legacy`` (ASVspoof toolkits).
        eer_grouped: The same where tied scores are one operating point.
        eer_rocch: The same on the ROC convex hull.
        min_tdcf_v1: Minimum t-DCF of ASVspoof 2019; none without an ASV.
        min_tdcf_v2: Minimum t-DCF of ASVspoof 2021; none without an ASV.
        min_dcf: Minimum of the normalised detection cost of ASVspoof 5.
        act_dcf: The same cost at the Bayes threshold, -ln 1.9.
        cllr: Cost of the scores as natural-log likelihood ratios, in bits.
        min_cllr: The same after the best monotonous recalibration.
        auc: Area under the ROC curve.
    """

    bonafide: int
    spoof: int
    eer: float
    eer_grouped: float
    eer_rocch: float
    min_tdcf_v1: float | None
    min_tdcf_v2: float | None
    min_dcf: float
    act_dcf: float
    cllr: float
    min_cllr: float
    auc: float


def measure(trials: SortedTrials, asv: AsvErrors | None = None) -> Measures:
    """Compute them all.

    Args:
        trials: Scores of the countermeasure.
        asv: Error rates of the speaker verification that it protects, if known.

    Raises:
        ValueError: For an ASV with which the t-DCF is undefined.
    """
    return Measures(
        bonafide=trials.bonafide.size,
        spoof=trials.spoof.size,
        eer=sorted_equal_error_rate(trials, "legacy").eer,
        eer_grouped=sorted_equal_error_rate(trials, "grouped").eer,
        eer_rocch=sorted_equal_error_rate(trials, "rocch").eer,
        min_tdcf_v1=min_tdcf(trials, asv, "v1") if asv else None,
        min_tdcf_v2=min_tdcf(trials, asv, "v2") if asv else None,
        min_dcf=min_dcf(trials),
        act_dcf=act_dcf(trials),
        cllr=cllr(trials),
        min_cllr=min_cllr(trials),
        auc=area_under_roc(trials),
    )


def area_under_roc(trials: SortedTrials) -> float:
    """Chance that a bona fide trial scores higher than a spoofed one; ties count half (Hanley and McNeil 1982)."""
    below, up_to = (np.searchsorted(trials.spoof, trials.bonafide, side=side).mean() for side in ("left", "right"))
    return float(below + up_to) / (2 * trials.spoof.size)
