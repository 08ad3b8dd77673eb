"""Raw scores and labels of the dev trials in, a map from scores to log-likelihood ratios out; of several scores too."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from lightning_modules.metrics.trials import as_scores, split_by_label

DEFAULT_PRIOR = 0.5


@dataclass(frozen=True)
class Calibration:
    """An affine map from scores to natural-log likelihood ratios of bona fide against spoof.

    Attributes:
        scale: Factor; negative if the scores it was fitted on were the wrong way round.
        offset: Added after scaling.
    """

    scale: float = 1.0
    offset: float = 0.0

    def llr(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Log-likelihood ratios ``(trials,)``: positive where the evidence is for bona fide, whatever the prior."""
        return self.scale * np.asarray(scores, dtype=np.float64) + self.offset

    def probability(self, scores: ArrayLike, prior: float = DEFAULT_PRIOR) -> NDArray[np.float64]:
        """Probability of bona fide ``(trials,)``.

        Args:
            scores: Raw scores.
            prior: Share of bona fide trials expected in use, between 0 and 1.
        """
        probability: NDArray[np.float64] = expit(self.llr(scores) + logit(prior))
        return probability


def fit_calibration(scores: ArrayLike, labels: ArrayLike) -> Calibration:
    """Logistic regression in which either class weighs half, so that its logit is a log-likelihood ratio.

    Args:
        scores: ``(trials,)`` of the dev partition, higher for more bona fide, finite.
        labels: ``(trials,)``, 1 for bona fide and 0 for spoof.

    Raises:
        ValueError: For an empty class, NaN or infinity, or other labels.
    """
    fitted = fit_fusion(np.asarray(scores)[:, None], labels)
    return Calibration(scale=fitted.weights[0], offset=fitted.offset)


@dataclass(frozen=True)
class FusionWeights:
    """An affine map from the scores of several detectors to log-likelihood ratios.

    Attributes:
        weights: Of each detector's score.
        offset: Added to their weighted sum.
    """

    weights: tuple[float, ...]
    offset: float = 0.0

    def llr(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Log-likelihood ratios ``(trials,)`` of scores ``(trials, detectors)``."""
        return np.asarray(scores, dtype=np.float64) @ np.array(self.weights) + self.offset


def equal_weights(detectors: int) -> FusionWeights:
    """Return the mean, of scores that are log-likelihood ratios already."""
    return FusionWeights((1 / detectors,) * detectors)


def fit_fusion(scores: ArrayLike, labels: ArrayLike) -> FusionWeights:
    """Logistic regression on the scores of several detectors: linear calibration of one, linear fusion of more.

    Both classes weigh the same whatever their numbers (Brümmer and du Preez 2006, "Application-independent evaluation
    of speaker detection"; for several detectors, their toolkits FoCal and BOSARIS, Brümmer and de Villiers 2013,
    arXiv:1304.2865). A ridge of one trial's weight on the weights, in units of each score's deviation, keeps them
    finite where the classes do not overlap, and alike where detectors say the same; among thousands of trials it does
    not show.

    Args:
        scores: ``(trials, detectors)`` of the dev partition, higher for more bona fide, finite.
        labels: ``(trials,)``, 1 for bona fide and 0 for spoof.

    Raises:
        ValueError: For an empty class, NaN or infinity, or other labels.
    """
    columns = [_finite_by_label(column, labels) for column in np.asarray(scores).T]
    ordered, keys = np.column_stack([column for column, _ in columns]), columns[0][1]
    centres, spreads = ordered.mean(axis=0), ordered.std(axis=0)
    telling = np.ptp(ordered, axis=0) > 0  # constant scores are no evidence
    weights = np.zeros(len(spreads))
    if not telling.any():
        return FusionWeights(tuple(weights.tolist()))
    # Who scores by a calibration needs none of it, and it takes 90 MB.
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    regression = LogisticRegression(C=1.0, class_weight="balanced", tol=1e-8)
    regression.fit((ordered[:, telling] - centres[telling]) / spreads[telling], keys)
    weights[telling] = regression.coef_[0] / spreads[telling]
    return FusionWeights(tuple(weights.tolist()), float(regression.intercept_[0] - weights @ centres))


def _finite_by_label(scores: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Scores and labels, bona fide trials first."""
    bonafide, spoof = split_by_label(scores, labels)
    pooled = np.concatenate((as_scores(bonafide, "bona fide"), as_scores(spoof, "spoof"))).astype(np.float64)
    if not np.isfinite(pooled).all():
        raise ValueError("found infinite scores, which no affine map can calibrate: leave those trials out")
    return pooled, np.repeat([1, 0], [bonafide.size, spoof.size])
