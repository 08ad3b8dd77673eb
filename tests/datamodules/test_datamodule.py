"""Batches of the embedded corpus keep the contract between data and detector."""

import numpy as np
import pytest
import torch

from datamodules.audio import decode
from datamodules.augmentation import AdditiveWhiteGaussianNoise
from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from datamodules.datamodule import DeepfakeDataModule
from datamodules.datasets import FeatureExtractor
from datamodules.manifest import LeakageError, Manifest, Trial

HOP, BINS = 160, 3


def bands(waveform: torch.Tensor) -> torch.Tensor:
    """Log-energies of three thirds of each hop: a frontend without padding, like the real ones."""
    return waveform.unfold(-1, HOP, HOP).unflatten(-1, (-1, 40))[..., :3, :].square().mean(-1).add(1e-6).log().mT


@pytest.fixture
def corpus(tiny_corpus) -> Manifest:
    return asvspoof2019_la(str(tiny_corpus))


@pytest.fixture
def make(corpus, tmp_path):
    def made(extractor=True, **arguments) -> DeepfakeDataModule:
        module = DeepfakeDataModule(corpus, crop_s=1.0, batch_size=8, cache_dir=str(tmp_path), **arguments)
        module.extractor = FeatureExtractor(bands, {"name": "bands"}) if extractor else None
        return module

    return made


def test_feature_batch(make, corpus):
    batch = next(iter(make().val_dataloader()))
    assert batch["features"].shape == (8, BINS, 100)
    assert batch["features"].dtype == torch.float32
    assert batch["label"].dtype == batch["length"].dtype == torch.int64
    trials = corpus.partition("dev")[:8]
    assert batch["utterance"] == [trial.utterance for trial in trials]
    assert batch["attack"] == [trial.attack for trial in trials]
    assert batch["label"].tolist() == [trial.label for trial in trials]
    assert "waveform" not in batch


def test_cached_features_are_the_frontend_of_the_file(make, corpus):
    batch = next(iter(make().val_dataloader()))
    waveform = decode(corpus.partition("dev")[0].path, 16000)[:16000]
    expected = bands(torch.from_numpy(waveform)[None])[0]
    torch.testing.assert_close(batch["features"][0], expected, atol=0.02, rtol=1e-3)  # stored as float16


def test_waveform_batch_without_extractor(make, corpus):
    batch = next(iter(make(extractor=False).val_dataloader()))
    assert batch["waveform"].shape == (8, 16000)
    waveform = decode(corpus.partition("dev")[0].path, 16000)[:16000]
    np.testing.assert_allclose(batch["waveform"][0], waveform, atol=1 / 32767)
    assert "features" not in batch


def test_augmentation_is_drawn_anew_each_epoch_and_alike_for_a_seed(make):
    def epoch(module, number):
        loader = module.train_dataloader()
        loader.sampler.set_epoch(number)
        return torch.cat([batch["waveform"] for batch in loader])

    module = make(augmentation=AdditiveWhiteGaussianNoise(5.0, 10.0), seed=1)
    same = make(augmentation=AdditiveWhiteGaussianNoise(5.0, 10.0), seed=1)
    torch.testing.assert_close(epoch(module, 1), epoch(same, 1), atol=0, rtol=0)
    assert not torch.equal(epoch(module, 0), epoch(module, 1))


def test_only_training_is_augmented(make):
    module = make(augmentation=AdditiveWhiteGaussianNoise(0.0, 0.0))
    assert "waveform" in next(iter(module.train_dataloader()))
    assert "features" in next(iter(module.val_dataloader()))


def test_workers_draw_what_the_main_process_draws(make):
    alone, shared = make(seed=3), make(seed=3, num_workers=2)
    for one, other in zip(alone.train_dataloader(), shared.train_dataloader(), strict=True):
        torch.testing.assert_close(one["features"], other["features"], atol=0, rtol=0)
        assert one["utterance"] == other["utterance"]


def test_a_leaking_corpus_is_refused(corpus, tmp_path):
    first = corpus.partition("train")[0]
    moved = Trial("MOVED", first.path, first.speaker, first.attack, first.key, "eval")
    module = DeepfakeDataModule(Manifest([*corpus.trials, moved]), cache_dir=str(tmp_path))
    with pytest.raises(LeakageError, match=first.speaker):
        module.prepare_data()
