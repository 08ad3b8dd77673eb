"""What is left unchanged between analysis and synthesis comes back; what cannot be analysed is refused in words."""

import pytest
import torch

from lightning_modules.enhancement.short_time_fourier import ShortTimeFourier, power_of


@pytest.mark.parametrize("arguments", [{}, {"hop_ms": 16.0}, {"window_ms": 25.0, "hop_ms": 10.0}, {"window_ms": 100.0}])
@pytest.mark.parametrize("sample_rate_hz", [8000, 16_000, 44_100])
@pytest.mark.parametrize("duration_s", [0.1, 0.1234, 1.0])
def test_what_is_left_unchanged_comes_back(arguments, sample_rate_hz, duration_s):
    transform = ShortTimeFourier(sample_rate_hz, **arguments)
    waveform = torch.randn(2, round(sample_rate_hz * duration_s), generator=torch.Generator().manual_seed(0))
    again = transform.synthesise(transform.analyse(waveform), waveform.shape[1])
    torch.testing.assert_close(again, waveform, atol=1e-5, rtol=0)


def test_every_number_of_samples_in_a_hop():
    transform = ShortTimeFourier()
    for samples in range(1600, 1600 + transform.hop_samples):
        waveform = torch.randn(1, samples, generator=torch.Generator().manual_seed(samples))
        spectrum = transform.analyse(waveform)
        assert spectrum.shape == (1, 257, 1 + samples // 128)
        torch.testing.assert_close(transform.synthesise(spectrum, samples), waveform, atol=1e-5, rtol=0)


def test_a_tone_is_in_its_bin_and_frame_i_is_centred_on_hop_i():
    transform = ShortTimeFourier()
    waveform = torch.zeros(1, 16_000)
    waveform[0, 8000:] = torch.sin(2 * torch.pi * 1000 * torch.arange(8000) / 16_000)
    power = power_of(transform.analyse(waveform))[0]
    assert power[:, 100].argmax() == 32  # 1000 Hz in steps of 16000 / 512
    # The tone starts at hop 62.5: the first frame of four hops that reaches into it is centred on 61.
    assert power[:, :61].max() == 0
    assert 0 < power[:, 61].sum() < power[:, 62].sum() < power[:, 63].sum()


def test_power_is_the_squared_magnitude():
    spectrum = torch.tensor([3 + 4j, 0j])
    assert power_of(spectrum).tolist() == [25, 0]


@pytest.mark.parametrize(
    "arguments", [{"window_ms": 101.0}, {"hop_ms": 17.0}, {"hop_ms": 0.0}, {"window_ms": 8.0}, {"window_ms": 0.0}]
)
def test_impossible_frames_are_refused(arguments):
    with pytest.raises(ValueError, match="shorten the one that is too long"):
        ShortTimeFourier(**arguments)


@pytest.mark.parametrize("shape", [(1, 1599), (1600,), (1, 1, 16_000), (2, 0)])
def test_short_or_unbatched_waveforms_are_refused(shape):
    with pytest.raises(
        ValueError, match=r"expected \(batch, samples\) with 1600 samples at least \(0.1 s at 16000 Hz\)"
    ):
        ShortTimeFourier().analyse(torch.zeros(shape))
