"""Sorted scores of a countermeasure and error rates of a speaker verification system in, the minimum tandem cost out.

The tandem detection cost function (t-DCF) says what a countermeasure (CM) is worth to the automatic speaker
verification (ASV) that it protects. The two challenges define it differently, and one system's values are far apart:

- ``v1``, ASVspoof 2019 (Kinnunen et al. 2018, "t-DCF: a detection cost function for the tandem assessment of spoofing
  countermeasures and automatic speaker verification"): normalised by the better of the two CMs that decide nothing.
- ``v2``, ASVspoof 2021 (Kinnunen et al. 2020, "Tandem assessment of spoofing countermeasures and automatic speaker
  verification: fundamentals"), ASV-constrained: the floor of a perfect CM stays in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from lightning_modules.metrics.dcf import corner_rates
from lightning_modules.metrics.eer import equal_error_rate
from lightning_modules.metrics.trials import SortedTrials, as_scores

TandemVersion = Literal["v1", "v2"]
TANDEM_VERSIONS: tuple[TandemVersion, ...] = get_args(TandemVersion)


@dataclass(frozen=True)
class TandemCosts:
    """Priors and costs of the tandem; as given, those of ASVspoof 2019 and 2021.

    Attributes:
        p_spoof: Prior probability of a spoofing attack.
        p_target: Prior probability of a target speaker, attacks aside.
        miss: Cost of rejecting a target speaker.
        false_acceptance: Cost of accepting another speaker.
        spoof_acceptance: Cost of accepting a spoof.
    """

    p_spoof: float = 0.05
    p_target: float = 0.99
    miss: float = 1.0
    false_acceptance: float = 10.0
    spoof_acceptance: float = 10.0


ASVSPOOF = TandemCosts()


@dataclass(frozen=True)
class AsvErrors:
    """Error rates of the speaker verification at its threshold, as fractions.

    Attributes:
        threshold: At or above it the ASV accepts.
        eer: Of targets against non-targets.
        miss: Share of target trials rejected.
        false_acceptance: Share of non-target trials accepted.
        spoof_miss: Share of spoofed trials rejected.
    """

    threshold: float
    eer: float
    miss: float
    false_acceptance: float
    spoof_miss: float


def asv_errors(target: ArrayLike, nontarget: ArrayLike, spoof: ArrayLike) -> AsvErrors:
    """Error rates of an ASV at the threshold of its own EER (``legacy``), as both challenges fix it.

    Args:
        target: Scores of the claimed speaker's own trials, higher for more alike.
        nontarget: Scores of other speakers' trials.
        spoof: Scores of spoofed trials.

    Raises:
        ValueError: If one of them is empty or has NaN.
    """
    target, nontarget, spoof = (
        as_scores(scores, name)
        for scores, name in ((target, "ASV target"), (nontarget, "ASV non-target"), (spoof, "ASV spoof"))
    )
    eer, threshold = equal_error_rate(target, nontarget)
    return AsvErrors(
        threshold=threshold,
        eer=eer,
        miss=float(np.mean(target < threshold)),
        false_acceptance=float(np.mean(nontarget >= threshold)),
        spoof_miss=float(np.mean(spoof < threshold)),
    )


@dataclass(frozen=True)
class AsvScores:
    """Scores of an ASV system, higher for more alike.

    Attributes:
        target: ``(target trials,)``.
        nontarget: ``(non-target trials,)``.
        spoof: ``(spoofed trials,)``.
        attacks: The attack of each spoofed trial, where known.
    """

    target: ArrayLike
    nontarget: ArrayLike
    spoof: ArrayLike
    attacks: Sequence[str] | None = None

    def errors(self, attack: str | None = None) -> AsvErrors | None:
        """Error rates against all spoofs, or against those of one attack.

        None where there are no such trials, or the ASV rejects them all: then there is no t-DCF.
        """
        spoof = np.asarray(self.spoof)
        if attack is not None:
            if self.attacks is None:
                return None
            spoof = spoof[np.asarray(self.attacks, dtype=str) == attack]
        errors = asv_errors(self.target, self.nontarget, spoof) if spoof.size else None
        return None if attack is not None and errors is not None and errors.spoof_miss == 1 else errors


@dataclass(frozen=True)
class TandemWeights:
    """The t-DCF as a function of the CM's error rates: ``floor + miss * FRR + false_acceptance * FAR``."""

    floor: float
    miss: float
    false_acceptance: float

    @classmethod
    def of(cls, asv: AsvErrors, version: TandemVersion, costs: TandemCosts = ASVSPOOF) -> "TandemWeights":
        """Weights that an ASV and the costs imply.

        Raises:
            ValueError: For an ASV so bad that a weight is not above 0 and the t-DCF says nothing of the CM.
        """
        if version not in TANDEM_VERSIONS:
            raise ValueError(f"found version={version!r}, expected one of {', '.join(TANDEM_VERSIONS)}")
        target = (1 - costs.p_spoof) * costs.p_target * costs.miss
        nontarget = (1 - costs.p_spoof) * (1 - costs.p_target) * costs.false_acceptance
        without_spoofs = target * asv.miss + nontarget * asv.false_acceptance  # what the ASV alone errs
        weights = cls(
            floor=without_spoofs if version == "v2" else 0.0,
            miss=target - without_spoofs,
            false_acceptance=costs.p_spoof * costs.spoof_acceptance * (1 - asv.spoof_miss),
        )
        if min(weights.miss, weights.false_acceptance) <= 0:
            raise ValueError(
                f"the t-DCF is undefined with an ASV of {asv.eer:.1%} EER that misses {asv.miss:.1%} of targets and "
                f"rejects {asv.spoof_miss:.1%} of spoofs: check its scores, of which higher must mean more alike"
            )
        return weights


def min_tdcf(trials: SortedTrials, asv: AsvErrors, version: TandemVersion, costs: TandemCosts = ASVSPOOF) -> float:
    """Normalised t-DCF at the best of all CM thresholds.

    Args:
        trials: Scores of the CM.
        asv: Error rates of the ASV that it protects.
        version: ``v1`` or ``v2``; see the module's description.
        costs: Priors and costs.

    Raises:
        ValueError: For an ASV with which the t-DCF is undefined.
    """
    weights = TandemWeights.of(asv, version, costs)
    frr, far = corner_rates(trials)
    cost = weights.floor + weights.miss * frr + weights.false_acceptance * far
    return float(cost.min()) / (weights.floor + min(weights.miss, weights.false_acceptance))
