"""What is wrong with a recording is told, and speech that was recorded well is not warned of."""

import io

import numpy as np
import pytest
import soundfile
import soxr

from datamodules.audio import inspect
from datamodules.recording_facts import bandwidth_hz, recording_facts
from tests.encodings import RATE_HZ, speech_of


def facts(waveform: np.ndarray, rate_hz: int = RATE_HZ, channels: int = 1):
    buffer = io.BytesIO()
    soundfile.write(buffer, np.stack([waveform] * channels, axis=1), rate_hz, format="WAV", subtype="PCM_16")
    return recording_facts(inspect(buffer.getvalue(), RATE_HZ), RATE_HZ, window_s=1.0)


def kinds(found) -> list[str]:
    return [warning.partition(":")[0] for warning in found.warnings]


@pytest.fixture(scope="module")
def speech(tiny_corpus) -> np.ndarray:
    return speech_of(tiny_corpus)


def test_good_speech_has_no_warning(speech):
    found = facts(speech, channels=2)
    assert found.warnings == []
    assert (found.duration_s, found.sample_rate_hz, found.channels) == (2.0, RATE_HZ, 2)
    assert found.level_dbfs == pytest.approx(10 * np.log10(np.mean(speech**2)), abs=0.01)


def test_each_warning_has_its_cause(speech):
    assert kinds(facts(speech[:8000])) == ["short"]
    assert kinds(facts(np.concatenate([speech, np.zeros(20 * RATE_HZ)]))) == ["quiet"]
    assert kinds(facts(np.clip(speech / np.abs(speech).max() * 20, -1, 1))) == ["clipped"]
    telephone = facts(soxr.resample(speech, RATE_HZ, 8000), 8000)
    assert kinds(telephone) == ["narrow-band"]
    assert telephone.bandwidth_hz == pytest.approx(4000, abs=200)


@pytest.mark.parametrize("frequency_hz", [500, 3000, 7500])
def test_bandwidth_is_the_highest_frequency(frequency_hz):
    tone = np.sin(2 * np.pi * frequency_hz * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32)
    assert bandwidth_hz(tone, RATE_HZ) == pytest.approx(frequency_hz, abs=200)


def test_silence_and_a_click_have_a_bandwidth_too():
    assert bandwidth_hz(np.zeros(600, np.float32), RATE_HZ) == 0.0
    assert bandwidth_hz(np.eye(1, 100, 50, dtype=np.float32)[0], RATE_HZ) == 8000.0
