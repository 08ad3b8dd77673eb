"""The bytes of an audio or video file -> how far they fall short of what its containers promise, without decoding."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap
from typing import Final

UNKNOWN_FROM: Final = 0x7FFF0000
"""Writers to a pipe leave 0, -1, or about 2 or 4 GiB where the length belongs: the sound goes on to the end."""
MISCOUNTED_BYTES: Final = 64
"""Some writers count a header or a padding byte as sound."""
MOST_PARTS: Final = 1 << 20
"""Chunks, boxes or pages that are looked at: a gigabyte of empty ones would take minutes."""
EBML: Final = b"\x1aE\xdf\xa3"
SEGMENT: Final = b"\x18S\x80g"
FIRST_MP4_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp"})
MP4_BOX_HEAD: Final = 8


Content = bytes | mmap
"""Of a file: in memory, or mapped, where it is too large for that."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Bytes that are there, and bytes that were promised (None: the index is missing, so nobody knows)."""

    found: int
    promised: int | None


@dataclass(frozen=True, slots=True)
class ChunkLayout:
    """How a container writes its chunks: a name of so many bytes, then a size, then that many bytes.

    Attributes:
        first: where the first chunk starts.
        name_bytes: length of a name.
        size: ``struct`` format of a size.
        size_counts_head: whether the size includes name and size.
        alignment: chunks start at multiples of this.
        sound: how the name of the chunk with the sound starts.
    """

    first: int
    name_bytes: int
    size: str
    size_counts_head: bool
    alignment: int
    sound: tuple[bytes, ...]


WAV: Final = ChunkLayout(12, 4, "<I", size_counts_head=False, alignment=2, sound=(b"data",))
CHUNKED: Final = (
    (re.compile(rb"RIFF....WAVE", re.DOTALL), WAV),
    (
        re.compile(rb"RIFX....WAVE", re.DOTALL),
        ChunkLayout(12, 4, ">I", size_counts_head=False, alignment=2, sound=(b"data",)),
    ),
    (
        re.compile(rb"FORM....AIF[FC]", re.DOTALL),
        ChunkLayout(12, 4, ">I", size_counts_head=False, alignment=2, sound=(b"SSND",)),
    ),
    (re.compile(rb"caff\x00"), ChunkLayout(8, 4, ">Q", size_counts_head=False, alignment=1, sound=(b"data",))),
    (
        re.compile(rb"riff\x2e\x91\xcf\x11"),
        ChunkLayout(40, 16, "<Q", size_counts_head=True, alignment=8, sound=(b"data",)),
    ),
)
AVI: Final = re.compile(rb"RIFF(.{4})AVI ", re.DOTALL)
RF64: Final = re.compile(rb"(?:RF64|BW64)....WAVEds64.{12}(.{8})", re.DOTALL)
AU: Final = re.compile(rb"\.snd(.{8})", re.DOTALL)
XING: Final = re.compile(
    rb"\xff([\xe0-\xff]).{7,34}?(?:Xing|Info)...[\x01\x03\x05\x07\x09\x0b\x0d\x0f](.{4})", re.DOTALL
)
FIRST_VERSION: Final = 0x18
"""The two bits of an MP3 frame's version, both set: 1152 samples a frame, else 576."""


def shortfall(content: Content) -> Shortfall | None:
    """What a file lacks by its own account; None where nothing, where it does not say, or where it cannot be told.

    Streams of unknown length, as written to a pipe, are whole.
    """
    for signature, layout in CHUNKED:
        if signature.match(content):
            return _chunk_shortfall(content, layout)
    if found := RF64.match(content):
        return _chunk_shortfall(content, WAV, long_size=int.from_bytes(found[1], "little"))
    if found := AVI.match(content):
        return _short(content, 8, int.from_bytes(found[1], "little"), MISCOUNTED_BYTES)
    if found := AU.match(content):
        start, size = struct.unpack(">II", found[1])
        return _short(content, start, size, MISCOUNTED_BYTES)
    return next((told(content) for is_one, told in BY_STRUCTURE if is_one(content)), None)


