"""The header of a FLAC stream and the frames that were decoded of it -> whether they are all that it was made of.

RFC 9639, section 8.2: STREAMINFO holds the number of samples and the MD5 of them, or zeros where a writer to a pipe did
not know them. FFmpeg's own demuxer leaves out frames that are damaged, and says nothing.
"""

from __future__ import annotations

import hashlib
from typing import Final, cast

import av
import numpy as np

STREAMINFO_BYTES: Final = 34
CHECKED: Final = {"err_detect": "crccheck+explode"}
"""Has FFmpeg's decoder refuse a frame whose checksum is not that of its bytes."""


class FlacSeal:
    """What a stream says of its samples, held against those that were found.

    Args:
        streaminfo: the content of that block.
        numbered: whether frames tell their places in the file, as they do where FLAC is in no other container.

    Attributes:
        promised: samples by the header, 0 where it does not say.
        found: samples that were decoded.
    """

    def __init__(self, streaminfo: bytes, numbered: bool) -> None:
        sizes = int.from_bytes(streaminfo[10:18], "big")  # rate: 20 bits, channels: 3, depth: 5, samples: 36
        self.promised: Final = sizes & ((1 << 36) - 1)
        self.found = 0
        self._depth_bits: Final = (sizes >> 36 & 0b11111) + 1
        self._promised_md5: Final = streaminfo[18:STREAMINFO_BYTES]
        self._found_md5 = hashlib.md5(usedforsecurity=False)
        self._numbered: Final = numbered
        self._reached = 0

    def hear(self, frame: av.AudioFrame) -> None:
        """Take the next frame that was decoded."""
        self.found += frame.samples
        self._found_md5.update(self._as_hashed(frame))
        if self._numbered and frame.pts is not None:  # FFmpeg is unsure of the first ones after a gap
            self._reached = frame.pts + frame.samples

    @property
    def lacking(self) -> int:
        """Samples that the header, or the places of the frames, tell of and that were not found.

        Where the MD5 is right none are, however wrong the rest of the header is. Where it alone is wrong it is the
        header that is broken: each frame has a checksum of its own.
        """
        return 0 if self._is_right() else max(self.promised - self.found, self._reached - self.found, 0)

    @property
    def complete(self) -> bool:
        """Does the header say how much there is to be, and is it there?"""
        return self._is_right() or (self.promised > 0 and not self.lacking)

    def _is_right(self) -> bool:
        return self._found_md5.digest() == self._promised_md5

    def _as_hashed(self, frame: av.AudioFrame) -> bytes:
        """Little-endian integers, interleaved as FFmpeg decodes them, of as many whole bytes as their bits take."""
        values = cast("np.ndarray[tuple[int, ...], np.dtype[np.int16 | np.int32]]", frame.to_ndarray())
        spare_bits = 8 * values.itemsize - self._depth_bits  # samples are moved to the top of 16 or 32 bits
        octets = (values >> spare_bits).astype(values.dtype.newbyteorder("<")).reshape(-1, 1).view("u1")
        return octets[:, : -(-self._depth_bits // 8)].tobytes()


def flac_seal(stream: av.AudioStream) -> FlacSeal | None:
    """The seal of a stream that is FLAC, in whatever container."""
    streaminfo = stream.codec_context.extradata or b""
    if stream.codec_context.name != "flac" or len(streaminfo) < STREAMINFO_BYTES:
        return None
    return FlacSeal(streaminfo, numbered=stream.container.format.name == "flac")
