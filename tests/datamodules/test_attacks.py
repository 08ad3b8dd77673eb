"""Attacks left out of train are all that dev holds of spoofed speech, and eval stays as it is."""

from dataclasses import replace
from pathlib import Path

import pytest

from datamodules.attacks import leave_attacks_out
from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from datamodules.datamodule import DeepfakeDataModule
from datamodules.manifest import Manifest, ManifestError, Trial


@pytest.fixture
def corpus(tiny_corpus):
    return asvspoof2019_la(str(tiny_corpus))


def attacks(manifest, partition):
    return {trial.attack for trial in manifest.partition(partition)}


@pytest.mark.parametrize("left_out", [["M03"], ["M01", "M03"]])
def test_train_loses_them_and_dev_keeps_them_alone(corpus, left_out):
    split = leave_attacks_out(corpus, left_out)
    assert attacks(split, "train") == attacks(corpus, "train") - set(left_out)
    assert attacks(split, "dev") == {"-", *left_out}
    assert split.partition("eval") == corpus.partition("eval")
    for partition in ("train", "dev"):
        bonafide, kept = (
            [trial for trial in manifest.partition(partition) if trial.key == "bonafide"]
            for manifest in (corpus, split)
        )
        assert bonafide == kept
    assert set(split) <= set(corpus)
    assert split.digest != corpus.digest


@pytest.mark.parametrize(
    ("left_out", "complaint"),
    [
        (["M99"], "found no attack M99 in dev to leave out of train, expected one of M01, M02"),
        (["M01", "M02", "M03", "M04", "M05"], "found every attack of train left out"),
    ],
)
def test_what_cannot_be_left_out_is_told(corpus, left_out, complaint):
    with pytest.raises(ManifestError, match=complaint):
        leave_attacks_out(corpus, left_out)


def test_a_corpus_with_a_weight_keeps_something_to_train_on(corpus):
    only = [replace(trial, corpus="a") for trial in corpus if trial.attack != "M03" or trial.partition != "train"]
    other = Trial("b/1", Path("b.wav"), "-", "M03", "spoof", "train", corpus="b")
    mixed = Manifest([*only, other], weights={"a": 0.5, "b": 0.5})
    with pytest.raises(ManifestError, match="found no trial of b left in train"):
        leave_attacks_out(mixed, ["M03"])
    assert "b" not in {trial.corpus for trial in leave_attacks_out(Manifest([*only, other]), ["M03"])}


def test_the_data_serves_the_split(corpus, tmp_path):
    data = DeepfakeDataModule(corpus, crop_s=1.0, cache_dir=str(tmp_path), leave_attack_out=["M03"])
    data.prepare_data()
    served = {
        name: {attack for batch in loader for attack in batch["attack"]}
        for name, loader in (("train", data.train_dataloader()), ("dev", data.val_dataloader()))
    }
    assert served["dev"] == {"-", "M03"}
    assert served["train"] == attacks(corpus, "train") - {"M03"}
    assert DeepfakeDataModule(corpus, cache_dir=str(tmp_path)).corpus.digest == corpus.digest
