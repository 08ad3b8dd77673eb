"""The cosine transform is scipy's, the deltas are the ASVspoof baselines'."""

import numpy as np
import pytest
import scipy.fft
import torch

from lightning_modules.frontends import LFCC, MFCC
from lightning_modules.frontends.cepstrum import dct_matrix, with_deltas
from tests.lightning_modules.frontends import reference


@pytest.mark.parametrize(("coefficients", "values"), [(1, 1), (13, 40), (20, 20)])
def test_dct_is_scipys(coefficients, values):
    vectors = np.random.default_rng(0).normal(size=(values, 7))
    expected = scipy.fft.dct(vectors, type=2, norm="ortho", axis=0)[:coefficients]
    np.testing.assert_allclose(dct_matrix(coefficients, values).numpy() @ vectors, expected, atol=1e-6)


def test_deltas_are_matlabs_filter_over_repeated_ends():
    features = np.random.default_rng(0).normal(size=(3, 9))
    ours = with_deltas(torch.from_numpy(features)[None], 2)[0]
    np.testing.assert_allclose(ours, reference.stacked(features), atol=1e-12)


def test_a_single_frame_does_not_change():
    features = with_deltas(torch.ones(2, 3, 1), 2)
    assert features.shape == (2, 9, 1)
    assert torch.all(features[:, 3:] == 0)


@pytest.mark.parametrize("frontend", [LFCC, MFCC])
def test_impossible_numbers_are_refused(frontend):
    with pytest.raises(ValueError, match="expected 0, 1 or 2"):
        frontend(delta_orders=3)
    with pytest.raises(ValueError, match="101 coefficients"):
        frontend(**{"n_coefficients" if frontend is LFCC else "n_mfcc": 101})
