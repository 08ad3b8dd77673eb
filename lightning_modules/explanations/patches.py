"""A grid of bins and columns in, patches of it out: equal pieces of frequency and time that a person can name."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lightning_modules.explanations.clip import Clip


@dataclass(frozen=True)
class Patches:
    """The grid of a clip, cut into bands and segments.

    Attributes:
        band_of: the band ``(bins,)`` of each bin.
        segment_of: the segment ``(columns,)`` of each column.
        band_edges_hz: ``(bands + 1,)``.
        segment_edges_s: ``(segments + 1,)``.
        size_hz: width that was asked for.
        size_s: length that was asked for.
    """

    band_of: NDArray[np.int64]
    segment_of: NDArray[np.int64]
    band_edges_hz: NDArray[np.float64]
    segment_edges_s: NDArray[np.float64]
    size_hz: float
    size_s: float

    @property
    def shape(self) -> tuple[int, int]:
        """Bands and segments."""
        return len(self.band_edges_hz) - 1, len(self.segment_edges_s) - 1

    @property
    def labels(self) -> NDArray[np.int64]:
        """Number ``(bins, columns)`` of the patch that each cell is in, from 0 on, band by band."""
        return self.band_of[:, None] * self.shape[1] + self.segment_of

    def sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add up the cells ``(bins, columns)`` of each patch: ``(bands, segments)``."""
        bands, segments = self.shape
        total = np.bincount(self.labels.ravel(), values.ravel(), bands * segments).astype(np.float64)
        return total.reshape(bands, segments)

    def spread(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Give patches ``(…, bands, segments)`` back as cells ``(…, bins, columns)``."""
        return chosen[..., self.band_of, :][..., self.segment_of]


def patches_of(clip: Clip, patch_hz: float, patch_s: float) -> Patches:
    """Cut a clip's grid into patches of a size; bands are as wide as their bins where these are wider.

    Raises:
        ValueError: a size that is not positive.
    """
    if not (patch_hz > 0 and patch_s > 0):
        raise ValueError(f"found patches of {patch_hz} Hz and {patch_s} s, expected both above 0")
    edges_hz = clip.bin_edges_hz
    centres_hz = (edges_hz[:-1] + edges_hz[1:]) / 2
    _, first, band_of = np.unique(centres_hz // patch_hz, return_index=True, return_inverse=True)
    columns = max(1, round(patch_s / clip.column_s))
    segments = max(1, round(clip.columns / columns))  # what is left at the end belongs to the last
    segment_of = np.minimum(np.arange(clip.columns) // columns, segments - 1)
    ends_s = np.append(np.arange(segments) * columns * clip.column_s, clip.duration_s)
    return Patches(band_of, segment_of, np.append(edges_hz[first], edges_hz[-1]), ends_s, patch_hz, patch_s)
