"""A folder of environmental recordings in the layout of DEMAND in, stretches of noise ``(samples,)`` out.

DEMAND (Thiemann, Ito and Vincent 2013) holds a folder an environment, with the 16 microphones of one recording as
``ch01.wav`` to ``ch16.wav``. The channels of an environment are one and the same recording, not 16: splitting them
between training and evaluation would leak the noise. Splits are therefore by environment.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray


@dataclass(frozen=True)
class NoiseRecording:
    """One recording of one environment.

    Attributes:
        environment: Name of its folder, such as ``DKITCHEN``.
        channels: The file of each microphone.
        samples: Length, the same for all channels.
    """

    environment: str
    channels: tuple[Path, ...]
    samples: int

    def read(self, channel: int, start: int, samples: int) -> NDArray[np.float32]:
        """Read a stretch of one channel, going on at its beginning where it ends.

        Only the stretch is read: the whole of DEMAND would take 5 GB of memory.

        Args:
            channel: Index of the microphone.
            start: First sample, from 0.
            samples: Length of the stretch, which may exceed the recording.

        Returns:
            ``(samples,)`` in [-1, 1].
        """
        if start + samples <= self.samples:
            noise, _ = soundfile.read(self.channels[channel], frames=samples, start=start, dtype="float32")
        else:
            whole, _ = soundfile.read(self.channels[channel], dtype="float32")
            noise = np.take(whole, np.arange(start, start + samples), mode="wrap")
        return noise


def list_environments(root: str | Path) -> list[str]:
    """Names of the environments in a folder: its sub-folders that hold ``ch*.wav``, sorted.

    Raises:
        FileNotFoundError: If the folder is missing or holds none.
    """
    names = sorted({path.parent.name for path in Path(root).glob("*/ch*.wav")})
    if not names:
        raise FileNotFoundError(
            f"{root}: found no ENVIRONMENT/ch01.wav, expected the layout of DEMAND: unpack its *_16k.zip archives there"
        )
    return names


def open_environment(root: str | Path, environment: str, sample_rate_hz: int = 16_000) -> NoiseRecording:
    """Find the channels of an environment and check their headers.

    Raises:
        FileNotFoundError: If the folder has no such environment, naming those it has.
        ValueError: If a channel has another sampling rate, length, or more than one channel itself.
    """
    channels = tuple(sorted((Path(root) / environment).glob("ch*.wav")))
    if not channels:
        raise FileNotFoundError(f"{root}: found no environment {environment!r}, expected {list_environments(root)}")
    headers = [soundfile.info(path) for path in channels]
    for path, header in zip(channels, headers, strict=True):
        if (header.samplerate, header.channels) != (sample_rate_hz, 1):
            raise ValueError(
                f"{path}: found {header.channels} channel(s) at {header.samplerate} Hz, expected 1 at {sample_rate_hz} "
                "Hz: take the archives of that rate (DEMAND has 16 and 48 kHz), or resample with sox or ffmpeg"
            )
        if header.frames == 0 or header.frames != headers[0].frames:
            raise ValueError(f"{path}: found {header.frames} samples, and {headers[0].frames} in {channels[0].name}")
    return NoiseRecording(environment, channels, headers[0].frames)
