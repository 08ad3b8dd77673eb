"""A manifest in, loaders out: partitions, caches, sampling and seeds of one training."""

from pathlib import Path
from typing import Any, Literal

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Sampler

from datamodules.augmentation import Augmentation
from datamodules.datasets import (
    FeatureDataset,
    FeatureExtractor,
    WaveformDataset,
    collate,
    feature_records,
    waveform_records,
)
from datamodules.feature_cache import RecordStore, open_or_build
from datamodules.manifest import Manifest
from datamodules.sampling import Draw, SeededSampler, SequentialSampler

Partition = Literal["train", "dev", "eval"]


class DeepfakeDataModule(pl.LightningDataModule):
    """Serves the partitions of a corpus as batches (see the contract in CONTRIBUTING.md).

    Decoded waveforms are always cached; features too once ``extractor`` is set, for every partition that is not
    augmented. Training draws a random crop of each utterance, dev and eval the first.

    Args:
        corpus: rows of all partitions; in YAML a function of ``datamodules.corpora``.
        sample_rate_hz: of the waveforms.
        crop_s: length of a training example, in seconds.
        batch_size: utterances in a batch.
        cache_dir: folder of the caches; shared by every run that names it.
        augmentation: applied to training waveforms, drawn anew every epoch.
        balanced: draw both classes equally often; not together with class weights in the loss.
        num_workers: loader processes. From a memory map, none is fastest on few cores.
        seed: of the order, crops and augmentation.
    """

    def __init__(
        self,
        corpus: Manifest,
        sample_rate_hz: int = 16000,
        crop_s: float = 4.0,
        batch_size: int = 32,
        cache_dir: str = "data/cache",
        augmentation: Augmentation | None = None,
        balanced: bool = False,
        num_workers: int = 0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.corpus = corpus
        self.sample_rate_hz, self.crop_s, self.batch_size = sample_rate_hz, crop_s, batch_size
        self.cache_dir = Path(cache_dir)
        self.augmentation, self.balanced = augmentation, balanced
        self.num_workers, self.seed = num_workers, seed
        self.extractor: FeatureExtractor | None = None

    def prepare_data(self) -> None:
        """Refuse a leaking corpus, then build the caches, once, before any process trains on them."""
        self.corpus.check_disjoint()
        for partition in ("train", "dev"):
            self._dataset(partition)

    def train_dataloader(self) -> DataLoader[dict[str, Any]]:
        """Random crops, shuffled, or drawn with balanced classes and the weights of a mixture."""
        trials = self.corpus.partition("train")
        labels, corpora = [trial.label for trial in trials], [trial.corpus for trial in trials]
        return self._loader("train", SeededSampler(labels, self.seed, self.balanced, corpora, self.corpus.weights))

    def val_dataloader(self) -> DataLoader[dict[str, Any]]:
        """The dev partition, in order."""
        return self._loader("dev", SequentialSampler(len(self.corpus.partition("dev"))))

    def test_dataloader(self) -> DataLoader[dict[str, Any]]:
        """The eval partition, in order."""
        return self._loader("eval", SequentialSampler(len(self.corpus.partition("eval"))))

    def _loader(self, partition: Partition, sampler: Sampler[Draw]) -> DataLoader[dict[str, Any]]:
        return DataLoader(
            self._dataset(partition),
            batch_size=self.batch_size,
            sampler=sampler,
            collate_fn=collate,
            num_workers=self.num_workers,
            persistent_workers=self.num_workers > 0,
        )

    def _dataset(self, partition: Partition) -> FeatureDataset | WaveformDataset:
        trials, training = self.corpus.partition(partition), partition == "train"
        crop_samples = round(self.crop_s * self.sample_rate_hz)
        waveforms = self._waveforms(partition)
        augmentation = self.augmentation if training else None
        extractor = self.extractor
        if extractor is None or augmentation is not None:
            return WaveformDataset(trials, waveforms, crop_samples, augmentation, random_start=training)
        with torch.inference_mode():
            crop_frames = extractor.extract(torch.zeros(1, crop_samples)).shape[-1]
        features = open_or_build(
            self.cache_dir,
            {**self._waveform_key(partition), "features": extractor.key, "dtype": "float16"},
            lambda: feature_records(waveforms, extractor),
        )
        return FeatureDataset(trials, features, crop_frames, random_start=training)

    def _waveforms(self, partition: Partition) -> RecordStore:
        trials = self.corpus.partition(partition)
        return open_or_build(
            self.cache_dir, self._waveform_key(partition), lambda: waveform_records(trials, self.sample_rate_hz)
        )

    def _waveform_key(self, partition: Partition) -> dict[str, Any]:
        digests = [self.corpus.file_digests[trial.utterance] for trial in self.corpus.partition(partition)]
        return {"audio_sha256": digests, "sample_rate_hz": self.sample_rate_hz, "waveform_dtype": "int16"}
