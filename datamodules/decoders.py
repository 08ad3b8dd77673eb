"""A file, or its bytes, -> its sound as float32 blocks ``(samples, channels)``, by libsndfile or by FFmpeg."""

from __future__ import annotations

import ctypes
import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, groupby
from typing import BinaryIO, Final, Literal

import av
import av.audio.frame
import av.error
import numpy as np
import soundfile as sf

from datamodules.audio_errors import AudioError, TruncatedAudioError
from datamodules.flac import CHECKED, flac_seal

Decoder = Literal["soundfile", "pyav"]

BLOCK_VALUES: Final = 1 << 20
UNKNOWN_FRAMES: Final = 1 << 60
LOSSY_SLACK_S: Final = 0.15
"""Codecs of fixed frames pad their ends, and not every header counts the padding."""
EXACT_SLACK_S: Final = 0.01
MP3_PADDING: Final = 2400
"""Samples of delay and padding that an MP3 counts as its own and that a decoder takes off."""

# Others are refused: playlists ("hls", "concat", "dash") open further files and addresses, which is not for an upload
# to choose, and the readers of old games' formats are the least tested code of FFmpeg.
CONTAINERS: Final = (
    *("aac", "ac3", "aiff", "amr", "asf", "au", "avi", "caf", "eac3", "flac", "flv", "g722", "matroska", "mov"),
    *("mp3", "mpeg", "mpegts", "ogg", "w64", "wav"),
)
CODECS: Final = frozenset(
    (
        *("aac", "aac_latm", "ac3", "adpcm_g722", "adpcm_ima_qt", "adpcm_ima_wav", "adpcm_ms", "adpcm_yamaha", "alac"),
        *("amrnb", "amrwb", "eac3", "flac", "g722", "gsm", "gsm_ms", "libopencore_amrnb", "libopencore_amrwb"),
        *("libopus", "mp1", "mp1float", "mp2", "mp2float", "mp3", "mp3float", "opus", "pcm_alaw", "pcm_mulaw"),
        *("pcm_f32be", "pcm_f32le", "pcm_f64be", "pcm_f64le", "pcm_s16be", "pcm_s16le", "pcm_s24be", "pcm_s24le"),
        *("pcm_s32be", "pcm_s32le", "pcm_s8", "pcm_u8", "speex", "vorbis", "wmapro", "wmav1", "wmav2", "wmavoice"),
    )
)
GUESSED_DURATION: Final = frozenset({"aac", "ac3", "amr", "eac3", "mp3", "mpeg", "mpegts"})
"""Containers without a length of their own: FFmpeg divides the file's size by the first frame's bit rate."""
CUT_SHOWS: Final = frozenset({"aac", "amr", "flac", "flv"})
"""Containers where a last packet that does not decode is a packet that was cut, not a tag behind the sound."""


MAX_ALLOCATION_BYTES: Final = 1 << 28


def _bound_allocations() -> None:
    """Have FFmpeg refuse larger blocks: by a header of a hundred bytes it would else allocate and clear gigabytes."""
    with suppress(AttributeError):  # a library that hides FFmpeg's own names decodes the same, without this guard
        allow = ctypes.CDLL(av.audio.frame.__file__).av_max_alloc
        allow.argtypes, allow.restype = [ctypes.c_size_t], None
        allow(MAX_ALLOCATION_BYTES)


_bound_allocations()


class UndecodableError(Exception):
    """This decoder cannot read the content; the message says why."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Sound that is being decoded.

    Attributes:
        decoder: who decodes it.
        sample_rate_hz: its rate.
        channels: their number, in the first block.
        header_s: the duration that its header states, None where it states none.
        slack_s: how much less than that there may be, None where the header is not taken at its word.
        blocks: float32 ``(samples, channels)``.
    """

    decoder: Decoder
    sample_rate_hz: int
    channels: int
    header_s: float | None
    slack_s: float | None
    blocks: Iterator[np.ndarray]


class _Bytes(io.BytesIO):
    """Goes to the start where a hostile header asks for a place before it, which else prints a stack trace."""

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: self.getbuffer().nbytes}[whence]
        return super().seek(max(base + offset, 0))


@contextmanager
def soundfile_stream(content: bytes | BinaryIO, block_values: int = BLOCK_VALUES) -> Iterator[Stream]:
    """Open with libsndfile.

    Args:
        content: bytes of the file, or the file itself, at its start and seekable.
        block_values: samples of a block, all channels together.

    Raises:
        UndecodableError: here, or while the blocks are taken.
    """
    try:
        with sf.SoundFile(_Bytes(content) if isinstance(content, bytes) else content) as file:
            if file.frames == 0:
                raise UndecodableError("no samples found")
            known = file.samplerate > 0 and file.frames < UNKNOWN_FRAMES
            yield Stream(
                decoder="soundfile",
                sample_rate_hz=file.samplerate,
                channels=file.channels,
                header_s=file.frames / file.samplerate if known else None,
                slack_s=LOSSY_SLACK_S if file.format == "OGG" else EXACT_SLACK_S,
                blocks=_soundfile_blocks(file, block_values),
            )
    except sf.LibsndfileError as error:
        raise UndecodableError(error.error_string) from error


