"""Babble is several speakers at once, always the same for a seed."""

import numpy as np
import pytest
import soundfile as sf

from datamodules.augmentation import rms
from datamodules.babble import babble
from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from datamodules.noise import open_environment
from experiments.cli import main


@pytest.fixture
def speech(tiny_corpus, tmp_path):
    """Real speakers of the corpus, a folder each."""
    for trial in asvspoof2019_la(str(tiny_corpus)):
        if trial.label:
            folder = tmp_path / "speech" / trial.speaker / "chapter"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / trial.path.name).symlink_to(trial.path)
    return tmp_path / "speech"


def test_all_speakers_talk_equally_loud(speech):
    waveform = babble(speech, 2, 3.0, 16_000, seed=0)
    assert waveform.shape == (48_000,)
    assert 20 * np.log10(rms(waveform)) == pytest.approx(-26, abs=0.01)
    np.testing.assert_array_equal(waveform, babble(speech, 2, 3.0, 16_000, seed=0))
    assert not np.array_equal(waveform, babble(speech, 2, 3.0, 16_000, seed=1))


def test_too_few_speakers_are_told(speech, tmp_path):
    with pytest.raises(FileNotFoundError, match="expected one a speaker, and 99 speakers at least"):
        babble(speech, 99, 3.0, 16_000, seed=0)
    with pytest.raises(FileNotFoundError, match="found 0 sub-folders"):
        babble(tmp_path / "nowhere", 2, 3.0, 16_000, seed=0)


@pytest.mark.parametrize(("speakers", "duration_s"), [(0, 1.0), (2, -5.0), (2, 0.0)])
def test_nobody_and_no_time_are_refused(speech, speakers, duration_s):
    with pytest.raises(ValueError, match="expected one at least"):
        babble(speech, speakers, duration_s, 16_000, seed=0)


def test_the_command_makes_an_environment(speech, tmp_path, capsys):
    out = tmp_path / "noise" / "BABBLE"
    words = ["corpus", "babble", "--speech", str(speech), "--out", str(out), "--speakers=2", "--duration-s=2"]
    assert main(words) == 0
    assert "2 s of 2 speakers" in capsys.readouterr().out
    assert [path.name for path in out.iterdir()] == ["ch01.wav"]
    assert open_environment(out.parent, "BABBLE", 16_000).samples == 32_000
    assert sf.info(out / "ch01.wav").samplerate == 16_000
