"""Folders of recorded noise in, stretches of it ``(samples,)`` at any rate out.

DEMAND (Thiemann, Ito and Vincent 2013) holds a folder an environment, with the 16 microphones of one recording as
``ch01.wav`` to ``ch16.wav``. The channels of an environment are one and the same recording, not 16: splitting them
between training and evaluation would leak the noise. Splits are therefore by environment. MUSAN (Snyder, Chen and Povey
2015) and its like are folders of single recordings, at any depth.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from datamodules.audio_files import audio_files


@dataclass(frozen=True)
class NoiseFile:
    """A recording that is read in stretches: the whole of DEMAND would take gigabytes of memory.

    Attributes:
        path: of the file.
        found_rate_hz: its own sampling rate.
        frames: its own length.
        sample_rate_hz: what it is read at.
    """

    path: Path
    found_rate_hz: int
    frames: int
    sample_rate_hz: int

    @property
    def samples(self) -> int:
        """Length at the rate that it is read at."""
        return self.frames * self.sample_rate_hz // self.found_rate_hz

    def read(self, start: int, samples: int) -> NDArray[np.float32]:
        """Read a stretch, its channels averaged, going on at the beginning where the file ends.

        Args:
            start: First sample, from 0, at the rate that it is read at.
            samples: Length of the stretch, which may exceed the recording.

        Returns:
            ``(samples,)``.

        Raises:
            ValueError: The file does not decode there, or holds NaN or infinity.
        """
        if start + samples > self.samples:
            whole = self._resampled(0, self.frames)[: self.samples]
            return np.take(whole, np.arange(start, start + samples), mode="wrap")
        first = start * self.found_rate_hz // self.sample_rate_hz
        frames = math.ceil(samples * self.found_rate_hz / self.sample_rate_hz)
        noise = self._resampled(first, min(frames, self.frames - first))
        return np.take(noise, np.arange(samples), mode="clip")  # rounding may lack the last sample

    def _resampled(self, start: int, frames: int) -> NDArray[np.float32]:
        try:
            noise, _ = soundfile.read(self.path, frames=frames, start=start, dtype="float32", always_2d=True)
        except soundfile.SoundFileError as error:
            raise _undecodable(self.path, error) from error
        if len(noise) < frames or not np.isfinite(noise).all():
            found = "NaN or infinity" if len(noise) == frames else f"{start + len(noise)} of {self.frames} frames"
            raise ValueError(f"{self.path}: found {found}, expected whole audio: copy the file again, or remove it")
        mono = noise[:, 0] if noise.shape[1] == 1 else noise.mean(axis=1, dtype=np.float32)
        if self.found_rate_hz == self.sample_rate_hz:
            return mono
        resampled: NDArray[np.float32] = soxr.resample(mono, self.found_rate_hz, self.sample_rate_hz)
        return resampled


@dataclass(frozen=True)
class NoiseRecording:
    """One recording of one environment.

    Attributes:
        environment: Name of its folder, such as ``DKITCHEN``.
        channels: What each microphone heard.
    """

    environment: str
    channels: tuple[NoiseFile, ...]

    @property
    def samples(self) -> int:
        """Length, the same for all channels."""
        return self.channels[0].samples

    def read(self, channel: int, start: int, samples: int) -> NDArray[np.float32]:
        """Read a stretch ``(samples,)`` of one channel; see :meth:`NoiseFile.read`."""
        return self.channels[channel].read(start, samples)


def open_noise(path: Path, sample_rate_hz: int) -> NoiseFile:
    """Find how long a recording is, and hear its beginning and its end, so that a cut file is told at once.

    Raises:
        ValueError: It is no audio, empty, or damaged at either end.
    """
    try:
        header = soundfile.info(path)
    except soundfile.SoundFileError as error:
        raise _undecodable(path, error) from error
    file = NoiseFile(path, header.samplerate, header.frames, sample_rate_hz)
    if file.samples == 0:
        raise ValueError(f"{path}: found {header.frames} samples, expected noise: copy the file again, or remove it")
    for start in (0, max(0, file.samples - sample_rate_hz)):
        file.read(start, min(sample_rate_hz, file.samples))
    return file


def list_noise(root: str | Path) -> list[Path]:
    """Audio files of a folder, at any depth and behind links, sorted.

    Raises:
        FileNotFoundError: If there is none.
        OSError: If a folder in it cannot be listed.
    """
    paths = audio_files(Path(root))
    if not paths:
        raise FileNotFoundError(f"{root}: found no recording, expected audio files at any depth")
    return paths


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


def choose_environments(root: str | Path, wanted: Iterable[str] | None, held_out: Iterable[str]) -> list[str]:
    """Names of the environments wanted, all when not given, less those that are held out.

    Raises:
        FileNotFoundError: If the folder lacks one of either, or none is left.
    """
    there = list_environments(root)
    names, kept = list(wanted or there), set(held_out)
    unknown = [name for name in (*names, *kept) if name not in there]
    if unknown:
        raise FileNotFoundError(f"{root}: found no environment {unknown[0]!r}, expected some of {there}")
    left = [name for name in names if name not in kept]
    if not left:
        raise FileNotFoundError(f"{root}: no environment is left of {names} but those held out: hold out fewer")
    return left


def open_environment(root: str | Path, environment: str, sample_rate_hz: int = 16_000) -> NoiseRecording:
    """Open the channels of an environment, of any rate.

    Raises:
        FileNotFoundError: If the folder has no such environment, naming those it has.
        ValueError: If a channel is damaged, or of another length than the others.
    """
    choose_environments(root, [environment], ())
    paths = sorted((Path(root) / environment).glob("ch*.wav"))
    channels = tuple(open_noise(path, sample_rate_hz) for path in paths)
    for channel in channels:
        if channel.samples != channels[0].samples:
            raise ValueError(
                f"{channel.path}: found {channel.samples} samples, and {channels[0].samples} in "
                f"{channels[0].path.name}; expected the microphones of one recording: unpack the archive again"
            )
    return NoiseRecording(environment, channels)


def _undecodable(path: Path, error: Exception) -> ValueError:
    return ValueError(
        f"{path}: found what does not decode as audio ({error}), expected WAV, FLAC, OGG or MP3: convert or copy the "
        f"file again, or remove it"
    )
