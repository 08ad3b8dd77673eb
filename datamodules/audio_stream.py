"""An audio file or a pipe in, its mono waveform at one rate out as it is decoded: only a block of it is held."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from datamodules.audio import SHOWN_BYTES, AudioError, readers, undecodable
from datamodules.audio_refusals import refuse_broken_promise
from datamodules.decoders import Decoder, Stream, UndecodableError, av_stream, soundfile_stream
from datamodules.mono import mono_blocks
from datamodules.shortfall import mp3_samples_promised

BLOCK_VALUES: Final = 1 << 16
"""Few at a time: what comes after holds several copies of a block."""


@dataclass(frozen=True, slots=True)
class AudioStream:
    """A recording that is being decoded.

    Attributes:
        found_rate_hz: the rate in the file.
        channels: their number in the file.
        decoder: "soundfile" (libsndfile) or "pyav" (FFmpeg).
        blocks: float32 ``(samples,)`` in [-1, 1], joined what :func:`datamodules.audio.decode` returns.
    """

    found_rate_hz: int
    channels: int
    decoder: Decoder
    blocks: Iterator[np.ndarray]


@contextmanager
def open_file(path: Path, sample_rate_hz: int) -> Iterator[AudioStream]:
    """Open a file of any length that :func:`datamodules.audio.decode` reads.

    Args:
        path: of the file.
        sample_rate_hz: the rate of the blocks.

    Raises:
        TruncatedAudioError: it ends before its own header says; here, or with its last block.
        AudioError: missing, empty, not audio, or damaged; here, or while the blocks are taken.
    """
    label, size, start = str(path), 0, b""
    try:
        with ExitStack() as stack:
            file = stack.enter_context(_opened(path, label))
            with _mapped(file, label) as content:  # for a moment: pages that are looked at count as memory in use
                refuse_broken_promise(content, label)
                first, raw_format = readers(content, label)
                size, start, promised = len(content), content[:SHOWN_BYTES], mp3_samples_promised(content)
            if first == "soundfile" and (stream := _opened_by_soundfile(stack, file)) is not None:
                yield _streamed(stream, sample_rate_hz, label)
                return
            file.seek(0)
            yield _streamed(stack.enter_context(av_stream(file, label, raw_format, promised)), sample_rate_hz, label)
    except UndecodableError as error:  # of the blocks, too
        raise AudioError(undecodable(label, size, start, error)) from error


@contextmanager
def open_pipe(pipe: BinaryIO, sample_rate_hz: int, label: str = "standard input") -> Iterator[AudioStream]:
    """Open what comes through a pipe, of a container that can be read from front to back: WAV, FLAC, MP3, Ogg, ADTS.

    What was cut off cannot be told from what has ended, but where its container counts.

    Args:
        pipe: open for reading bytes.
        sample_rate_hz: the rate of the blocks.
        label: what errors call it.

    Raises:
        AudioError: not audio, or damaged; here, or while the blocks are taken.
    """
    try:
        with av_stream(pipe, label) as stream:
            yield _streamed(stream, sample_rate_hz, label)
    except UndecodableError as error:
        raise AudioError(
            f"{label}: found what does not decode as audio from a pipe ({error}), expected WAV, FLAC, MP3 or Ogg; "
            "give others, MP4 among them, as files"
        ) from error


class _Seekable(io.FileIO):
    """Goes to the start where a hostile header asks for a place before it, which else prints a stack trace."""

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: Path(self.name).stat().st_size}[whence]
        return super().seek(max(base + offset, 0))


def _opened(path: Path, label: str) -> _Seekable:
    if not path.is_file():
        found = "a folder" if path.is_dir() else "a device or a pipe" if path.exists() else "nothing"
        raise AudioError(f"{label}: found {found}, expected an audio file; check the path, or pipe it to `-`")
    try:
        return _Seekable(path)
    except OSError as error:
        raise AudioError(
            f"{label}: found a file that cannot be read ({error.strerror}), expected an audio file; check its "
            "permissions and the disk"
        ) from error


def _mapped(file: BinaryIO, label: str) -> mmap:
    try:
        return mmap(file.fileno(), 0, access=ACCESS_READ)
    except ValueError as error:  # there is nothing to map
        raise AudioError(f"{label}: found an empty file (0 bytes), expected audio; copy or record it again") from error


def _opened_by_soundfile(stack: ExitStack, file: BinaryIO) -> Stream | None:
    """The stream, or none where libsndfile does not know the format: FFmpeg is asked then."""
    try:
        return stack.enter_context(soundfile_stream(file, BLOCK_VALUES))
    except UndecodableError:
        return None


def _streamed(stream: Stream, sample_rate_hz: int, label: str) -> AudioStream:
    blocks = mono_blocks(stream, sample_rate_hz, label, math.inf)
    return AudioStream(stream.sample_rate_hz, stream.channels, stream.decoder, blocks)
