"""Real speech, and which of its cells float32 can be held to."""

import numpy as np
import pytest
import soundfile as sf


@pytest.fixture(scope="session")
def speech(tiny_corpus):
    """Two seconds of a bona fide utterance at 16 kHz, float64 ``(samples,)``."""
    clip, rate_hz = sf.read(tiny_corpus / "LA" / "ASVspoof2019_LA_dev" / "flac" / "MS_D_0000001.flac", frames=32_000)
    assert (clip.size, rate_hz) == (32_000, 16_000)
    assert np.abs(clip).max() > 0.05
    return clip
