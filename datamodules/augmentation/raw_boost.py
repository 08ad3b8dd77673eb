"""RawBoost: the distortions of a telephone channel, drawn at random, without any recording.

H. Tak, M. Kamble, J. Patino, M. Todisco and N. Evans, "RawBoost: a raw data boosting and augmentation method applied to
automatic speaker verification anti-spoofing", ICASSP 2022. Defaults are those of the paper. Unlike there, the level of
the speech is kept instead of raised to full scale: a change of loudness is :class:`RandomGain`'s to make.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.signal import firwin, oaconvolve

from datamodules.augmentation.augmentation import Audio, Augmentation, Compose, Parallel, draw_seed, require_rising
from datamodules.augmentation.levels import mix, rms, within_full_scale

Algorithm = Literal[1, 2, 3, 4, 5, 6, 7, 8]

NOTCH_CENTRE_HZ = (20.0, 8000.0)
NOTCH_WIDTH_HZ = (100.0, 1000.0)
NOTCH_TAPS = (10, 100)
NOTCHES = 5


@dataclass(frozen=True)
class Notch:
    """A band that a filter stops, and the filter's length."""

    low_hz: float
    high_hz: float
    taps: int


@dataclass(frozen=True)
class Harmonic:
    """A power of the waveform, filtered and turned down."""

    notches: tuple[Notch, ...]
    gain_db: float


class ConvolutiveNoise(Augmentation):
    """Linear and non-linear convolutive noise: the waveform and its powers, each through notch filters of its own.

    Args:
        harmonics: Highest power.
        min_bias_db: Least that the powers above the first are turned down by.
        max_bias_db: Most.
        probability: How likely a waveform is altered.
        sample_rate_hz: Sampling rate.
    """

    def __init__(
        self,
        harmonics: int = 5,
        min_bias_db: float = 5.0,
        max_bias_db: float = 20.0,
        probability: float = 0.5,
        sample_rate_hz: int = 16_000,
    ) -> None:
        super().__init__(probability)
        require_rising("bias_db", min_bias_db, max_bias_db)
        if harmonics < 1:
            raise ValueError(f"found harmonics={harmonics}, expected 1 or more")
        self.harmonics = harmonics
        self.min_bias_db = min_bias_db
        self.max_bias_db = max_bias_db
        self.sample_rate_hz = sample_rate_hz

    def draw(self, rng: np.random.Generator, samples: int) -> tuple[Harmonic, ...]:  # noqa: ARG002
        """Draw filters and gains; the first harmonic keeps its level."""
        gains_db = (0.0, *(-rng.uniform(self.min_bias_db, self.max_bias_db, self.harmonics - 1)).tolist())
        return tuple(Harmonic(draw_notches(rng, self.sample_rate_hz), gain_db) for gain_db in gains_db)

    def apply(self, waveform: Audio, parameters: tuple[Harmonic, ...]) -> Audio:
        """Sum the filtered powers, and bring the sum to the level of the waveform."""
        loud = waveform / (np.abs(waveform).max(initial=0.0) or 1.0)  # powers of a quiet one would all but vanish
        power, total = np.ones_like(loud), np.zeros_like(loud)
        for harmonic in parameters:
            power *= loud  # far faster than `loud**exponent`
            gain = np.float32(10 ** (harmonic.gain_db / 20))
            total += gain * through_notches(power, harmonic.notches, self.sample_rate_hz)
        return _levelled(total - total.mean(), waveform)


@dataclass(frozen=True)
class Impulses:
    """How many samples are hit, in percent, and the seed of where and how hard."""

    share_percent: float
    seed: int


class ImpulsiveNoise(Augmentation):
    """Impulsive, signal-dependent additive noise: some samples change by a random multiple of themselves.

    Args:
        max_share_percent: Most samples that are hit.
        gain: Largest multiple.
        probability: How likely a waveform is altered.
    """

    def __init__(self, max_share_percent: float = 10.0, gain: float = 2.0, probability: float = 0.5) -> None:
        super().__init__(probability)
        if not 0 <= max_share_percent <= 100:  # noqa: PLR2004 - percent
            raise ValueError(f"found max_share_percent={max_share_percent}, expected 0 to 100")
        self.max_share_percent = max_share_percent
        self.gain = gain

    def draw(self, rng: np.random.Generator, samples: int) -> Impulses:  # noqa: ARG002
        """Draw the share of samples, evenly, and a seed."""
        return Impulses(float(rng.uniform(0, self.max_share_percent)), draw_seed(rng))

    def apply(self, waveform: Audio, parameters: Impulses) -> Audio:
        """Hit the samples."""
        rng = np.random.default_rng(parameters.seed)
        hit = rng.choice(len(waveform), int(len(waveform) * parameters.share_percent / 100), replace=False)
        # The product of two even draws: most impulses are faint.
        strengths = rng.uniform(-1, 1, len(hit)) * rng.uniform(-1, 1, len(hit))
        struck = waveform.copy()
        struck[hit] *= (1 + self.gain * strengths).astype(np.float32)
        return within_full_scale(struck)


