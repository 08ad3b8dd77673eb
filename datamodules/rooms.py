"""A room in, the impulse response ``(samples,)`` between two points of it out.

Reflections are the mirror images of the source (Allen and Berkley 1979), by pyroomacoustics. Their number grows with
the third power of how often sound is reflected, and half a second in a small room takes over a tenth of a second to
compute. Here they go up to the twelfth reflection, which takes 3 ms, and Gaussian noise of their level goes on from
there, as late reverberation is noise anyway (Polack 1988).

The walls are hard, and all sound fades evenly with the time it is on its way, by 60 dB in the reverberation time. That
is Eyring's (1930) view, by which any path meets a wall once in so many metres, and it keeps to the time asked for:
walls that absorb as Sabine's formula says were off by up to a third.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyroomacoustics
from numpy.typing import NDArray

MAX_REFLECTIONS: Final = 12

pyroomacoustics.constants.set("num_threads", 1)  # the last bit of a sum must not depend on how many cores there are


@dataclass(frozen=True)
class Room:
    """A room without furniture, and who is where in it.

    Attributes:
        size_m: width, length and height.
        source_m: place of the mouth, from a corner.
        microphone_m: place of the microphone.
        rt60_s: time in which sound decays by 60 dB.
        seed: of the late reverberation.
    """

    size_m: tuple[float, float, float]
    source_m: tuple[float, float, float]
    microphone_m: tuple[float, float, float]
    rt60_s: float
    seed: int


def room_response(room: Room, sample_rate_hz: int) -> tuple[NDArray[np.float32], int]:
    """Impulse response of a room, over its reverberation time.

    Args:
        room: the room.
        sample_rate_hz: of the response.

    Returns:
        ``(samples,)``, and which of the samples the direct sound is at: a few before it belong to it as well.
    """
    lead = pyroomacoustics.constants.get("frac_delay_length") // 2
    samples_per_m = sample_rate_hz / pyroomacoustics.constants.get("c")
    distance_m = float(np.linalg.norm(np.subtract(room.source_m, room.microphone_m)))
    direct = lead + round(distance_m * samples_per_m)
    # No image that is left out is nearer than this, whichever way; in a flat hall the direct sound is further off.
    complete_m = max(2 * distance_m, MAX_REFLECTIONS / float(np.linalg.norm(np.divide(1, room.size_m))))
    early = _images(room, sample_rate_hz)[: lead + int(complete_m * samples_per_m)]
    response = np.random.default_rng(room.seed).standard_normal(direct + round(room.rt60_s * sample_rate_hz))
    response *= _level_of_images(room, samples_per_m)
    response[: len(early)] = early[: len(response)]
    response *= 10 ** (-3 * (np.arange(len(response)) - direct) / sample_rate_hz / room.rt60_s)
    return response.astype(np.float32), direct


def _images(room: Room, sample_rate_hz: int) -> NDArray[np.float64]:
    hard = pyroomacoustics.Material(0.0)
    box = pyroomacoustics.ShoeBox(room.size_m, fs=sample_rate_hz, materials=hard, max_order=MAX_REFLECTIONS)
    box.add_source(room.source_m)
    box.add_microphone(room.microphone_m)
    box.compute_rir()
    return box.rir[0][0]


def _level_of_images(room: Room, samples_per_m: float) -> float:
    """RMS of images at any distance r: 4 pi r^2 / V of them in a metre, each of the power 1 / r^2."""
    return float(np.sqrt(4 * np.pi / np.prod(room.size_m) / samples_per_m))