def may_be_mp4(content: Content) -> bool:
    """Whether a file starts like an MP4 or QuickTime file."""
    return content[4:8] in FIRST_MP4_BOXES


def mp3_samples_promised(content: Content) -> int | None:
    """Samples that an MP3 promises, as all do that were written to a file and not to a pipe."""
    skipped = 0
    if content[:3] == b"ID3":
        skipped = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(content[6:10], (21, 14, 7, 0), strict=False))
    found = XING.match(content, skipped)
    if not found:
        return None
    samples = 1152 if found[1][0] & FIRST_VERSION == FIRST_VERSION else 576
    return samples * int.from_bytes(found[2], "big")


def _short(content: Content, start: int, promised: int, tolerated: int = 0) -> Shortfall | None:
    found = max(len(content) - start, 0)
    if 0 < promised < UNKNOWN_FROM and found + tolerated < promised:
        return Shortfall(found, promised)
    return None


def _chunk_shortfall(content: Content, layout: ChunkLayout, long_size: int | None = None) -> Shortfall | None:
    head = layout.name_bytes + struct.calcsize(layout.size)
    position = layout.first
    for _ in range(MOST_PARTS):
        if position + head > len(content):
            break
        name = content[position : position + layout.name_bytes]
        (size,) = struct.unpack_from(layout.size, content, position + layout.name_bytes)
        if layout.size_counts_head:
            size = max(size - head, 0)
        if name.startswith(layout.sound):
            promised = long_size if long_size is not None and size >= UNKNOWN_FROM else size
            return _short(content, position + head, promised, MISCOUNTED_BYTES)
        position += head + size
        position += -position % layout.alignment
    return None


def _mp4_boxes(content: Content) -> Iterator[tuple[bytes, int, int]]:
    """Outermost boxes as ``(name, start, size)``, heads included; a size that is not one ends them."""
    position = 0
    for _ in range(MOST_PARTS):
        if position + MP4_BOX_HEAD > len(content):
            return
        size, name = struct.unpack_from(">I4s", content, position)
        if size == 1 and position + 16 <= len(content):
            (size,) = struct.unpack_from(">Q", content, position + 8)
        elif size == 0:
            size = len(content) - position
        if size < MP4_BOX_HEAD:
            return
        yield name, position, size
        position += size


def _mp4_shortfall(content: Content) -> Shortfall | None:
    names = set()
    for name, start, size in _mp4_boxes(content):
        if start + size > len(content):
            return Shortfall(len(content), start + size)
        names.add(name)
    return Shortfall(len(content), None) if b"moov" not in names else None


def _matroska_shortfall(content: Content) -> Shortfall | None:
    segment = content.find(SEGMENT, 0, 4096)
    head = segment + len(SEGMENT)
    if segment < 0 or head >= len(content) or content[head] == 0:
        return None
    size_bytes = 9 - content[head].bit_length()
    size = int.from_bytes(content[head : head + size_bytes], "big") & ((1 << 7 * size_bytes) - 1)
    if size == (1 << 7 * size_bytes) - 1:
        return None
    return _short(content, head + size_bytes, size)


def _ogg_shortfall(content: Content) -> Shortfall | None:
    """A page that is cut; a capture that ends between two pages is whole for all that its bytes say."""
    position = 0
    for _ in range(MOST_PARTS):
        if content[position : position + 4] != b"OggS":
            break
        segments = position + 27
        size = 27 + content[position + 26] if segments <= len(content) else 27
        size += sum(content[segments : position + size])
        if position + size > len(content):
            return Shortfall(len(content), position + size)
        position += size
    return None


BY_STRUCTURE: Final = (
    (may_be_mp4, _mp4_shortfall),
    (lambda content: content[:4] == EBML, _matroska_shortfall),
    (lambda content: content[:4] == b"OggS", _ogg_shortfall),
)