@dataclass(frozen=True)
class ColouredNoise:
    """White noise through notch filters, at a signal-to-noise ratio."""

    notches: tuple[Notch, ...]
    snr_db: float
    seed: int


class StationaryNoise(Augmentation):
    """Stationary, signal-independent additive noise: white noise through notch filters."""

    def __init__(
        self,
        snr_min_db: float = 10.0,
        snr_max_db: float = 40.0,
        probability: float = 0.5,
        sample_rate_hz: int = 16_000,
    ) -> None:
        super().__init__(probability)
        require_rising("snr_db", snr_min_db, snr_max_db)
        self.snr_min_db = snr_min_db
        self.snr_max_db = snr_max_db
        self.sample_rate_hz = sample_rate_hz

    def draw(self, rng: np.random.Generator, samples: int) -> ColouredNoise:  # noqa: ARG002
        """Draw filters, a ratio evenly in decibels, and a seed."""
        notches = draw_notches(rng, self.sample_rate_hz)
        return ColouredNoise(notches, float(rng.uniform(self.snr_min_db, self.snr_max_db)), draw_seed(rng))

    def apply(self, waveform: Audio, parameters: ColouredNoise) -> Audio:
        """Add the noise."""
        white = np.random.default_rng(parameters.seed).standard_normal(len(waveform), dtype=np.float32)
        noise = through_notches(white, parameters.notches, self.sample_rate_hz)
        return mix(waveform, noise, parameters.snr_db, self.sample_rate_hz)


def rawboost(algorithm: Algorithm = 5, probability: float = 0.5, sample_rate_hz: int = 16_000) -> Augmentation:
    """One of RawBoost's algorithms and their combinations, by the number that its authors gave it.

    Args:
        algorithm: 1 convolutive, 2 impulsive, 3 stationary noise; in series 4 (1, 2, 3), 5 (1, 2), 6 (1, 3), 7 (2, 3);
            in parallel 8 (1 and 2). Its authors took 5 for telephony (logical access) and 3 for lossy codecs (DF).
        probability: How likely a waveform is altered.
        sample_rate_hz: Sampling rate.
    """
    convolutive = ConvolutiveNoise(probability=1.0, sample_rate_hz=sample_rate_hz)
    impulsive = ImpulsiveNoise(probability=1.0)
    stationary = StationaryNoise(probability=1.0, sample_rate_hz=sample_rate_hz)
    if algorithm == 8:  # noqa: PLR2004 - their number
        return Parallel([convolutive, impulsive], probability)
    series: dict[int, list[Augmentation]] = {
        1: [convolutive],
        2: [impulsive],
        3: [stationary],
        4: [convolutive, impulsive, stationary],
        5: [convolutive, impulsive],
        6: [convolutive, stationary],
        7: [impulsive, stationary],
    }
    return Compose(series[algorithm], probability)


def draw_notches(rng: np.random.Generator, sample_rate_hz: int) -> tuple[Notch, ...]:
    """Draw five notches anywhere in the band."""
    top_hz = min(NOTCH_CENTRE_HZ[1], sample_rate_hz / 2)
    notches = []
    for _ in range(NOTCHES):
        centre_hz, width_hz = rng.uniform(NOTCH_CENTRE_HZ[0], top_hz), rng.uniform(*NOTCH_WIDTH_HZ)
        low_hz = max(centre_hz - width_hz / 2, 1.0)
        high_hz = min(centre_hz + width_hz / 2, sample_rate_hz / 2 - 1.0)
        notches.append(Notch(float(low_hz), float(high_hz), int(rng.integers(*NOTCH_TAPS, endpoint=True))))
    return tuple(notches)


def through_notches(waveform: Audio, notches: tuple[Notch, ...], sample_rate_hz: int) -> Audio:
    """Filter ``(samples,)`` by one notch after another, without a delay: the filters are symmetric."""
    impulse_response = np.ones(1)
    for notch in notches:
        taps = notch.taps + 1 - notch.taps % 2  # a band is stopped by an odd number of taps alone
        band_stop = firwin(taps, (notch.low_hz, notch.high_hz), window="hamming", fs=sample_rate_hz)
        impulse_response = np.convolve(impulse_response, band_stop)
    filtered: Audio = oaconvolve(waveform, impulse_response.astype(np.float32), mode="same")
    return filtered


def _levelled(altered: Audio, waveform: Audio) -> Audio:
    """Bring what became of a waveform back to its level."""
    level = rms(altered)
    return within_full_scale(altered * np.float32(rms(waveform) / level if level else 0.0))
