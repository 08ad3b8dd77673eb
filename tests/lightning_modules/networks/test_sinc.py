"""The sinc filters are the published ones, however they are applied."""

import numpy as np
import pytest
import torch

from lightning_modules.networks.sinc import SincFilterbank, sinc_edges_hz, sinc_filterbank

EDGES_2021_HZ = [
    0, 94, 201, 322, 459, 614, 791, 991, 1218, 1476, 1768, 2099, 2475, 2901, 3385, 3934, 4556, 5262, 6062, 6970, 8000,
]  # fmt: skip


def test_edges_are_those_of_2021():
    assert np.round(sinc_edges_hz(20)).astype(int).tolist() == EDGES_2021_HZ


def test_the_other_scales():
    np.testing.assert_allclose(sinc_edges_hz(20, scale="inverse_mel"), 8000 - sinc_edges_hz(20)[::-1])
    np.testing.assert_allclose(sinc_edges_hz(4, scale="linear"), [0, 2000, 4000, 6000, 8000])
    with pytest.raises(ValueError, match="'mel', 'inverse_mel' or 'linear'"):
        sinc_edges_hz(4, scale="bark")


def test_each_filter_passes_its_band_and_stops_the_others():
    edges_hz = sinc_edges_hz(20)
    gain = np.abs(np.fft.rfft(sinc_filterbank(20, 1025), n=16_000))  # one bin a hertz
    centres_hz = np.round((edges_hz[1:] + edges_hz[:-1]) / 2).astype(int)
    np.testing.assert_allclose(gain[np.arange(20), centres_hz], 1, atol=0.01)
    assert gain[5, edges_hz[4].astype(int) - 100] < 0.01
    assert gain[5, edges_hz[7].astype(int) + 100] < 0.01


def test_filters_are_symmetric_and_odd():
    bank = sinc_filterbank(20, 129)
    np.testing.assert_allclose(bank, bank[:, ::-1], atol=1e-15)
    with pytest.raises(ValueError, match="use 129"):
        sinc_filterbank(20, 128)


@pytest.mark.parametrize("samples", [1025, 1026, 8191, 8192, 20_000])
def test_fourier_transform_equals_convolution(samples):
    module = SincFilterbank(20, 1025)
    waveform = torch.randn(2, 1, samples, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        module.by_fourier_transform(waveform), module.by_convolution(waveform), atol=1e-5, rtol=0
    )


def test_a_stride_takes_every_nth_output():
    waveform = torch.randn(1, 1, 3000)
    dense, strided = SincFilterbank(8, 251), SincFilterbank(8, 251, stride=3)
    torch.testing.assert_close(strided(waveform), dense(waveform)[..., ::3], atol=1e-5, rtol=0)
    assert not strided.state_dict()
