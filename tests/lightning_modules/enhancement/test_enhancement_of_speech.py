"""Real speech gains by the decibels that were measured, less a little, and loses next to nothing where it is clean."""

from functools import cache

import pytest
import torch
from torchmetrics.functional.audio import scale_invariant_signal_distortion_ratio as si_sdr_db

from datamodules.audio import decode
from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from datamodules.noise import list_environments, open_environment
from lightning_modules.enhancement import SpectralSubtraction, WienerFilter

METHODS = [SpectralSubtraction, WienerFilter]
TRACKERS = ["minimum-statistics", "leading-frames"]


@cache
def corpus_clips(root, sample_rate_hz):
    """The bona fide clips of the tiny corpus, each ``(1, samples)``."""
    paths = [trial.path for trial in asvspoof2019_la(str(root)) if trial.key == "bonafide"]
    return [torch.from_numpy(decode(path, sample_rate_hz))[None] for path in paths]


@cache
def librispeech_clips(root):
    """The first four seconds of every 25th utterance, each ``(1, samples)``."""
    paths = sorted(root.glob("**/*.flac"))[::25]
    return [torch.from_numpy(decode(path, 16_000)[:64_000])[None] for path in paths]


def white_noise(clips):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(clip.shape, generator=generator) for clip in clips]


def at_snr(speech, noise, snr_db):
    return speech + noise * (speech.square().mean() / noise.square().mean() * 10 ** (-snr_db / 10)).sqrt()


def mean_gain_db(method, clips, noises, snr_db):
    """By how much the scale-invariant signal-to-distortion ratio (Le Roux et al. 2019) rises."""
    noisy = [at_snr(clip, noise, snr_db) for clip, noise in zip(clips, noises, strict=True)]
    gains = [si_sdr_db(method(some), clip) - si_sdr_db(some, clip) for some, clip in zip(noisy, clips, strict=True)]
    return float(torch.cat(gains).mean())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("noise", TRACKERS)
@pytest.mark.parametrize("sample_rate_hz", [8000, 16_000])
@pytest.mark.parametrize(("snr_db", "least_db"), [(0, 8.2), (5, 7.0), (10, 5.3), (20, 1.3)])
def test_speech_in_white_noise(tiny_corpus, method, noise, sample_rate_hz, snr_db, least_db):
    clips = corpus_clips(tiny_corpus, sample_rate_hz)
    assert len(clips) >= 10
    assert mean_gain_db(method(sample_rate_hz, noise=noise), clips, white_noise(clips), snr_db) > least_db


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("noise", TRACKERS)
@pytest.mark.parametrize("sample_rate_hz", [8000, 16_000])
def test_clean_speech_is_hardly_harmed(tiny_corpus, method, noise, sample_rate_hz):
    clips = corpus_clips(tiny_corpus, sample_rate_hz)
    enhance = method(sample_rate_hz, noise=noise)
    left_db = torch.cat([si_sdr_db(enhance(clip), clip) for clip in clips])
    assert left_db.mean() > 27.5


@pytest.mark.realdata
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("noise", TRACKERS)
def test_speech_in_recorded_noise(realdata, method, noise):
    clips = librispeech_clips(realdata / "speech")
    assert len(clips) >= 10
    root = realdata / "noise" / "demand_layout"
    enhance = method(noise=noise)
    gains_db = {}
    for environment in list_environments(root):
        recording = open_environment(root, environment)
        noises = [recording.read(0, 50_000 * place, clip.shape[1]) for place, clip in enumerate(clips)]
        gains_db[environment] = mean_gain_db(enhance, clips, [torch.from_numpy(noise)[None] for noise in noises], 5)
    assert min(gains_db.values()) > 0.7, gains_db
    assert sum(gains_db.values()) / len(gains_db) > 3.6, gains_db
