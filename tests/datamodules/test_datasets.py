"""Crops lie where the draw says, and short records are repeated."""

import numpy as np
import pytest

from datamodules.datasets import crop

RECORD = np.arange(20).reshape(2, 10)


@pytest.mark.parametrize(("place", "start"), [(0.0, 0), (0.5, 4), (0.999, 7)])
def test_a_crop_starts_at_its_place(place, start):
    np.testing.assert_array_equal(crop(RECORD, 3, place), RECORD[:, start : start + 3])


def test_every_start_is_equally_likely():
    starts = [int(crop(RECORD, 3, place)[0, 0]) for place in np.arange(0, 1, 1 / 800)]
    assert np.bincount(starts).tolist() == [100] * 8


@pytest.mark.parametrize("place", [0.0, 0.7])
def test_a_short_record_is_repeated_end_to_end(place):
    np.testing.assert_array_equal(crop(RECORD, 25, place), np.concatenate([RECORD] * 3, axis=1)[:, :25])


@pytest.mark.parametrize("place", [0.0, 0.7])
def test_a_short_record_is_padded_where_that_is_asked_for(place):
    padded = crop(RECORD, 25, place, "pad")
    np.testing.assert_array_equal(padded[:, :10], RECORD)
    assert not padded[:, 10:].any()
    np.testing.assert_array_equal(crop(RECORD, 3, place, "pad"), crop(RECORD, 3, place))


def test_a_record_of_just_the_length_is_taken_whole():
    np.testing.assert_array_equal(crop(RECORD, 10, 0.9), RECORD)
