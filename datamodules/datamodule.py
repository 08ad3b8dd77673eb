"""A manifest in, loaders out: partitions, caches, sampling and seeds of one training."""

import math
import os
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytorch_lightning as pl
import torch

from datamodules.attacks import leave_attacks_out
from datamodules.audio import DECODE_VERSION, MAX_DURATION_S, MIN_DURATION_S, AudioError
from datamodules.audio_refusals import PLAUSIBLE_RATES_HZ
from datamodules.augmentation import Augmentation
from datamodules.datasets import (
    FeatureDataset,
    FeatureExtractor,
    FeatureRecords,
    Shorter,
    ViewRecords,
    WaveformDataset,
    WaveformRecords,
)
from datamodules.digests import FOLDER
from datamodules.feature_cache import RecordStore
from datamodules.loader import BatchLoader, batch_loader, keep
from datamodules.manifest import KEYS, Manifest, ManifestError, Trial, shorten
from datamodules.sampling import Draws, SeededSampler, SequentialSampler

HIGHEST_SEED = 2**63 - 1  # of a draw, which is int64

Partition = Literal["train", "dev", "eval"]
Progress = Callable[[str, list[int]], Iterable[int]]


class DeepfakeDataModule(pl.LightningDataModule):
    """Serves the partitions of a corpus as batches (see the contract in CONTRIBUTING.md).

    Decoded waveforms are always cached; features too once ``extractor`` is set, for every partition that is not
    augmented afresh. Training draws a random crop of each utterance, dev and eval the first. Augmentation is drawn from
    the cached waveforms every time; nothing random is cached, but for the views of ``cached_augmentation``.

    Args:
        corpus: rows of all partitions; in YAML a function of ``datamodules.corpora``.
        sample_rate_hz: of the waveforms.
        crop_s: length of a training example, in seconds.
        batch_size: utterances in a batch of one process; each of several takes as many.
        cache_dir: folder of the caches; shared by every run that names it.
        cache: ``fill`` them before the first epoch, or ``lazy``: compute what is asked for, and keep it; bad audio is
            met when it is read, too late to skip.
        cache_jobs: threads that fill; the cores this process may use when not given.
        on_bad_audio: ``refuse`` a corpus with a file that cannot be used, or ``skip`` such files and say how many.
        augmentation: applied to training crops, drawn anew every epoch.
        cached_augmentation: one too slow for that, such as a codec: applied to whole training utterances before
            ``augmentation``, and cached.
        cached_views: so many seeded views of each training utterance are made by it; each epoch draws one of them.
        feature_dtype: of the cached features; "float16" takes half the room.
        balanced: draw both classes equally often; not together with class weights in the loss.
        num_workers: loader processes. From a memory map, none is fastest on few cores.
        seed: of the order, crops and augmentation.
        leave_attack_out: attacks that train loses, and the only ones that dev keeps, so that dev tells of attacks never
            trained on; ``spooflab train`` takes them as ``--leave-attack-out M03`` too, as often as there are.
        shorter: what utterances shorter than a crop are: ``repeat``ed end to end up to it, or ``pad``ded with zeros
            that the detector, told by ``length``, leaves out of account. Networks still need their shortest input of
            each, about .2 s.

    Raises:
        ValueError: a value that cannot be, or values that contradict each other.
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
        cached_augmentation: Augmentation | None = None,
        cached_views: int = 4,
        feature_dtype: Literal["float16", "float32"] = "float16",
        balanced: bool = False,
        num_workers: int = 0,
        seed: int = 0,
        leave_attack_out: list[str] | None = None,
        shorter: Shorter = "repeat",
    ) -> None:
        super().__init__()
        _require_between("sample_rate_hz", sample_rate_hz, *PLAUSIBLE_RATES_HZ)
        _require_between("crop_s", crop_s, MIN_DURATION_S, MAX_DURATION_S)
        _require_between("batch_size", batch_size, 1)
        if cached_augmentation is not None:
            _require_between("cached_views", cached_views, 1)
        _require_between("num_workers", num_workers, 0)
        _require_between("seed", seed, 0, HIGHEST_SEED)
        if not cache_dir.strip():
            raise ValueError(f"data.cache_dir: found {cache_dir!r}, expected a folder, such as data/cache")
        if cache == "lazy" and on_bad_audio == "skip":
            raise ValueError(
                "data.on_bad_audio: found `skip` with data.cache `lazy`, which meets a bad file only when it is read, "
                "too late to skip: set data.cache to `fill`, or data.on_bad_audio to `refuse`"
            )
        self.sample_rate_hz, self.crop_s, self.batch_size = sample_rate_hz, crop_s, batch_size
        self.cache_dir = Path(cache_dir)
        self.leave_attack_out = leave_attack_out
        corpus = leave_attacks_out(corpus, leave_attack_out) if leave_attack_out else corpus
        self.corpus = corpus.remembering(self.cache_dir / FOLDER)
        self.cache, self.on_bad_audio = cache, on_bad_audio
        self.cache_jobs = len(os.sched_getaffinity(0)) if cache_jobs is None else cache_jobs
        _require_between("cache_jobs", self.cache_jobs, 1)
        self.augmentation, self.cached_augmentation = augmentation, cached_augmentation
        self.cached_views, self.balanced = cached_views, balanced
        for part in (part for whole in self.augmentations.values() for part in whole.parts):
            part_rate_hz = getattr(part, "sample_rate_hz", sample_rate_hz)
            if part_rate_hz != sample_rate_hz:
                raise ValueError(
                    f"{type(part).__name__} has sample_rate_hz={part_rate_hz}, and the data {sample_rate_hz}: write "
                    f"`sample_rate_hz: {sample_rate_hz}` among its init_args, as experiments/configs/recipe_8khz.yaml "
                    "does, or it would alter them otherwise than it says"
                )
        self.feature_dtype = feature_dtype
        self.num_workers, self.seed, self.shorter = num_workers, seed, shorter
        self.extractor: FeatureExtractor | None = None
        self.progress: Progress = lambda _, rows: rows
        self._bad: dict[str, set[str]] = {}
        self._read: list[RecordStore] = []

    @property
    def augmentations(self) -> dict[str, Augmentation]:
        """What training waveforms are altered by, by the name of the argument."""
        both = {"cached_augmentation": self.cached_augmentation, "augmentation": self.augmentation}
        return {name: augmentation for name, augmentation in both.items() if augmentation is not None}

    def prepare_data(self) -> None:
        """Refuse a corpus that leaks or lacks a side, and noise that is damaged, then fill the caches.

        Once, before any process trains on them.
        """
        self.corpus.check_disjoint()
        for augmentation in self.augmentations.values():
            augmentation.prepare()
        partitions: tuple[Partition, ...] = ("train", "dev")
        for partition in partitions:
            self._require_both_keys(partition)
            self.fill(partition)
            self._require_both_keys(partition)  # bad audio may have been a whole side

    def fill(self, partition: Partition, verify: bool = False) -> None:
        """Compute what the caches of a partition lack.

        Args:
            partition: its name.
            verify: read all that the caches hold, and compute anew what is damaged. Else a record is held against its
                checksum when it is first read.

        Raises:
            AudioError: a file cannot be used, and bad audio is to be refused.
        """
        if self.cache == "fill":
            self._bad.pop(partition, None)
            waveforms = self._waveforms(partition)
            skip = (AudioError,) if self.on_bad_audio == "skip" else ()
            title = f"decoding {partition}"
            failed = waveforms.fill(self.cache_jobs, verify, skip, lambda rows: self.progress(title, rows))
            if failed:
                trials = self.trials(partition)
                self._bad[partition] = {trials[row].utterance for row in failed}
                warnings.warn(
                    f"{self.corpus.name}: {len(failed)} of {len(trials)} files of {partition} cannot be used and are "
                    f"left out ({shorten(list(dict.fromkeys(map(str, failed.values()))))})",
                    stacklevel=2,
                )
        self._dataset(partition, fill=True, verify=verify)

    def teardown(self, stage: str) -> None:  # noqa: ARG002 - Lightning's signature
        """Keep what was computed on demand."""
        for store in self._read:
            keep(store)
        self._read.clear()

    def trials(self, partition: Partition) -> tuple[Trial, ...]:
        """The trials of a partition that can be used, in order."""
        bad = self._bad.get(partition, set())
        return tuple(trial for trial in self.corpus.partition(partition) if trial.utterance not in bad)

    def waveforms(self, partition: Partition, alteration: Augmentation | None = None) -> RecordStore:
        """Return the waveforms of a partition as int16 ``(1, samples)``, in the order of its trials.

        Args:
            partition: its name.
            alteration: applied once to each, always alike; what comes of it is cached as the waveforms are.
        """
        waveforms, digests = self._waveforms(partition), self._digests(partition)
        if alteration is None:
            return waveforms
        return self._views(waveforms, digests, alteration, 1).store

    def train_dataloader(self) -> BatchLoader:
        """Random crops, shuffled, or drawn with balanced classes and the weights of a mixture."""
        trials = self.trials("train")
        labels, corpora = [trial.label for trial in trials], [trial.corpus for trial in trials]
        return self._loader("train", SeededSampler(labels, self.seed, self.balanced, corpora, self.corpus.weights))

    def val_dataloader(self) -> BatchLoader:
        """The dev partition, in order."""
        return self._loader("dev", SequentialSampler(len(self.trials("dev"))))

    def test_dataloader(self) -> BatchLoader:
        """The eval partition, in order."""
        return self._loader("eval", SequentialSampler(len(self.trials("eval"))))

    def _require_both_keys(self, partition: Partition) -> None:
        lacking = set(KEYS) - {trial.key for trial in self.trials(partition)}
        if lacking:
            raise ManifestError(
                f"{self.corpus!r}: found no {' and no '.join(sorted(lacking))} trial of {partition}, expected both "
                "in train and in dev; give the corpus `shares` of each where it takes them, or train on another "
                "corpus and evaluate on this"
            )

    def _loader(self, partition: Partition, sampler: Draws) -> BatchLoader:
        dataset = self._dataset(partition)
        self._read.append(dataset.store)
        rank, ranks = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        return batch_loader(dataset, self.batch_size, sampler, self.num_workers, rank, ranks)

    def _dataset(
        self, partition: Partition, fill: bool = False, verify: bool = False
    ) -> FeatureDataset | WaveformDataset:
        trials, training = self.trials(partition), partition == "train"
        crop_samples = round(self.crop_s * self.sample_rate_hz)
        audio = self._audio(partition)
        fresh = self.augmentation if training else None
        if fill:
            self._fill(audio.store, f"waveforms of {partition}", verify)
        extractor = self.extractor
        if extractor is None or fresh is not None:
            return WaveformDataset(trials, audio.store, crop_samples, fresh, audio.views, self.shorter)
        with torch.inference_mode():
            crop_frames = extractor.extract(torch.zeros(1, crop_samples)).shape[-1]
        recipe = {**audio.recipe, "features": extractor.key, "dtype": self.feature_dtype}
        records = FeatureRecords(audio.store, extractor, self.feature_dtype)
        features = RecordStore(self.cache_dir, recipe, audio.identities, records, audio.store)
        if fill:
            self._fill(features, f"features of {partition}", verify)
        return FeatureDataset(trials, features, crop_frames, audio.views, self.shorter)

    def _fill(self, store: RecordStore, title: str, verify: bool) -> None:
        if self.cache == "fill":
            store.fill(self.cache_jobs, verify, report=lambda rows: self.progress(title, rows))

    def _waveforms(self, partition: Partition) -> RecordStore:
        paths = [trial.path for trial in self.trials(partition)]
        records = WaveformRecords(paths, self.sample_rate_hz)
        return RecordStore(self.cache_dir, self._waveform_recipe, self._digests(partition), records)

    def _audio(self, partition: Partition) -> "_Audio":
        """The waveforms of a partition, or the cached views of them."""
        waveforms, digests = self._waveforms(partition), self._digests(partition)
        if partition != "train" or self.cached_augmentation is None:
            return _Audio(waveforms, self._waveform_recipe, digests, 1)
        return self._views(waveforms, digests, self.cached_augmentation, self.cached_views)

    def _views(self, waveforms: RecordStore, digests: list[str], augmentation: Augmentation, views: int) -> "_Audio":
        recipe = {**self._waveform_recipe, "augmentation": augmentation.recipe}
        identities = [f"{digest} view {view}" for digest in digests for view in range(views)]
        records = ViewRecords(waveforms, digests, augmentation, views)
        return _Audio(RecordStore(self.cache_dir, recipe, identities, records, waveforms), recipe, identities, views)

    @property
    def _waveform_recipe(self) -> dict[str, Any]:
        return {"sample_rate_hz": self.sample_rate_hz, "waveform_dtype": "int16", "decode_version": DECODE_VERSION}

    def _digests(self, partition: Partition) -> list[str]:
        return [self.corpus.file_digests[trial.utterance] for trial in self.trials(partition)]


class _Audio(NamedTuple):
    """Stored waveforms, and what features of them are known by."""

    store: RecordStore
    recipe: dict[str, Any]
    identities: list[str]
    views: int


def _require_between(name: str, value: float, lowest: float, highest: float = math.inf) -> None:
    if not lowest <= value <= highest:
        expected = f"{lowest} or more" if highest == math.inf else f"{lowest} to {highest}"
        raise ValueError(f"data.{name}: found {value}, expected {expected}")
