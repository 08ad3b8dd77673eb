"""Raw scores and labels of the dev trials in, a map from scores to log-likelihood ratios out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

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

    Both classes weigh the same whatever their numbers (Brümmer and du Preez 2006, "Application-independent evaluation
    of speaker detection"). A ridge of one trial's weight on the scale, in units of the scores' deviation, keeps it
    finite where the classes do not overlap; among thousands of trials it does not show.

    Args:
        scores: ``(trials,)`` of the dev partition, higher for more bona fide, finite.
        labels: ``(trials,)``, 1 for bona fide and 0 for spoof.

    Raises:
        ValueError: For an empty class, NaN or infinity, or other labels.
    """
    bonafide, spoof = split_by_label(scores, labels)
    pooled = np.concatenate((as_scores(bonafide, "bona fide"), as_scores(spoof, "spoof"))).astype(np.float64)
    if not np.isfinite(pooled).all():
        raise ValueError("found infinite scores, which no affine map can calibrate: leave those trials out")
    centre, spread = float(pooled.mean()), float(pooled.std())
    if spread == 0:
        return Calibration(scale=0.0, offset=0.0)  # constant scores are no evidence
    regression = LogisticRegression(C=1.0, class_weight="balanced", tol=1e-8)
    regression.fit((pooled[:, None] - centre) / spread, np.repeat([1, 0], [bonafide.size, spoof.size]))
    scale = float(regression.coef_[0, 0]) / spread
    return Calibration(scale=scale, offset=float(regression.intercept_[0]) - scale * centre)
