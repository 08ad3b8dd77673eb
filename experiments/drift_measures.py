"""Two samples of a number in, how far their distributions are apart and whether chance alone would do that out.

The Population Stability Index (PSI) is the symmetric Kullback-Leibler divergence of two histograms, ``sum((q - p) *
log(q / p))``, over bins of equally many values of the reference (Siddiqi 2006, "Credit Risk Scorecards"; below 0.1
little, above 0.25 much). Two samples of one distribution have a PSI above 0 as well: of n and m values in B bins about
``(B - 1) * (1 / n + 1 / m)`` (Yurdakul 2018), which for 40 and 40 in ten bins is 0.45. So it is held
against the PSIs that the same values have when it is drawn by lot which sample each belongs to.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, ks_2samp

BINS: Final = 10
LEAST_IN_BIN: Final = 5
FEWEST: Final = 20
"""Values of a sample, at least: of fewer nothing is said."""
PERMUTATIONS: Final = 1999
CELLS: Final = 2000
"""Of many values, those that lie this close are one: bins of a tenth need no more."""
ALPHA: Final = 0.01
"""Of all the numbers that are looked at together: a monitor looks every day."""
MODERATE: Final = 0.1
MAJOR: Final = 0.25
_UNSEEN = 0.5
"""Added to each bin's count, or one empty bin would make the PSI infinite (Jeffreys)."""

Reading = Literal["none", "slight", "moderate", "major"]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Shift:
    """How far a number's distribution has moved.

    Attributes:
        psi: Population Stability Index.
        psi_by_chance: mean of it where samples of these sizes do not differ.
        psi_limit: 95th percentile of it there.
        p_value: how often as large a PSI is seen there.
        ks: largest difference of the two distribution functions.
        ks_p_value: two-sided, asymptotic or exact as the sizes allow.
        reference_median: of the reference.
        median: of the new values.
    """

    psi: float
    psi_by_chance: float
    psi_limit: float
    p_value: float
    ks: float
    ks_p_value: float
    reference_median: float
    median: float

    def reading(self, p_value: float) -> Reading:
        """The usual reading of what of the PSI is not by chance; none where all of it may be.

        Args:
            p_value: of the PSI, adjusted to how many numbers are looked at.
        """
        if p_value > ALPHA:
            return "none"
        beyond = self.psi - self.psi_by_chance
        return "major" if beyond >= MAJOR else "moderate" if beyond >= MODERATE else "slight"


@dataclass(frozen=True)
class ShareChange:
    """How a share has changed; fractions all.

    Attributes:
        reference: share in the reference.
        share: share in the new values.
        low: lower end of the 95 % interval of the difference.
        high: upper end.
    """

    reference: float
    share: float
    low: float
    high: float

    @property
    def is_certain(self) -> bool:
        """Whether no difference lies outside the interval."""
        return not self.low <= 0 <= self.high


def shift(reference: Values, new: Values, *, permutations: int = PERMUTATIONS, seed: int = 0) -> Shift:
    """Measure how far a number has moved.

    Args:
        reference: ``(n,)``.
        new: ``(m,)``.
        permutations: draws of which values are the reference.
        seed: of the draws.

    Raises:
        ValueError: too few values, or one that is not finite.
    """
    _check(reference, new)
    cells = _cells(np.concatenate((reference, new)))
    totals = np.bincount(cells)
    found = _psi(np.bincount(cells[: reference.size], minlength=totals.size), totals)
    # Which values are the reference's is drawn by lot; all that matters is how many of each cell are.
    lots = np.random.default_rng(seed).multivariate_hypergeometric(totals, reference.size, permutations, "marginals")
    drawn = np.array([_psi(lot, totals) for lot in lots])
    ks = ks_2samp(reference, new)
    return Shift(
        psi=found,
        psi_by_chance=float(drawn.mean()),
        psi_limit=float(np.quantile(drawn, 0.95)),
        p_value=float((1 + np.count_nonzero(drawn >= found)) / (1 + permutations)),
        ks=float(ks.statistic),
        ks_p_value=float(ks.pvalue),
        reference_median=float(np.median(reference)),
        median=float(np.median(new)),
    )


def share_change(reference: NDArray[np.bool_], new: NDArray[np.bool_]) -> ShareChange:
    """Compare how often something is true, with Newcombe's interval of the difference (1998, method 10)."""
    counts = [(int(np.count_nonzero(side)), int(side.size)) for side in (reference, new)]
    (p, (p_low, p_high)), (q, (q_low, q_high)) = [
        (hits / size, binomtest(hits, size).proportion_ci(0.95, "wilson")) for hits, size in counts
    ]
    return ShareChange(
        reference=p,
        share=q,
        low=float(q - p - np.hypot(q - q_low, p_high - p)),
        high=float(q - p + np.hypot(q_high - q, p - p_low)),
    )


def holm(p_values: list[float]) -> list[float]:
    """Return p-values that hold for all of several questions together (Holm 1979), in the same order."""
    order = np.argsort(p_values, kind="stable")
    scaled = np.asarray(p_values)[order] * (len(p_values) - np.arange(len(p_values)))
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    return adjusted.tolist()


def _cells(pooled: Values) -> NDArray[np.intp]:
    """Number each value ``(values,)`` by its rank: alike ones alike, and where there are very many, neighbours too."""
    _, place, counts = np.unique(pooled, return_inverse=True, return_counts=True)
    below = np.cumsum(counts) - counts
    cells = below * CELLS // pooled.size if counts.size > CELLS else below
    return np.unique(cells, return_inverse=True)[1][place]


def _psi(reference: NDArray[np.integer], totals: NDArray[np.integer]) -> float:
    """PSI of the reference's values in each cell against the others there."""
    starts = _bin_starts(reference)
    p, q = (np.add.reduceat(counts, starts) + _UNSEEN for counts in (reference, totals - reference))
    p, q = p / p.sum(), q / q.sum()
    return float(np.sum((q - p) * np.log(q / p)))


def _bin_starts(reference: NDArray[np.integer]) -> NDArray[np.intp]:
    """Where bins begin among the cells, of which the reference has so many each; alike values stay together.

    What lies below the reference is in the first bin, and what lies above it in the last. A value that fills a bin by
    itself, as a sample rate does, has one of its own: then it is told from what is below and above.
    """
    size = int(reference.sum())
    bins = max(2, min(BINS, size // LEAST_IN_BIN))
    cuts = np.searchsorted(np.cumsum(reference), np.arange(1, bins) * size / bins) + 1
    full = np.flatnonzero(reference >= size / bins)
    starts = np.unique(np.concatenate(([0], cuts, full, full + 1)))
    return starts[starts < reference.size]


def _check(reference: Values, new: Values) -> None:
    for name, side in (("reference", reference), ("new sample", new)):
        if side.size < FEWEST or not np.isfinite(side).all():
            raise ValueError(
                f"found {side.size} values in the {name}, expected at least {FEWEST}, all finite; score more files"
            )
