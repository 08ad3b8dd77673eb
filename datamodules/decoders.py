"""The bytes of a file -> its sound as float32 blocks ``(samples, channels)``, by libsndfile or by FFmpeg."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Final, Literal

import av
import av.error
import numpy as np
import soundfile as sf

from datamodules.audio_errors import AudioError, TruncatedAudioError
from datamodules.shortfall import may_be_mp4

Decoder = Literal["soundfile", "pyav"]

BLOCK_VALUES: Final = 1 << 20
UNKNOWN_FRAMES: Final = 1 << 60
LOSSY_SLACK_S: Final = 0.15
"""Codecs of fixed frames pad their ends, and not every header counts the padding."""
EXACT_SLACK_S: Final = 0.01

# Others are refused: playlists ("hls", "concat", "dash") open further files and addresses, which is not for an upload
# to choose, and the readers of old games' formats are the least tested code of FFmpeg. MP4 comes on top for files that
# start like one: the sample tables of those have been checked.
CONTAINERS: Final = (
    *("aac", "ac3", "aiff", "amr", "asf", "au", "avi", "caf", "eac3", "flac", "flv", "g722", "matroska", "mp3"),
    *("mpeg", "mpegts", "ogg", "w64", "wav"),
)
CODECS: Final = frozenset(
    (
        *("aac", "aac_latm", "ac3", "adpcm_g722", "adpcm_ima_qt", "adpcm_ima_wav", "adpcm_ms", "adpcm_yamaha", "alac"),
        *("amrnb", "amrwb", "eac3", "flac", "g722", "gsm", "gsm_ms", "libopencore_amrnb", "libopencore_amrwb"),
        *(
            "libopus",
            "mp1",
            "mp1float",
            "mp2",
            "mp2float",
            "mp3",
            "mp3float",
            "opus",
            "pcm_alaw",
            "pcm_mulaw",
            "pcm_u8",
        ),
        *("pcm_f32be", "pcm_f32le", "pcm_f64be", "pcm_f64le", "pcm_s16be", "pcm_s16le", "pcm_s24be", "pcm_s24le"),
        *("pcm_s32be", "pcm_s32le", "pcm_s8", "speex", "vorbis", "wmapro", "wmav1", "wmav2", "wmavoice"),
    )
)
GUESSED_DURATION: Final = frozenset({"aac", "ac3", "amr", "eac3", "mp3", "mpeg", "mpegts"})
"""Containers without a length of their own: FFmpeg divides the file's size by the first frame's bit rate."""
CUT_SHOWS: Final = frozenset({"aac", "amr", "flac", "flv"})
"""Containers where a last packet that does not decode is a packet that was cut, not a tag behind the sound."""


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
def soundfile_stream(content: bytes) -> Iterator[Stream]:
    """Open with libsndfile.

    Raises:
        UndecodableError: here, or while the blocks are taken.
    """
    try:
        with sf.SoundFile(_Bytes(content)) as file:
            known = file.samplerate > 0 and file.frames < UNKNOWN_FRAMES
            yield Stream(
                decoder="soundfile",
                sample_rate_hz=file.samplerate,
                channels=file.channels,
                header_s=file.frames / file.samplerate if known else None,
                slack_s=LOSSY_SLACK_S if file.format == "OGG" else EXACT_SLACK_S,
                blocks=_soundfile_blocks(file),
            )
    except sf.LibsndfileError as error:
        raise UndecodableError(error.error_string) from error


def _soundfile_blocks(file: sf.SoundFile) -> Iterator[np.ndarray]:
    """By blocks and not by the header's word, which may be any number."""
    size = max(BLOCK_VALUES // file.channels, 1)
    while (block := file.read(size, dtype="float32", always_2d=True)).size:
        yield block


@contextmanager
def av_stream(content: bytes, name: str, container_format: str | None = None) -> Iterator[Stream]:
    """Open the first audio stream with FFmpeg.

    Args:
        content: bytes of the file.
        name: what errors call it.
        container_format: FFmpeg's name of the container, for content without a header.

    Raises:
        UndecodableError: here, or while the blocks are taken.
        AudioError: damaged or truncated.
    """
    try:
        with av.open(
            io.BytesIO(content),
            "r",
            format=container_format,
            container_options={
                "format_whitelist": ",".join((*CONTAINERS, "mov") if may_be_mp4(content) else CONTAINERS),
                "codec_whitelist": ",".join(sorted(CODECS)),
            },
            metadata_errors="replace",
        ) as container:
            yield _opened(container, name, has_xing_header=_has_xing_header(content))
    except av.error.FFmpegError as error:
        raise UndecodableError(str(error.strerror)) from error


def _opened(container: av.container.InputContainer, name: str, *, has_xing_header: bool) -> Stream:
    if not container.streams.audio:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "none"
        raise UndecodableError(f"no sound in it, streams: {kinds}")
    stream = container.streams.audio[0]
    codec = stream.codec_context.name if stream.codec_context else "unknown"
    if codec not in CODECS:
        raise UndecodableError(f"sound in the codec {codec}, which is not read here")
    frames = _frames(container, stream, name)
    first = next(frames, None)
    rate_hz = first.sample_rate if first else stream.rate
    states_duration = container.duration is not None and (
        container.format.name not in GUESSED_DURATION or has_xing_header
    )
    return Stream(
        decoder="pyav",
        sample_rate_hz=rate_hz,
        channels=first.layout.nb_channels if first else stream.channels,
        header_s=container.duration / av.time_base if states_duration and container.duration else None,
        slack_s=LOSSY_SLACK_S if has_xing_header else None,
        blocks=_av_blocks(chain([first], frames) if first else frames, rate_hz, name),
    )


def _has_xing_header(content: bytes) -> bool:
    """Whether an MP3 counts its frames, as all that end in a file of known length do."""
    skipped = 0
    if content.startswith(b"ID3"):
        skipped = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(content[6:10], (21, 14, 7, 0), strict=False))
    head = content[skipped : skipped + 64]
    return head.startswith(b"\xff") and (b"Xing" in head or b"Info" in head)


def _frames(container: av.container.InputContainer, stream: av.AudioStream, name: str) -> Iterator[av.AudioFrame]:
    """Frames of all packets that decode; a few that do not are tags and the like, more are damage."""
    packets = damaged = samples = 0
    cut = False
    for packet in _packets(container, stream):
        packets += 1
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            damaged += 1
            cut = True
            continue
        if packet.size:
            cut = packet.is_corrupt
        for frame in frames:
            samples += frame.samples
            yield frame
    if cut and container.format.name in CUT_SHOWS and not _counts_fewer(stream, samples):
        raise TruncatedAudioError(
            f"{name}: found a file that ends in the middle of a packet after {samples} samples, "
            f"expected the whole file; copy, download or record it again"
        )
    if samples and damaged > 1 + packets // 100:
        raise AudioError(
            f"{name}: found {damaged} of {packets} packets that do not decode, expected at most one in a hundred; "
            f"copy, download or record it again"
        )
    if damaged and not samples:
        raise UndecodableError("no packet of it decodes")


def _packets(container: av.container.InputContainer, stream: av.AudioStream) -> Iterator[av.Packet[av.AudioStream]]:
    try:
        yield from container.demux(stream)
    except IndexError as error:
        raise UndecodableError("it begins another stream midway") from error


def _counts_fewer(stream: av.AudioStream, samples: int) -> bool:
    """Whether a FLAC header promises no more than these samples: then what was cut is not sound."""
    promised = stream.duration if stream.codec_context.name == "flac" else None
    return bool(promised and stream.time_base and promised * stream.time_base * stream.rate <= samples)


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
