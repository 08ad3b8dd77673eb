"""Reverberation: of simulated rooms, or by recorded impulse responses."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import oaconvolve

from datamodules.audio import decode
from datamodules.augmentation.augmentation import Audio, Augmentation, draw_seed, require_rising
from datamodules.augmentation.levels import active_level, within_full_scale
from datamodules.digests import file_digests
from datamodules.noise import list_noise
from datamodules.rooms import Room, room_response

FROM_WALL_M: Final = 0.5
APART_M: Final = 0.3


class SimulatedReverberation(Augmentation):
    """A random room with the speaker and the microphone anywhere in it; see :mod:`datamodules.rooms`.

    The direct sound stays where it was, and the level of active speech as well.

    Args:
        rt60_min_s: Shortest reverberation time.
        rt60_max_s: Longest.
        side_min_m: Least width and length of a room.
        side_max_m: Most.
        height_min_m: Least height.
        height_max_m: Most.
        probability: How likely a waveform gets reverberation.
        sample_rate_hz: Sampling rate of waveforms.
    """

    def __init__(
        self,
        rt60_min_s: float = 0.15,
        rt60_max_s: float = 0.8,
        side_min_m: float = 3.0,
        side_max_m: float = 10.0,
        height_min_m: float = 2.4,
        height_max_m: float = 4.0,
        probability: float = 0.5,
        sample_rate_hz: int = 16_000,
    ) -> None:
        super().__init__(probability)
        require_rising("rt60_s", rt60_min_s, rt60_max_s)
        require_rising("side_m", side_min_m, side_max_m)
        require_rising("height_m", height_min_m, height_max_m)
        if rt60_min_s <= 0 or min(side_min_m, height_min_m) < 4 * FROM_WALL_M:
            raise ValueError(
                f"found rt60_min_s={rt60_min_s}, side_min_m={side_min_m} and height_min_m={height_min_m}, expected a "
                f"time above 0 and rooms of {4 * FROM_WALL_M} m at least, for speaker and microphone to find a place"
            )
        self.rt60_min_s = rt60_min_s
        self.rt60_max_s = rt60_max_s
        self.side_min_m = side_min_m
        self.side_max_m = side_max_m
        self.height_min_m = height_min_m
        self.height_max_m = height_max_m
        self.sample_rate_hz = sample_rate_hz

    def draw(self, rng: np.random.Generator, samples: int) -> Room:  # noqa: ARG002
        """Draw size, places and reverberation time, evenly."""
        low_m = (self.side_min_m, self.side_min_m, self.height_min_m)
        size_m = rng.uniform(low_m, (self.side_max_m, self.side_max_m, self.height_max_m))
        places_m = np.zeros((2, 3))
        while np.linalg.norm(places_m[0] - places_m[1]) < APART_M:
            places_m = rng.uniform(FROM_WALL_M, size_m - FROM_WALL_M, (2, 3))
        return Room(
            size_m=_point(size_m),
            source_m=_point(places_m[0]),
            microphone_m=_point(places_m[1]),
            rt60_s=float(rng.uniform(self.rt60_min_s, self.rt60_max_s)),
            seed=draw_seed(rng),
        )

    def apply(self, waveform: Audio, parameters: Room) -> Audio:
        """Compute the response, and convolve."""
        response, direct = room_response(parameters, self.sample_rate_hz)
        return reverberant(waveform, response, direct, self.sample_rate_hz)


@dataclass(frozen=True)
class RoomRecording:
    """A recorded impulse response, by its place among the files of a folder."""

    number: int


class RecordedReverberation(Augmentation):
    """A random impulse response of a folder of recorded ones.

    The loudest sample of a response is taken for the direct sound, and stays where it was in the speech; the level of
    active speech is kept as well.

    Args:
        root: Folder of impulse responses, of any rate, at any depth. Channels are averaged.
        probability: How likely a waveform gets reverberation.
        sample_rate_hz: Sampling rate of waveforms; responses of other rates are resampled.
    """

    def __init__(self, root: str, probability: float = 0.5, sample_rate_hz: int = 16_000) -> None:
        super().__init__(probability)
        self.root = root
        self.sample_rate_hz = sample_rate_hz

    @cached_property
    def paths(self) -> list[Path]:
        """All files of the folder."""
        return list_noise(self.root)

    def prepare(self) -> None:
        """Decode all responses."""
        for number in range(len(self.paths)):
            self._response(number)

    @property
    def recipe(self) -> dict[str, Any]:
        """The arguments, and the responses by their content, wherever they lie."""
        return {**super().recipe, "root": None, "responses": file_digests(self.paths)}

    def draw(self, rng: np.random.Generator, samples: int) -> RoomRecording:  # noqa: ARG002
        """Draw a response."""
        return RoomRecording(int(rng.integers(len(self.paths))))

    def apply(self, waveform: Audio, parameters: RoomRecording) -> Audio:
        """Read the response, and convolve."""
        response = self._response(parameters.number)
        return reverberant(waveform, response, int(np.abs(response).argmax()), self.sample_rate_hz)

    def _response(self, number: int) -> Audio:
        path = self.paths[number]
        response = decode(path, self.sample_rate_hz)
        if not response.any():
            raise ValueError(f"{path}: found silence, expected an impulse response: copy the file again, or remove it")
        return response


def reverberant(waveform: Audio, response: Audio, direct: int, sample_rate_hz: int = 16_000) -> Audio:
    """Convolve, with the direct sound where it was and at the level of active speech that it had.

    Args:
        waveform: ``(samples,)``.
        response: ``(response samples,)``, of any level.
        direct: which sample of the response the direct sound is at.
        sample_rate_hz: of both.

    Returns:
        ``(samples,)``; turned down as a whole where it would go past full scale. Silence stays silence.
    """
    level = active_level(waveform, sample_rate_hz)
    if level == 0:
        return waveform
    heard = oaconvolve(waveform, response)[direct : direct + len(waveform)]
    return within_full_scale(heard * np.float32(level / active_level(heard, sample_rate_hz)))


def _point(values: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = values.tolist()
    return x, y, z
