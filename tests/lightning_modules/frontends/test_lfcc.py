"""LFCC are those of the two ASVspoof baselines, written anew in float64 with scipy."""

from pathlib import Path

import numpy as np
import pytest
import scipy.fft
import scipy.signal
import torch
import yaml

from lightning_modules.frontends import LFCC
from tests.lightning_modules.frontends.reference import stacked

CONFIGS = Path(__file__).resolve().parents[3] / "experiments" / "configs"


def recipe(name):
    """The arguments of a shipped overlay."""
    frontend = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())["model"]["frontend"]
    assert frontend["class_path"] == "lightning_modules.frontends.LFCC"
    return LFCC(**frontend["init_args"])


def reference_statics(frames, band_hz, n_fft, energy, epsilon):
    """Cepstra ``(20, frames)`` of windowed frames; ``band_hz`` as each recipe writes the frequencies of its bins."""
    power = np.abs(scipy.fft.rfft(frames, n_fft, axis=1)[:, : band_hz.size]) ** 2
    corners = np.linspace(band_hz[0], band_hz[-1], 22)
    bank = np.stack([np.interp(band_hz, corners[i : i + 3], [0, 1, 0], left=0, right=0) for i in range(20)])
    cepstra = scipy.fft.dct(np.log10(power @ bank.T + epsilon), type=2, norm="ortho", axis=1)
    if energy:
        cepstra[:, 0] = np.log10(power.sum(axis=1) / n_fft + epsilon)
    return cepstra.T


def emphasised(waveform):
    return scipy.signal.lfilter([1, -0.97], 1, waveform)


def test_the_recipe_of_2019(speech):
    """20 ms every 10 ms, symmetric Hamming, 512 points, all bins to 8 kHz."""
    frames = np.lib.stride_tricks.sliding_window_view(emphasised(speech), 320)[::160]
    statics = reference_statics(frames * np.hamming(320), np.linspace(0, 8000, 257), 512, False, np.finfo(float).eps)
    features = recipe("frontend_lfcc_2019")(torch.from_numpy(speech).float()[None])[0].numpy()
    assert features.shape == (60, 199)
    np.testing.assert_allclose(features, stacked(statics), atol=1e-3)


def test_the_recipe_of_2021(speech):
    """Frames centred on every 160th sample of zero-padded audio; the lower 256 bins taken to reach from 0 to 4 kHz."""
    padded = np.pad(emphasised(speech), 160)  # half the window: what the transform is padded by beyond it is silent
    window = scipy.signal.get_window("hamming", 320)
    frames = np.lib.stride_tricks.sliding_window_view(padded, 320)[::160]
    statics = reference_statics(frames * window, np.linspace(0, 4000, 256), 1024, True, np.finfo(np.float32).eps)
    features = recipe("frontend_lfcc_2021")(torch.from_numpy(speech).float()[None])[0].numpy()
    assert features.shape == (60, 199)
    np.testing.assert_allclose(features[:20], statics[:, 1:-1], atol=1e-3)
    np.testing.assert_allclose(features, stacked(statics[:, 1:-1]), atol=1e-3)
    # But for the ends, the baseline's deltas are ours as well.
    np.testing.assert_allclose(features[:, 2:-2], stacked(statics)[:, 3:-3], atol=1e-3)


def test_the_default_is_2021():
    default, shipped = LFCC(), recipe("frontend_lfcc_2021")
    waveform = torch.randn(1, 4000, generator=torch.Generator().manual_seed(0))
    assert torch.equal(default(waveform), shipped(waveform))


def test_70_filters_keep_20_coefficients(speech):
    many = LFCC(n_filters=70, n_coefficients=20, delta_orders=0, f_max_hz=None, energy=False)
    assert many(torch.from_numpy(speech).float()[None]).shape == (1, 20, 199)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_filters": 400, "n_fft": 512}, "raise n_fft or take fewer filters"),
        ({"f_max_hz": 9000.0}, "Nyquist"),
        ({"sample_rate_hz": 4000}, "Nyquist"),
        ({"window_ms": 100.0}, "shorten window_ms or raise n_fft"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LFCC(**arguments)
