"""Conditions alter every utterance once, always alike, and what they say they do."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from datamodules.augmentation import active_level, rms
from datamodules.coding import CODECS, coded
from datamodules.conditions import TrimSilence, conditions
from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from datamodules.datamodule import DeepfakeDataModule


@pytest.fixture
def noise(tmp_path):
    for number, name in enumerate(("CAFE", "STREET")):
        (tmp_path / "noise" / name).mkdir(parents=True)
        sf.write(tmp_path / "noise" / name / "ch01.wav", np.random.default_rng(number).normal(0, 0.1, 160_000), 16_000)
    return str(tmp_path / "noise")


def test_every_noise_at_every_ratio(noise):
    found = conditions(16_000, noise, [10, 0], codecs=["gsm", "opus"])
    assert [condition.name for condition in found] == [
        *("clean", "white_10db", "white_0db", "CAFE_10db", "CAFE_0db", "STREET_10db", "STREET_0db"),
        *("gsm", "opus", "trimmed"),
    ]
    assert [condition.group for condition in conditions(16_000, noise, [5], ["STREET"], ["gsm"])] == [
        *("clean", "white", "STREET", "codec", "trimmed")
    ]
    assert {condition.name for condition in conditions(8000) if condition.group == "codec"} == set(CODECS)
    with pytest.raises(FileNotFoundError, match="no environment 'PARK'"):
        conditions(16_000, noise, [5], ["PARK"])


def test_altered_waveforms_reach_their_ratio_and_are_kept(noise, tiny_corpus, tmp_path):
    def opened():
        return DeepfakeDataModule(asvspoof2019_la(str(tiny_corpus)), cache_dir=str(tmp_path / "cache"))

    data = opened()
    clean = data.waveforms("eval")
    for condition in conditions(16_000, noise, [12.0]):
        if condition.is_noise:
            altered = data.waveforms("eval", condition.alteration)
            altered.fill()
            for row in range(len(altered)):
                speech, noisy = (store[row][0] / 32767 for store in (clean, altered))
                if np.abs(noisy).max() < 1:  # else it was turned down as a whole
                    found_db = 20 * np.log10(active_level(speech) / rms(noisy - speech))
                    assert found_db == pytest.approx(12, abs=0.1)
            again = opened().waveforms("eval", condition.alteration)
            assert again.missing == []
            assert (again[0] == altered[0]).all()


def test_an_environment_called_as_another_condition_is_refused(noise):
    (Path(noise) / "CAFE").rename(Path(noise) / "white")
    with pytest.raises(ValueError, match=r"found an environment 'white'.*rename"):
        conditions(16_000, noise)


def test_a_codec_is_the_one_at_the_middle_of_its_bit_rates(tiny_corpus):
    waveform, _ = sf.read(asvspoof2019_la(str(tiny_corpus))[0].path, dtype="float32")
    for codec in ("amr_nb", "mp3"):
        (condition,) = (found for found in conditions(16_000, codecs=[codec]) if found.group == "codec")
        altered = condition.alteration(waveform, np.random.default_rng(0))
        bit_rates = CODECS[codec].bit_rates
        np.testing.assert_array_equal(altered, coded(waveform, codec, bit_rates[len(bit_rates) // 2], 16_000))


def test_a_condition_knows_its_recordings_by_their_content(noise):
    found = {condition.name: condition.recordings for condition in conditions(16_000, noise, [10], codecs=["gsm"])}
    assert found.pop("CAFE_10db") != found.pop("STREET_10db") != []
    assert set(map(tuple, found.values())) == {()}


def test_trimming_cuts_silence_at_both_ends_alone():
    tone = (0.3 * np.sin(np.arange(16_000) / 5)).astype(np.float32)
    trim = TrimSilence()
    padded = np.concatenate([np.zeros(3200, np.float32), tone, np.zeros(6400, np.float32)])
    np.testing.assert_array_equal(trim.apply(padded, None), tone)
    odd = np.concatenate([np.zeros(3200, np.float32), tone, tone[:123]])
    np.testing.assert_array_equal(trim.apply(odd, None), odd[3200:])
    for short in (np.zeros(5, np.float32), np.zeros(16_000, np.float32), tone[:100]):
        np.testing.assert_array_equal(trim.apply(short, None), short)
