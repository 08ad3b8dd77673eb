"""Processes that train together share each partition: every trial once, and the random draws of one process."""

from types import SimpleNamespace

import pytest
import torch

from datamodules.augmentation import AdditiveWhiteGaussianNoise
from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from datamodules.datamodule import DeepfakeDataModule


@pytest.fixture
def loaders(tiny_corpus, tmp_path):
    def made(partition, ranks, **arguments):
        parts = []
        for rank in range(ranks):
            module = DeepfakeDataModule(
                asvspoof2019_la(str(tiny_corpus)), crop_s=1.0, batch_size=4, cache_dir=str(tmp_path), **arguments
            )
            module.trainer = SimpleNamespace(global_rank=rank, world_size=ranks)
            loader = module.train_dataloader() if partition == "train" else module.val_dataloader()
            parts.append(list(loader))
        return parts

    return made


@pytest.mark.parametrize("partition", ["train", "dev"])
def test_every_trial_once_in_equally_many_batches(loaders, partition, tiny_corpus):
    parts = loaders(partition, ranks=2)
    seen = [name for part in parts for batch in part for name in batch["utterance"]]
    assert sorted(seen) == sorted(trial.utterance for trial in asvspoof2019_la(str(tiny_corpus)).partition(partition))
    assert len(parts[0]) == len(parts[1]) > 1
    assert max(len(batch["utterance"]) for part in parts for batch in part) <= 4


def test_what_a_trial_is_altered_by_does_not_depend_on_the_processes(loaders):
    def heard(ranks):
        noise = AdditiveWhiteGaussianNoise(5.0, 10.0, probability=1.0)
        parts = loaders("train", ranks, augmentation=noise, seed=3)
        batches = [batch for part in parts for batch in part]
        return {
            name: waveform
            for batch in batches
            for name, waveform in zip(batch["utterance"], batch["waveform"], strict=True)
        }

    alone, shared = heard(1), heard(2)
    assert alone.keys() == shared.keys()
    assert all(torch.equal(alone[name], shared[name]) for name in alone)
