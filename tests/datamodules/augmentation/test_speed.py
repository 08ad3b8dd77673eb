"""A faster tape has a higher pitch, and the waveform keeps its length."""

import numpy as np
import pytest

from datamodules.augmentation import RandomSpeed, Speed


@pytest.mark.parametrize("factor", [0.9, 1.0, 1.1])
def test_the_pitch_follows_the_speed(factor):
    tone = (0.3 * np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)).astype(np.float32)
    played = RandomSpeed().apply(tone, Speed(factor))
    assert len(played) == len(tone)
    peak_hz = np.abs(np.fft.rfft(played[:14_000] * np.hanning(14_000))).argmax() * 16_000 / 14_000
    assert peak_hz == pytest.approx(1000 * factor, abs=2)


def test_a_speed_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"expected 0\.25 to 4\.0"):
        RandomSpeed(0.0, 1.0)