def _soundfile_blocks(file: sf.SoundFile, block_values: int) -> Iterator[np.ndarray]:
    """By blocks and not by the header's word, which may be any number."""
    size = max(block_values // file.channels, 1)
    while (block := file.read(size, dtype="float32", always_2d=True)).size:
        yield block


@contextmanager
def av_stream(
    content: bytes | BinaryIO, name: str, container_format: str | None = None, promised_samples: int | None = None
) -> Iterator[Stream]:
    """Open the first audio stream with FFmpeg.

    Args:
        content: bytes of the file, or the file itself, at its start; a pipe will do for many containers.
        name: what errors call it.
        container_format: FFmpeg's name of the container, for content without a header.
        promised_samples: that an MP3's header tells of.

    Raises:
        UndecodableError: here, or while the blocks are taken.
        AudioError: damaged or truncated.
    """
    try:
        with av.open(
            io.BytesIO(content) if isinstance(content, bytes) else content,
            "r",
            format=container_format,
            container_options={
                "format_whitelist": ",".join(CONTAINERS),
                "codec_whitelist": ",".join(sorted(CODECS)),
            },
            metadata_errors="replace",
        ) as container:
            yield _opened(container, name, promised_samples=promised_samples)
    except av.error.FFmpegError as error:
        raise UndecodableError(str(error.strerror)) from error


def _opened(container: av.container.InputContainer, name: str, *, promised_samples: int | None) -> Stream:
    if not container.streams.audio:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "none"
        raise UndecodableError(f"no sound in it, streams: {kinds}")
    stream = container.streams.audio[0]
    codec = stream.codec_context.name if stream.codec_context else "unknown"
    if codec not in CODECS:
        raise UndecodableError(f"sound in the codec {codec}, which is not read here")
    if codec == "flac":
        stream.codec_context.options = dict(CHECKED)
    frames = _frames(container, stream, name)
    first = next(frames, None)
    rate_hz = first.sample_rate if first else stream.rate
    header_s = None
    if promised_samples and rate_hz:
        header_s = promised_samples / rate_hz
    elif container.duration and container.format.name not in GUESSED_DURATION:
        header_s = container.duration / av.time_base
    return Stream(
        decoder="pyav",
        sample_rate_hz=rate_hz,
        channels=first.layout.nb_channels if first else stream.channels,
        header_s=header_s,
        slack_s=MP3_PADDING / rate_hz if promised_samples and rate_hz else None,
        blocks=_av_blocks(chain([first], frames) if first else frames, rate_hz, name),
    )


def _frames(container: av.container.InputContainer, stream: av.AudioStream, name: str) -> Iterator[av.AudioFrame]:
    """Frames of all packets that decode; a few that do not are tags and the like, more are damage."""
    seal = flac_seal(stream)
    packets = damaged = behind = samples = 0  # behind: the damaged ones that no sound follows
    cut = False
    for packet in _packets(container, stream):
        packets += 1
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            damaged += 1
            behind += 1
            cut = True
            continue
        if packet.size:
            cut = packet.is_corrupt
            behind = 0
        for frame in frames:
            samples += frame.samples
            if seal is not None:
                seal.hear(frame)
            yield frame
    if cut and container.format.name in CUT_SHOWS and not (seal and seal.complete):
        raise TruncatedAudioError(
            f"{name}: found a last packet that is cut or damaged after {samples} samples, "
            f"expected the whole file; copy, download or record it again"
        )
    if samples and damaged > (behind if seal else 1 + packets // 100):
        raise AudioError(
            f"{name}: found {damaged} of {packets} packets that do not decode, expected all to; "
            f"copy, download or record it again"
        )
    if samples and seal and seal.lacking:
        raise AudioError(
            f"{name}: found damaged FLAC that {seal.lacking} samples are missing from, beside {samples} that decode, "
            f"expected all that its header and frames tell of; copy, download or record it again"
        )
    if damaged and not samples:
        raise UndecodableError("no packet of it decodes")


def _packets(container: av.container.InputContainer, stream: av.AudioStream) -> Iterator[av.Packet[av.AudioStream]]:
    try:
        yield from container.demux(stream)
    except IndexError as error:
        raise UndecodableError("it begins another stream midway") from error


def _av_blocks(frames: Iterator[av.AudioFrame], rate_hz: int, name: str) -> Iterator[np.ndarray]:
    """Any sample format and layout, which may change midway -> float32 blocks ``(samples, channels)``.

    Interleaved, since PyAV looks for the planes of eight channels and more beyond the end of their list and crashes.
    """
    for _, alike in groupby(frames, lambda frame: (frame.format.name, frame.layout.name, frame.sample_rate)):
        interleave = av.AudioResampler(format="flt")
        for frame in chain(alike, [None]):
            if frame is not None and frame.sample_rate != rate_hz:
                raise AudioError(
                    f"{name}: found sound that changes from {rate_hz} to {frame.sample_rate} Hz midway, "
                    f"expected one rate; split the file there"
                )
            for block in interleave.resample(frame):
                yield block.to_ndarray().reshape(-1, block.layout.nb_channels)
