"""WaveFake in miniature: folders and no list, the bona fide beside it, copies of the same recordings."""

import shutil
from collections import Counter

import pytest

from datamodules.corpora.wavefake import wavefake
from datamodules.manifest import ManifestError

SPEECH = "common_voices_prompts_from_conformer_fastspeech2_pwg_ljspeech"


def test_folders_are_attacks_and_files_are_taken_once(miniature):
    manifest = wavefake(str(miniature("wavefake")))
    assert Counter(t.attack for t in manifest) == {
        "-": 16,
        "ljspeech_hifiGAN": 8,
        "ljspeech_melgan": 8,
        "jsut_parallel_wavegan": 8,
        SPEECH: 2,
    }
    assert manifest.trial("ljspeech_melgan/LJ001-0013_gen.wav").label == 0
    assert manifest.trial("jsut_ver1.1/basic5000/wav/BASIC5000_0013.wav").label == 1
    assert {(t.speaker, t.partition, t.corpus) for t in manifest} == {("-", "eval", "wavefake")}


def test_a_recording_and_its_copies_stay_together(miniature):
    manifest = wavefake(str(miniature("wavefake")), shares={"train": 0.5, "dev": 0.25, "eval": 0.25})
    homes: dict[str, set[str]] = {}
    for trial in manifest:
        homes.setdefault(trial.path.stem.removesuffix("_gen"), set()).add(trial.partition)
    assert len(homes) == 18
    assert all(len(partitions) == 1 for partitions in homes.values())
    assert {t.partition for t in manifest if t.label} == {"train", "dev", "eval"}


def test_only_the_sub_folder_is_there(miniature):
    root = miniature("wavefake")
    for path in (root / "generated_audio" / SPEECH).glob("*.wav"):
        path.unlink()
    assert sum(t.attack == SPEECH for t in wavefake(str(root))) == 2


def test_one_source_is_enough_when_said(miniature):
    root = miniature("wavefake")
    shutil.rmtree(root / "jsut_ver1.1")
    with pytest.raises(ManifestError, match=r"jsut_ver1\.1: found no recordings, .*LJSpeech and JSUT"):
        wavefake(str(root))
    assert sum(t.label for t in wavefake(str(root), bonafide=("LJSpeech-1.1",))) == 8


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(ManifestError, match=r"generated_audio: found no folders of attacks"):
        wavefake(str(tmp_path))


def test_no_attack_is_left(miniature):
    root = miniature("wavefake")
    for path in (root / "generated_audio").rglob("*.wav"):
        path.unlink()
    with pytest.raises(ManifestError, match="found no audio in the folders of attacks"):
        wavefake(str(root))
