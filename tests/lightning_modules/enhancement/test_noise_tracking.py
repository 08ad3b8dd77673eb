"""Trackers tell the power of noise: without a bias where it is steady, and not misled by what comes and goes."""

import pytest
import torch

from lightning_modules.enhancement.noise_tracking import LeadingFrames, MinimumStatistics
from lightning_modules.enhancement.short_time_fourier import ShortTimeFourier, power_of


def white_noise(clips, samples, seed=1):
    return torch.randn(clips, samples, generator=torch.Generator().manual_seed(seed))


def decibels(ratio):
    return 10 * torch.log10(ratio)


@pytest.mark.parametrize("tracker", [LeadingFrames, MinimumStatistics])
@pytest.mark.parametrize("arguments", [{}, {"hop_ms": 16.0}, {"window_ms": 20.0, "hop_ms": 5.0}])
@pytest.mark.parametrize("sample_rate_hz", [8000, 16_000])
@pytest.mark.parametrize("duration_s", [0.1, 0.3, 1.0, 4.0])
def test_steady_noise_is_told_without_a_bias(tracker, arguments, sample_rate_hz, duration_s):
    transform = ShortTimeFourier(sample_rate_hz, **arguments)
    noise = 0.1 * white_noise(32, round(duration_s * sample_rate_hz))
    true = 0.01 * transform.window.square().sum()
    estimate = tracker(transform)(power_of(transform.analyse(noise)))
    assert decibels(estimate.mean() / true).abs() < 0.5


def test_a_long_minimum_is_compensated_more_and_only_by_the_window():
    transform = ShortTimeFourier()
    bias = MinimumStatistics(transform).bias
    assert bias.shape == (188,)  # frames of 1.5 s
    assert (bias.diff() <= 0).all()
    assert 0.3 < bias[-1] < bias[0] == pytest.approx(1, abs=0.02)
    assert torch.equal(MinimumStatistics(transform).bias, bias)


def test_the_minimum_is_that_of_the_nearest_whole_window():
    tracker = MinimumStatistics(ShortTimeFourier(), window_s=0.2)
    power = torch.rand(1, 1, 200, generator=torch.Generator().manual_seed(0))
    smooth, average = power.double(), tracker.smoothing_frames
    smooth = torch.stack([smooth[0, 0, at : at + average].mean() for at in range(200 - average + 1)])
    window = tracker.frames
    first = (average + window - 2) // 2  # the frame in the middle of the first window
    last = 200 - average - window + 1
    expected = [smooth[start : start + window].min() for start in (min(max(at - first, 0), last) for at in range(200))]
    expected = torch.stack(expected) / tracker.bias[-1]
    torch.testing.assert_close(tracker(power)[0, 0], expected.float())


def test_bursts_of_speech_are_not_taken_for_noise():
    transform = ShortTimeFourier()
    noise = white_noise(8, 64_000)
    bursts = 10 * white_noise(8, 64_000, seed=2) * (torch.arange(64_000) % 16_000 < 10_000)
    clean, loud = (power_of(transform.analyse(waveform)) for waveform in (noise, noise + bursts))
    tracker = MinimumStatistics(transform)
    assert decibels(tracker(loud).mean() / tracker(clean).mean()) < 3
    assert decibels(loud.mean() / clean.mean()) > 15


def test_a_noise_that_grows_is_followed_by_the_minimum_alone():
    transform = ShortTimeFourier()
    noise = white_noise(8, 96_000) * torch.where(torch.arange(96_000) < 48_000, 1.0, 10.0)
    power = power_of(transform.analyse(noise))
    minimum = MinimumStatistics(transform)(power).mean(dim=(0, 1))
    assert decibels(minimum[-100:].mean() / minimum[:100].mean()) == pytest.approx(20, abs=0.5)
    assert LeadingFrames(transform)(power).shape == (8, 257, 1)


def test_the_leading_frames_are_those_of_the_duration():
    tracker = LeadingFrames(ShortTimeFourier(), duration_s=0.04)
    power = torch.arange(10.0).expand(1, 2, 10)
    assert tracker(power).flatten().tolist() == [2, 2]  # the mean of frames 0 to 4
