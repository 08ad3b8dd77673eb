"""Statistics of bands are those of their bins, whatever the size of the map."""

import pytest
import torch
from torch.nn import functional

from lightning_modules.networks.pooling import (
    VARIANCE_FLOOR,
    StridedMaxima,
    band_statistics,
    band_weights,
    strided_maxima,
)


@pytest.mark.parametrize(("cells", "bands"), [(5, 5), (8, 5), (3, 5), (10, 5)])
def test_bands_are_averages_of_equal_width(cells, bands):
    weights = band_weights(cells, bands)
    torch.testing.assert_close(weights.sum(dim=0), torch.ones(bands))
    torch.testing.assert_close(weights.sum(dim=1), torch.full((cells,), bands / cells))
    if cells % bands == 0:
        expected = functional.adaptive_avg_pool1d(torch.eye(cells), bands)
        torch.testing.assert_close(weights, expected, atol=1e-6, rtol=0)


def test_statistics_are_means_of_the_bins_of_a_band():
    maps = torch.randn(2, 3, 6, 20, generator=torch.Generator().manual_seed(0))
    mean, deviation = band_statistics(maps, bands=2).unflatten(1, (2, 3, 2)).unbind(dim=1)
    halves = maps.unflatten(2, (2, 3))
    torch.testing.assert_close(mean, halves.mean(dim=(3, 4)))
    torch.testing.assert_close(
        deviation, (halves.var(dim=4, correction=0) + VARIANCE_FLOOR).sqrt().mean(dim=3), atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_strided_maxima_are_max_pooling(memory):
    maps = torch.randn(2, 3, 9, 23, generator=torch.Generator().manual_seed(0)).contiguous(memory_format=memory)
    assert torch.equal(strided_maxima(maps, 3), functional.max_pool2d(maps, (1, 3)))
    assert torch.equal(StridedMaxima(2)(maps), functional.max_pool2d(maps, 2))
