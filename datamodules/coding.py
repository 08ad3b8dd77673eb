"""A waveform ``(samples,)`` in, what is left of it after a codec out: of the same length, and in time with it.

FFmpeg's encoders and decoders are called bare: packets go from one to the other in memory. A container between them
would say by how much the sound is late; here ``delay`` does, as measured by the cross-correlation of coded speech with
its original between 600 and 3000 Hz, and a test measures it again. Further down AMR is up to a sample early, by the
filter that takes off what is below 80 Hz. FFmpeg takes the delay of Opus and MP3 off itself, libsndfile that of Vorbis,
and GSM has none.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, cast

import av
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

Audio = NDArray[np.float32]
CodecName = Literal["alaw", "mulaw", "g722", "gsm", "amr_nb", "opus", "opus_nb", "mp3", "aac", "vorbis"]

OPUS_RATES_HZ: Final = (16_000, 24_000, 48_000)
MPEG_RATES_HZ: Final = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
VORBIS_LEVELS: Final = {24_000: 1.0, 32_000: 0.9, 40_000: 0.8, 48_000: 0.7, 64_000: 0.5}
"""Nominal bit rate at 16 kHz -> libsndfile's compression level; at 8 kHz the same level takes about half of it."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec.

    Attributes:
        standard: where it is laid down.
        round_trip: encodes and decodes a waveform ``(samples,)``, given its rate and a bit rate; what comes out is in
            time with it, and may be longer.
        rates_hz: those it codes at, rising.
        bit_rates: those to choose from, in bit/s.
    """

    standard: str
    round_trip: Callable[[Audio, int, int], Audio]
    rates_hz: tuple[int, ...]
    bit_rates: tuple[int, ...]


def coded(waveform: Audio, codec: CodecName, bit_rate: int, sample_rate_hz: int) -> Audio:
    """Encode and decode again.

    The codec runs at the lowest of its rates that holds the waveform's band, else at its highest: telephone codecs at
    8 kHz, whatever the waveform's rate, so that nothing is left above 4 kHz.

    Args:
        waveform: ``(samples,)`` in [-1, 1].
        codec: one of ``CODECS``.
        bit_rate: one of the codec's, in bit/s.
        sample_rate_hz: of the waveform, and of the result.

    Returns:
        float32 ``(samples,)`` in [-1, 1].
    """
    kind = CODECS[codec]
    rate_hz = min((rate for rate in kind.rates_hz if rate >= sample_rate_hz), default=kind.rates_hz[-1])
    heard = kind.round_trip(np.clip(_at_rate(waveform, sample_rate_hz, rate_hz), -1, 1), rate_hz, bit_rate)
    return np.clip(_of_length(_at_rate(heard, rate_hz, sample_rate_hz), len(waveform)), -1, 1)


def _by_ffmpeg(
    waveform: Audio,
    rate_hz: int,
    bit_rate: int,
    *,
    encoder: str,
    decoder: str,
    delay: int = 0,
    options: dict[str, str] | None = None,
) -> Audio:
    """Encode and decode with FFmpeg.

    Args:
        waveform: ``(samples,)``.
        rate_hz: of the waveform.
        bit_rate: in bit/s.
        encoder: FFmpeg's name.
        decoder: FFmpeg's name.
        delay: samples by which what is decoded is late, at the rate it is decoded to.
        options: of the encoder.
    """
    writer = _context(encoder, "w", rate_hz)
    writer.format = (writer.codec.audio_formats or [av.AudioFormat("s16")])[0]
    writer.bit_rate = bit_rate
    writer.options = options or {}
    followed = np.pad(waveform, (0, delay))  # else the end would still be on its way when all is over
    frame = av.AudioFrame.from_ndarray(followed[np.newaxis], format="fltp", layout="mono")
    frame.sample_rate, frame.pts = rate_hz, 0
    packets = [*writer.encode(frame), *writer.encode(None)]
    reader = _context(decoder, "r", rate_hz)
    reader.extradata = writer.extradata
    frames = [frame for packet in [*packets, None] for frame in reader.decode(packet)]
    as_float = av.AudioResampler(format="flt")
    pieces = [piece.to_ndarray()[0] for frame in [*frames, None] for piece in as_float.resample(frame)]
    return _at_rate(np.concatenate(pieces)[delay:], frames[0].sample_rate, rate_hz)  # Opus is decoded to 48 kHz always


def _context(name: str, mode: Literal["r", "w"], rate_hz: int) -> av.AudioCodecContext:
    context = cast("av.AudioCodecContext", av.CodecContext.create(name, mode))
    context.sample_rate, context.layout = rate_hz, "mono"  # type: ignore[assignment]
    return context


def _by_libsndfile(
    waveform: Audio, rate_hz: int, container: str, subtype: str, compression_level: float | None = None
) -> Audio:
    content = io.BytesIO()
    with soundfile.SoundFile(
        content, "w", rate_hz, channels=1, format=container, subtype=subtype, compression_level=compression_level
    ) as file:
        for start in range(0, len(waveform), rate_hz):  # its Vorbis encoder overflows the stack on minutes at once
            file.write(waveform[start : start + rate_hz])
    content.seek(0)
    return soundfile.read(content, dtype="float32")[0]


def _gsm(waveform: Audio, rate_hz: int, bit_rate: int) -> Audio:  # noqa: ARG001 - it has but one
    return _by_libsndfile(waveform, rate_hz, "WAV", "GSM610")


def _vorbis(waveform: Audio, rate_hz: int, bit_rate: int) -> Audio:
    return _by_libsndfile(waveform, rate_hz, "OGG", "VORBIS", VORBIS_LEVELS[bit_rate])


def _at_rate(waveform: Audio, found_hz: int, wanted_hz: int) -> Audio:
    return waveform if found_hz == wanted_hz else soxr.resample(waveform, found_hz, wanted_hz)


def _of_length(waveform: Audio, samples: int) -> Audio:
    return np.pad(waveform[:samples], (0, max(samples - len(waveform), 0)))


# Quick settings of the encoders, which code into the same bands: Opus of complexity 2 is three times as fast as of 10,
# MP3 of quality 7 over twice as fast as of 2, and AAC over twice as fast without the search in two loops.
_alaw = partial(_by_ffmpeg, encoder="pcm_alaw", decoder="pcm_alaw")
_mulaw = partial(_by_ffmpeg, encoder="pcm_mulaw", decoder="pcm_mulaw")
_g722 = partial(_by_ffmpeg, encoder="g722", decoder="g722", delay=22)
_amr = partial(_by_ffmpeg, encoder="libopencore_amrnb", decoder="amrnb", delay=40)
_opus = partial(_by_ffmpeg, encoder="libopus", decoder="opus", options={"compression_level": "2"})
_opus_nb = partial(_opus, delay=7)  # of its own resampling to 48 kHz
_mp3 = partial(_by_ffmpeg, encoder="libmp3lame", decoder="mp3float", options={"compression_level": "7"})
_aac = partial(_by_ffmpeg, encoder="aac", decoder="aac", delay=1024, options={"aac_coder": "fast"})

CODECS: Final[dict[CodecName, Codec]] = {
    "alaw": Codec("ITU-T G.711, A-law", _alaw, (8000,), (64_000,)),
    "mulaw": Codec("ITU-T G.711, mu-law", _mulaw, (8000,), (64_000,)),
    "g722": Codec("ITU-T G.722", _g722, (16_000,), (64_000,)),
    "gsm": Codec("ETSI GSM 06.10, full rate", _gsm, (8000,), (13_000,)),
    "amr_nb": Codec("3GPP TS 26.071", _amr, (8000,), (4750, 5150, 5900, 6700, 7400, 7950, 10_200, 12_200)),
    "opus": Codec("IETF RFC 6716", _opus, OPUS_RATES_HZ, (12_000, 16_000, 24_000, 32_000, 48_000)),
    "opus_nb": Codec("IETF RFC 6716, narrow band", _opus_nb, (8000,), (6000, 8000, 12_000)),
    "mp3": Codec("ISO/IEC 13818-3, layer III", _mp3, MPEG_RATES_HZ, (16_000, 24_000, 32_000, 48_000, 64_000)),
    "aac": Codec("ISO/IEC 14496-3, AAC-LC", _aac, MPEG_RATES_HZ, (16_000, 24_000, 32_000, 48_000)),
    "vorbis": Codec("Xiph.Org Vorbis I", _vorbis, MPEG_RATES_HZ, tuple(VORBIS_LEVELS)),
}
