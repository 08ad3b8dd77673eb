"""Codecs keep length and timing of real speech at any rate, and cut the band that they are known to cut."""

from typing import get_args

import numpy as np
import pytest
import soxr
from jsonargparse import ArgumentParser

from datamodules.augmentation import Augmentation, Band, CodecPass, Coding, TelephoneBand
from datamodules.coding import CODECS, CodecName, coded
from tests.encodings import speech_of

RATES_HZ = (8000, 16_000)
NARROW = ("alaw", "mulaw", "gsm", "amr_nb", "opus_nb")
LAG_PARTS = 16
MAX_LAG_MS = 0.0625
"""A sample at 16 kHz."""


@pytest.fixture(scope="module")
def speech(tiny_corpus):
    """Two seconds of real speech ``(samples,)`` for each rate."""
    waveform = speech_of(tiny_corpus)
    return {rate_hz: soxr.resample(waveform, 16_000, rate_hz) for rate_hz in RATES_HZ}


def lag_ms(late, original, rate_hz):
    """How late a waveform is, up to 5 ms: where the cross-correlation of the middle of the band is greatest."""
    size = 1 << (2 * len(original)).bit_length()
    frequency_hz = np.fft.rfftfreq(size, 1 / rate_hz)
    spectrum = np.fft.rfft(late, size) * np.conj(np.fft.rfft(original, size))
    spectrum[(frequency_hz < 600) | (frequency_hz > 3000)] = 0
    most = rate_hz // 200 * LAG_PARTS
    near = np.roll(np.fft.irfft(spectrum, size * LAG_PARTS), most)[: 2 * most]
    return (int(near.argmax()) - most) * 1000 / LAG_PARTS / rate_hz


def level_db(waveform, low_hz, high_hz, rate_hz=16_000):
    """Level of a band, in decibels of any reference."""
    power = np.square(np.abs(np.fft.rfft(waveform)))
    frequency_hz = np.fft.rfftfreq(len(waveform), 1 / rate_hz)
    return 10 * np.log10(power[(frequency_hz >= low_hz) & (frequency_hz < high_hz)].sum() + 1e-12)


def test_the_table_has_every_name():
    assert set(get_args(CodecName)) == set(CODECS)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("codec", CODECS)
def test_length_timing_and_likeness_are_kept(speech, codec, rate_hz):
    original = speech[rate_hz]
    for bit_rate in (CODECS[codec].bit_rates[0], CODECS[codec].bit_rates[-1]):
        altered = coded(original, codec, bit_rate, rate_hz)
        assert (altered.shape, altered.dtype) == (original.shape, np.float32)
        assert np.abs(altered).max() <= 1
        assert abs(lag_ms(altered, original, rate_hz)) <= MAX_LAG_MS
        assert np.corrcoef(altered, original)[0, 1] > 0.75
        assert not np.array_equal(altered, original)


@pytest.mark.parametrize("codec", CODECS)
def test_the_end_is_coded_too(speech, codec):
    whole, cut = speech[16_000], speech[16_000][:16_123]
    bit_rate = CODECS[codec].bit_rates[-1]
    end = slice(15_600, 16_123)
    altered, longer = coded(cut, codec, bit_rate, 16_000)[end], coded(whole, codec, bit_rate, 16_000)[end]
    assert np.corrcoef(altered, longer)[0, 1] > 0.9


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("codec", CODECS)
def test_a_tenth_of_a_second_of_anything_works(speech, codec, rate_hz):
    samples = rate_hz // 10 + 1
    for waveform in (np.zeros(samples, np.float32), np.full(samples, 1, np.float32), speech[rate_hz][:samples]):
        altered = coded(waveform, codec, CODECS[codec].bit_rates[0], rate_hz)
        assert altered.shape == (samples,)
        assert np.isfinite(altered).all()
    assert np.abs(coded(np.zeros(samples, np.float32), codec, CODECS[codec].bit_rates[0], rate_hz)).max() < 1e-3


