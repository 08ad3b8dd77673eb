"""A map in patches in, the few rectangles that hold most of it out, each with its measured effect on the score."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lightning_modules.explanations.clip import Clip
from lightning_modules.explanations.patches import Patches

EACH_WAY: Final = 3
"""Regions that are named towards bona fide, and as many towards spoof."""

NEGLIGIBLE: Final = 0.005
"""Change of the score, a log-likelihood ratio, by less than which nothing is decided."""

Rectangle = tuple[slice, slice]


@dataclass(frozen=True)
class Region:
    """A rectangle of frequency and time that moves the score.

    Attributes:
        start_s: where it begins.
        end_s: where it ends.
        low_hz: its lower edge.
        high_hz: its upper edge.
        effect: what the score loses when it is taken away: above 0 it speaks for bona fide, below for spoof.
        mapped: sum of the map in it, which may have the other sign: a map shares the score out among cells that act
            together, and the effect is that of going without some of them.
    """

    start_s: float
    end_s: float
    low_hz: float
    high_hz: float
    effect: float
    mapped: float

    @property
    def agrees(self) -> bool:
        """Whether map and measurement have the same sign."""
        return self.effect * self.mapped > 0


def regions_of(clip: Clip, patches: Patches, sums: NDArray[np.float64], each_way: int = EACH_WAY) -> list[Region]:
    """Name the rectangles of either sign that hold most of a map, ranked by what taking each away does to the score.

    Those without which the score is the same are left out.

    Args:
        clip: whose score is explained.
        patches: of its grid.
        sums: of the map's cells in each, ``(bands, segments)``.
        each_way: most regions of a sign.
    """
    found = [rectangle for sign in (1, -1) for rectangle in rectangles(sign * sums, each_way)]
    chosen = np.zeros((len(found) + 1, *sums.shape), bool)  # the last takes nothing away
    for number, rectangle in enumerate(found):
        chosen[number][rectangle] = True
    scores = clip.scores(~patches.spread(chosen))
    bands, times = patches.band_edges_hz, patches.segment_edges_s
    regions = [
        Region(
            start_s=float(times[segment.start]),
            end_s=float(times[segment.stop]),
            low_hz=float(bands[band.start]),
            high_hz=float(bands[band.stop]),
            effect=float(scores[-1] - score),
            mapped=float(sums[band, segment].sum()),
        )
        for (band, segment), score in zip(found, scores, strict=False)
    ]
    moving = [region for region in regions if abs(region.effect) >= NEGLIGIBLE]
    return sorted(moving, key=lambda region: -abs(region.effect))


def rectangles(sums: NDArray[np.float64], most: int) -> list[Rectangle]:
    """Return disjoint rectangles of ``(bands, segments)`` that hold much, the fullest first, in greedy order.

    Something is taken off every patch, by the map's mean magnitude and its spread, so that no rectangle grows over
    patches that hold little. The fullest is found by Kadane's method for each pair of bands (Bentley 1984, "Programming
    pearls").
    """
    magnitudes = np.abs(sums)
    left = sums - magnitudes.mean() - magnitudes.std() / 2
    found: list[Rectangle] = []
    while len(found) < most:
        total, rectangle = _fullest(left)
        if total <= 0:
            break
        found.append(rectangle)
        left[rectangle] = -np.inf
    return found


def _fullest(values: NDArray[np.float64]) -> tuple[float, Rectangle]:
    best, where = -np.inf, (slice(0, 1), slice(0, 1))
    for low in range(len(values)):
        for high in range(low + 1, len(values) + 1):
            total, segment = fullest_run(values[low:high].sum(axis=0))
            if total > best:
                best, where = total, (slice(low, high), segment)
    return best, where


def fullest_run(values: NDArray[np.float64]) -> tuple[float, slice]:
    """Return the largest sum of neighbours in ``(segments,)``, and which they are."""
    best, where, running, start = -np.inf, slice(0, 1), 0.0, 0
    for place, value in enumerate(values.tolist()):
        if running <= 0:
            running, start = 0.0, place
        running += value
        if running > best:
            best, where = running, slice(start, place + 1)
    return best, where
