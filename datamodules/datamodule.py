"""A manifest in, loaders out: partitions, caches, sampling and seeds of one training."""

import os
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Sampler

from datamodules.audio import DECODE_VERSION, AudioError
from datamodules.augmentation import Augmentation
from datamodules.datasets import FeatureDataset, FeatureExtractor, FeatureRecords, WaveformDataset, WaveformRecords
from datamodules.feature_cache import RecordStore
from datamodules.manifest import Manifest, Trial, shorten
from datamodules.sampling import Draw, SeededSampler, SequentialSampler

Partition = Literal["train", "dev", "eval"]
Progress = Callable[[str, list[int]], Iterable[int]]


class DeepfakeDataModule(pl.LightningDataModule):
    """Serves the partitions of a corpus as batches (see the contract in CONTRIBUTING.md).

    Decoded waveforms are always cached; features too once ``extractor`` is set, for every partition that is not
    augmented. Training draws a random crop of each utterance, dev and eval the first. Augmentation is drawn afresh from
    the cached waveforms; nothing random is ever cached.

    Args:
        corpus: rows of all partitions; in YAML a function of ``datamodules.corpora``.
        sample_rate_hz: of the waveforms.
        crop_s: length of a training example, in seconds.
        batch_size: utterances in a batch.
        cache_dir: folder of the caches; shared by every run that names it.
        cache: ``fill`` them before the first epoch, or ``lazy``: compute what is asked for, and keep it.
        cache_jobs: threads that fill; the cores this process may use when not given.
        on_bad_audio: ``refuse`` a corpus with a file that cannot be used, or ``skip`` such files and say how many.
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
        cache: Literal["fill", "lazy"] = "fill",
        cache_jobs: int | None = None,
        on_bad_audio: Literal["refuse", "skip"] = "refuse",
        augmentation: Augmentation | None = None,
        balanced: bool = False,
        num_workers: int = 0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.corpus = corpus
        self.sample_rate_hz, self.crop_s, self.batch_size = sample_rate_hz, crop_s, batch_size
        self.cache_dir = Path(cache_dir)
        self.cache, self.on_bad_audio = cache, on_bad_audio
        self.cache_jobs = cache_jobs or len(os.sched_getaffinity(0))
        self.augmentation, self.balanced = augmentation, balanced
        self.num_workers, self.seed = num_workers, seed
        self.extractor: FeatureExtractor | None = None
        self.progress: Progress = lambda _, rows: rows
        self._bad: dict[str, set[str]] = {}

    def prepare_data(self) -> None:
        """Refuse a leaking corpus, then fill the caches, once, before any process trains on them."""
        self.corpus.check_disjoint()
        for partition in ("train", "dev"):
            self.fill(partition)

    def fill(self, partition: Partition) -> None:
        """Compute what the caches of a partition lack.

        Raises:
            AudioError: a file cannot be used, and bad audio is to be refused.
        """
        if self.cache == "fill":
            self._bad.pop(partition, None)
            waveforms = self._waveforms(partition)
            skip = (AudioError,) if self.on_bad_audio == "skip" else ()
            failed = waveforms.fill(self.cache_jobs, skip, lambda rows: self.progress(f"decoding {partition}", rows))
            if failed:
                trials = self.trials(partition)
                self._bad[partition] = {trials[row].utterance for row in failed}
                warnings.warn(
                    f"{self.corpus.name}: {len(failed)} of {len(trials)} files of {partition} cannot be used and are "
                    f"left out ({shorten([str(error) for error in failed.values()])})",
                    stacklevel=2,
                )
        self._dataset(partition, fill=True)

    def trials(self, partition: Partition) -> tuple[Trial, ...]:
        """The trials of a partition that can be used, in order."""
        bad = self._bad.get(partition, set())
        return tuple(trial for trial in self.corpus.partition(partition) if trial.utterance not in bad)

    def train_dataloader(self) -> DataLoader[dict[str, Any]]:
        """Shuffled or balanced random crops."""
        labels = [trial.label for trial in self.trials("train")]
        return self._loader("train", SeededSampler(labels, self.seed, self.balanced))

    def val_dataloader(self) -> DataLoader[dict[str, Any]]:
        """The dev partition, in order."""
        return self._loader("dev", SequentialSampler(len(self.trials("dev"))))

    def test_dataloader(self) -> DataLoader[dict[str, Any]]:
        """The eval partition, in order."""
        return self._loader("eval", SequentialSampler(len(self.trials("eval"))))

    def _loader(self, partition: Partition, sampler: Sampler[Draw]) -> DataLoader[dict[str, Any]]:
        return DataLoader(
            self._dataset(partition),
            batch_size=self.batch_size,
            sampler=sampler,
            collate_fn=_as_it_is,
            num_workers=self.num_workers,
            persistent_workers=self.num_workers > 0,
            worker_init_fn=_on_one_thread,
        )

    def _dataset(self, partition: Partition, fill: bool = False) -> FeatureDataset | WaveformDataset:
        trials, training = self.trials(partition), partition == "train"
        crop_samples = round(self.crop_s * self.sample_rate_hz)
        waveforms = self._waveforms(partition)
        augmentation = self.augmentation if training else None
        extractor = self.extractor
        if extractor is None or augmentation is not None:
            return WaveformDataset(trials, waveforms, crop_samples, augmentation, random_start=training)
        with torch.inference_mode():
            crop_frames = extractor.extract(torch.zeros(1, crop_samples)).shape[-1]
        features = RecordStore(
            self.cache_dir,
            {**self._waveform_recipe, "features": extractor.key, "dtype": "float16"},
            self._digests(partition),
            FeatureRecords(waveforms, extractor),
        )
        if fill and self.cache == "fill":
            features.fill(self.cache_jobs, report=lambda rows: self.progress(f"features of {partition}", rows))
        return FeatureDataset(trials, features, crop_frames, random_start=training)

    def _waveforms(self, partition: Partition) -> RecordStore:
        paths = [trial.path for trial in self.trials(partition)]
        records = WaveformRecords(paths, self.sample_rate_hz)
        return RecordStore(self.cache_dir, self._waveform_recipe, self._digests(partition), records)

    @property
    def _waveform_recipe(self) -> dict[str, Any]:
        return {"sample_rate_hz": self.sample_rate_hz, "waveform_dtype": "int16", "decode_version": DECODE_VERSION}

    def _digests(self, partition: Partition) -> list[str]:
        return [self.corpus.file_digests[trial.utterance] for trial in self.trials(partition)]


def _as_it_is(batch: Any) -> Any:  # noqa: ANN401 - the loader believes that it is given a list
    """Collate nothing: the datasets read whole batches."""
    return batch


def _on_one_thread(_: int) -> None:
    """Let a loader process use one core: there are as many of them as the user has cores to spare."""
    torch.set_num_threads(1)