@pytest.mark.parametrize("codec", CODECS)
def test_telephone_codecs_leave_nothing_above_4_khz(speech, codec):
    original = speech[16_000]
    altered = coded(original, codec, CODECS[codec].bit_rates[-1], 16_000)
    if codec in NARROW:
        assert level_db(altered, 4200, 8000) < level_db(altered, 300, 3000) - 40
    else:
        assert abs(level_db(original, 4200, 8000) - level_db(altered, 4200, 8000)) < 3
    assert abs(level_db(original, 300, 3000) - level_db(altered, 300, 3000)) < 3


def test_fewer_bits_are_further_from_the_original(speech):
    original = speech[16_000]
    for codec, kind in CODECS.items():
        errors = [np.linalg.norm(coded(original, codec, rate, 16_000) - original) for rate in kind.bit_rates[::4]]
        assert errors == sorted(errors, reverse=True), codec


def test_a_draw_is_of_the_codecs_named_and_repeats(speech):
    augmentation = CodecPass(["gsm", "mp3"], probability=1.0)
    rng = np.random.default_rng(0)
    draws = {augmentation.draw(rng, 32_000) for _ in range(100)}
    assert draws == {Coding("gsm", 13_000), *(Coding("mp3", rate) for rate in CODECS["mp3"].bit_rates)}
    assert {draw.codec for draw in (CodecPass().draw(rng, 1) for _ in range(300))} == set(CODECS)
    before = speech[16_000].copy()
    for codec in CODECS:
        first, again = (CodecPass([codec], 1.0)(speech[16_000], np.random.default_rng(3)) for _ in range(2))
        np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(speech[16_000], before)


def test_a_codec_that_there_is_not_is_told():
    with pytest.raises(ValueError, match=r"codecs=\['speex'\], expected some of alaw"):
        CodecPass(["gsm", "speex"])
    with pytest.raises(ValueError, match=r"codecs=\[\]"):
        CodecPass([])


def test_a_config_names_codecs():
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--augmentation", type=Augmentation)
    words = ["--augmentation=CodecPass", "--augmentation.codecs=[gsm, mp3]", "--augmentation.sample_rate_hz=8000"]
    augmentation = parser.instantiate_classes(parser.parse_args(words)).augmentation
    assert augmentation.recipe == {
        "class_path": "datamodules.augmentation.codec.CodecPass",
        "version": 1,
        "codecs": ["gsm", "mp3"],
        "probability": 0.5,
        "sample_rate_hz": 8000,
    }


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_telephone_line_is_flat_within_its_band_and_shut_outside(rate_hz):
    click = np.zeros(rate_hz, np.float32)
    click[rate_hz // 2] = 1
    altered = TelephoneBand(sample_rate_hz=rate_hz).apply(click, Band(300, 3400))
    gain_db = 20 * np.log10(np.abs(np.fft.rfft(altered)) + 1e-9)  # one value a hertz
    assert np.abs(gain_db[301:3400]).max() < 0.6
    assert max(gain_db[:240].max(), gain_db[round(3400 * 1.2) :].max(initial=-99)) < -20
    assert np.argmax(altered) == rate_hz // 2
    assert lag_ms(altered, click, rate_hz) == 0


def test_edges_are_drawn_within_their_limits(speech):
    augmentation = TelephoneBand(probability=1.0)
    rng = np.random.default_rng(0)
    draws = [augmentation.draw(rng, 1) for _ in range(100)]
    assert all(200 <= draw.low_hz <= 400 and 3000 <= draw.high_hz <= 3600 for draw in draws)
    altered = augmentation(speech[16_000], rng)
    assert (altered.shape, altered.dtype) == (speech[16_000].shape, np.float32)
    assert level_db(altered, 4500, 8000) < level_db(speech[16_000], 4500, 8000) - 30
    assert not augmentation(np.zeros(1600, np.float32), rng).any()


def test_edges_that_do_not_rise_are_told():
    with pytest.raises(ValueError, match="expected them to rise between 0 and half of the 8000 Hz"):
        TelephoneBand(high_max_hz=4000, sample_rate_hz=8000)
