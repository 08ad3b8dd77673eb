"""A decoded recording in, the facts a person asks of it out, and warnings of what makes its score doubtful."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from datamodules.audio import Decoded
from datamodules.audio_facts import frame_levels_db, power_db
from datamodules.clip_facts import FULL_SCALE

CLIPPED_SHARE: Final = 0.001
QUIET_DBFS: Final = -60.0
QUIET_SHARE: Final = 0.8
NARROW_SHARE: Final = 0.6
"""Of the band up to the Nyquist frequency; of a telephone's sound at 16 kHz it is half."""
EMPTY_BAND_DB: Final = -70.0
"""Below the strongest frequency: more than the roll-off of speech that was recorded in its whole band."""
_FRAME: Final = 512
_MOST_FRAMES: Final = 200
_TAPER: Final = torch.hann_window(_FRAME, periodic=False)


@dataclass(frozen=True, slots=True)
class RecordingFacts:
    """What was found in one recording.

    Attributes:
        duration_s: its length.
        sample_rate_hz: in the file.
        channels: their number in the file.
        clipped_share: share of the samples at full scale.
        level_dbfs: root mean square over the whole recording, 0 dB = full scale.
        bandwidth_hz: highest frequency with any sound to speak of.
        warnings: ``KIND: what was found``, of the kinds short, quiet, clipped and narrow-band.
    """

    duration_s: float
    sample_rate_hz: int
    channels: int
    clipped_share: float
    level_dbfs: float
    bandwidth_hz: float
    warnings: list[str]


def recording_facts(decoded: Decoded, rate_hz: int, window_s: float) -> RecordingFacts:
    """Measure a recording.

    Args:
        decoded: not empty.
        rate_hz: that it was decoded to.
        window_s: that the detector judges at a time; shorter recordings are warned of.
    """
    waveform = decoded.waveform
    duration_s = len(waveform) / rate_hz
    clipped_share = float(np.mean(np.abs(waveform) >= FULL_SCALE))
    level_dbfs = power_db(float(np.dot(waveform, waveform)) / len(waveform))
    band_hz = bandwidth_hz(waveform, rate_hz)
    quiet = float(np.mean(frame_levels_db(waveform, rate_hz) < QUIET_DBFS))
    found = {
        f"short: {duration_s:.2f} s, a window is {window_s:g} s": duration_s < window_s,
        f"quiet: {quiet:.0%} of it is below {QUIET_DBFS:g} dB of full scale": quiet > QUIET_SHARE,
        f"clipped: {clipped_share:.1%} of the samples are at full scale": clipped_share > CLIPPED_SHARE,
        f"narrow-band: no sound above {band_hz:.0f} Hz, the detector judges up to {rate_hz / 2:.0f} Hz": (
            band_hz < NARROW_SHARE * rate_hz / 2
        ),
    }
    return RecordingFacts(
        duration_s=duration_s,
        sample_rate_hz=decoded.found_rate_hz,
        channels=decoded.channels,
        clipped_share=clipped_share,
        level_dbfs=level_dbfs,
        bandwidth_hz=band_hz,
        warnings=[warning for warning, applies in found.items() if applies],
    )


def bandwidth_hz(waveform: np.ndarray, rate_hz: int) -> float:
    """Return the highest frequency whose mean power is within 70 dB of the strongest's; 0 of silence.

    The mean is over frames of 512 samples under a Hann window, of long recordings over 200 of them, evenly spaced.
    """
    if len(waveform) < _FRAME:
        waveform = np.pad(waveform, (0, _FRAME - len(waveform)))
    frames = waveform[: len(waveform) // _FRAME * _FRAME].reshape(-1, _FRAME)
    frames = frames[:: -(-len(frames) // _MOST_FRAMES)]
    # PyTorch's transform of single precision is several times as fast as NumPy's.
    spectrum = torch.view_as_real(torch.fft.rfft(torch.from_numpy(frames) * _TAPER))
    power = spectrum.square().mean(dim=0).sum(dim=-1).numpy()[1:]
    if not power.any():
        return 0.0
    heard = np.flatnonzero(power >= power.max() * 10 ** (EMPTY_BAND_DB / 10))
    return float((heard[-1] + 1) * rate_hz / _FRAME)
