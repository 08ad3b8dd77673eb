"""Calibrated scores of a recording's windows in, one by one, the score of the whole out; none of them is held."""

from typing import Final, Literal, get_args

import numpy as np

Aggregation = Literal["mean", "min", "max", "calibrated"]
AGGREGATIONS: Final[tuple[Aggregation, ...]] = get_args(Aggregation)
MEANING: Final[dict[Aggregation, str]] = {
    "mean": "mean of the windows' log-likelihood ratios, as of recordings that are not streamed",
    "min": "lowest window: one spoofed passage makes the recording spoofed",
    "max": "highest window: one bona fide passage makes the recording bona fide",
    "calibrated": "log odds of the windows' mean probability of bona fide: no window counts for more than another",
}


class Aggregate:
    """The score of a whole from those of its windows.

    Args:
        kind: ``mean``; ``min``; ``max``; or ``calibrated``, the log odds of the mean of the probabilities that the
            log-likelihood ratios stand for where both classes are equally likely. All are log-likelihood ratios,
            higher = more bona fide, and of one window that window's.

    Attributes:
        windows: how many there were.
    """

    def __init__(self, kind: Aggregation) -> None:
        if kind not in AGGREGATIONS:
            raise ValueError(f"found aggregation {kind!r}, expected one of {', '.join(AGGREGATIONS)}")
        self.kind = kind
        self.windows = 0
        self._sum = 0.0
        self._lowest, self._highest = np.inf, -np.inf
        self._bonafide = self._spoof = -np.inf  # logarithms of the sums of probabilities, exact where those round to 1

    def add(self, llr: float) -> None:
        """Take the calibrated score of a window."""
        self.windows += 1
        self._sum += llr
        self._lowest, self._highest = min(self._lowest, llr), max(self._highest, llr)
        self._bonafide = np.logaddexp(self._bonafide, -np.logaddexp(0.0, -llr))
        self._spoof = np.logaddexp(self._spoof, -np.logaddexp(0.0, llr))

    @property
    def score(self) -> float:
        """Of the windows so far, a log-likelihood ratio.

        Raises:
            ValueError: there is none yet.
        """
        if not self.windows:
            raise ValueError("found no window, expected one at least: there is nothing to aggregate")
        values = {
            "mean": self._sum / self.windows,
            "min": self._lowest,
            "max": self._highest,
            "calibrated": self._bonafide - self._spoof,
        }
        return float(values[self.kind])
