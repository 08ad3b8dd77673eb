"""Every method keeps shape, level and silence, works clip by clip, and can be built again from its arguments."""

import pytest
import torch

from lightning_modules.enhancement import Enhancement, SpectralSubtraction, WienerFilter
from lightning_modules.enhancement.spectral_subtraction import oversubtraction
from lightning_modules.enhancement.wiener_filter import decision_directed_gain
from lightning_modules.specifications import build, describe

METHODS = [
    method(sample_rate_hz, noise=noise)
    for method in (SpectralSubtraction, WienerFilter)
    for noise in ("minimum-statistics", "leading-frames")
    for sample_rate_hz in (8000, 16_000)
]
every_method = pytest.mark.parametrize(
    "method", METHODS, ids=lambda method: f"{type(method).__name__}-{method.noise}-{method.sample_rate_hz}"
)


class Through(Enhancement):
    """Lets everything through."""

    def gain(self, power, noise):
        return torch.ones_like(power)


def waveforms(batch, samples):
    """Noise whose level rises and falls."""
    noise = torch.randn(batch, samples, generator=torch.Generator().manual_seed(0))
    return 0.1 * noise * (1.2 + torch.sin(torch.arange(samples) / 2000)).square()


def test_a_gain_of_one_gives_the_waveform_back():
    waveform = waveforms(2, 12_345)
    torch.testing.assert_close(Through()(waveform), waveform, atol=1e-5, rtol=0)


@every_method
@pytest.mark.parametrize("duration_s", [0.1, 0.33333, 2.0])
def test_the_length_is_kept_and_clips_do_not_hear_each_other(method, duration_s):
    batch = waveforms(3, round(duration_s * method.sample_rate_hz))
    enhanced = method(batch)
    assert enhanced.shape == batch.shape
    assert enhanced.dtype == torch.float32
    alone = torch.cat([method(clip[None]) for clip in batch])
    torch.testing.assert_close(enhanced, alone, atol=1e-6, rtol=0)


@every_method
def test_noise_alone_is_turned_down_to_no_less_than_the_floor(method):
    noise = torch.randn(4, 2 * method.sample_rate_hz, generator=torch.Generator().manual_seed(0))
    left_db = 20 * torch.log10(method(noise).std() / noise.std())
    assert method.floor_db < left_db < -6


@every_method
def test_the_level_of_the_clip_does_not_matter(method):
    waveform = waveforms(2, 16_000)
    torch.testing.assert_close(method(waveform / 1024) * 1024, method(waveform), atol=1e-5, rtol=0)


@every_method
@pytest.mark.parametrize("silent", [slice(0, 16_000), slice(4000, 12_000), slice(0, 8000)])
def test_digital_silence_stays_silent_with_finite_gradients(method, silent):
    waveform = waveforms(2, 16_000)
    waveform[:, silent] = 0
    waveform.requires_grad_()
    enhanced = method(waveform)
    enhanced.square().sum().backward()
    assert torch.isfinite(enhanced).all()
    assert torch.isfinite(waveform.grad).all()
    inside = enhanced[:, silent][:, 512:-512]  # frames of 32 ms that hear nothing else
    assert inside.abs().max() < 1e-7


@every_method
def test_the_gradient_is_the_slope(method):
    waveform = waveforms(1, 4000).requires_grad_()
    weights = torch.randn(1, 4000, generator=torch.Generator().manual_seed(1))
    (method(waveform) * weights).sum().backward()
    assert torch.isfinite(waveform.grad).all()

    # Along one direction, and in double precision: a difference of single ones would be rounding.
    double = type(method)(method.sample_rate_hz, noise=method.noise).double()
    direction = torch.randn(1, 4000, generator=torch.Generator().manual_seed(2)).double()
    there, back = ((double(waveform.detach() + sign * 1e-7 * direction) * weights).sum() for sign in (1, -1))
    slope = (there - back) / 2e-7
    assert (waveform.grad * direction).sum() == pytest.approx(slope.item(), rel=0.02)
    assert waveform.grad.abs().mean() > 0.01


@every_method
def test_a_checkpoint_can_describe_it(method):
    again = build(describe(method), Enhancement)
    assert describe(again) == describe(method)
    assert not method.state_dict()
    waveform = waveforms(1, 8000)
    assert torch.equal(again(waveform), method(waveform))


def test_oversubtraction_falls_with_the_decibels():
    noise = torch.ones(1, 5, 7)
    ratios_db = torch.tensor([-10.0, -5.0, 0.0, 10.0, 20.0, 30.0, 5.0])
    factors = oversubtraction(noise * 10 ** (ratios_db / 10), noise, 4.0)
    torch.testing.assert_close(factors.flatten(), torch.tensor([4.75, 4.75, 4.0, 2.5, 1.0, 1.0, 3.25]))


def test_subtraction_leaves_the_power_without_the_noise():
    # 20 dB: the noise is taken off once.
    power, noise = torch.full((1, 3, 2), 100.0), torch.ones(1, 3, 1)
    torch.testing.assert_close(SpectralSubtraction().gain(power, noise), torch.full((1, 3, 2), 0.99**0.5))


def test_the_decision_is_that_of_the_formula():
    posterior = torch.rand(1, 1, 50, generator=torch.Generator().manual_seed(0)).exp() ** 3
    expected, gain = [], None
    for now, before in zip(posterior[0, 0].tolist(), [None, *posterior[0, 0].tolist()], strict=False):
        maximum = max(now - 1, 0)
        prior = maximum if gain is None else 0.9 * gain**2 * before + 0.1 * maximum
        gain = prior / (1 + prior)
        expected.append(gain)
    torch.testing.assert_close(decision_directed_gain(posterior, 0.9)[0, 0], torch.tensor(expected))


def test_without_memory_it_is_wieners_gain():
    posterior = torch.tensor([[[0.5, 1.0, 2.0, 11.0]]])
    torch.testing.assert_close(decision_directed_gain(posterior, 0.0), torch.tensor([[[0, 0, 1 / 2, 10 / 11]]]))


@pytest.mark.parametrize(
    ("method", "arguments", "message"),
    [
        (WienerFilter, {"memory": 1.0}, "0 to below 1"),
        (SpectralSubtraction, {"oversubtraction": 0.9}, "1 .all of the noise. or more"),
        (WienerFilter, {"noise": "median"}, "expected 'minimum-statistics' or 'leading-frames'"),
        (WienerFilter, {"floor_db": 1.0}, "at most 0 dB"),
        (SpectralSubtraction, {"minimum_s": 0.0}, "lengths above 0 s"),
        (SpectralSubtraction, {"leading_s": -1.0}, "lengths above 0 s"),
        (WienerFilter, {"hop_ms": 20.0}, "shorten the one"),
    ],
)
def test_nonsense_is_refused(method, arguments, message):
    with pytest.raises(ValueError, match=message):
        method(**arguments)


@every_method
def test_a_clip_too_short_is_refused(method):
    with pytest.raises(ValueError, match="tile a clip that is too short"):
        method(torch.zeros(1, method.sample_rate_hz // 10 - 1))
