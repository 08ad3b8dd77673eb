"""Draws in, batches out: the two ways that a partition is read, as cached features or as waveforms."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from datamodules.audio import decode
from datamodules.augmentation import Augmentation
from datamodules.feature_cache import RecordStore
from datamodules.manifest import Trial
from datamodules.sampling import Draw

_INT16_SCALE = 32767.0


@dataclass(frozen=True)
class FeatureExtractor:
    """A frontend as the cache sees it: a callable and what its numbers depend on.

    Attributes:
        extract: waveform ``(1, samples)`` to features ``(1, bins, frames)``.
        key: plain values that fix the numbers: class, arguments, version.
    """

    extract: Callable[[Tensor], Tensor]
    key: dict[str, Any]


class WaveformDataset(Dataset[dict[str, Any]]):
    """Reads a crop of each utterance, augmented afresh at every draw.

    Args:
        trials: of one partition.
        store: their waveforms as int16 ``(1, samples)``.
        crop_samples: length of a crop.
        augmentation: drawn anew each time; none for dev and eval.
        random_start: crop anywhere, not at the first sample.
        views: records of each trial, next to one another, of which every draw takes one.
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        store: RecordStore,
        crop_samples: int,
        augmentation: Augmentation[Any] | None = None,
        random_start: bool = False,
        views: int = 1,
    ) -> None:
        self._trials, self._store, self._crop_samples = trials, store, crop_samples
        self._augmentation, self._random_start, self._views = augmentation, random_start, views

    def __len__(self) -> int:
        return len(self._trials)

    def __getitems__(self, draws: Sequence[Draw]) -> dict[str, Any]:
        waveforms = np.empty((len(draws), self._crop_samples), np.float32)
        lengths = []
        for waveform, draw in zip(waveforms, draws, strict=True):
            rng = np.random.default_rng(draw.seed)
            record = _record_of(draw.row, self._views, rng)
            start, length = _place(self._store, record, self._crop_samples, rng if self._random_start else None)
            np.divide(self._store.read(record, start, self._crop_samples)[0], _INT16_SCALE, out=waveform)
            if self._augmentation is not None:
                waveform[:] = self._augmentation(waveform, rng)
            lengths.append(length)
        return _batch([self._trials[draw.row] for draw in draws], lengths, waveform=waveforms)


class FeatureDataset(Dataset[dict[str, Any]]):
    """Reads a crop of the cached features of each utterance.

    Args:
        trials: of one partition.
        store: their features ``(bins, frames)``.
        crop_frames: length of a crop.
        random_start: crop anywhere, not at the first frame.
        views: records of each trial, next to one another, of which every draw takes one.
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        store: RecordStore,
        crop_frames: int,
        random_start: bool = False,
        views: int = 1,
    ) -> None:
        self._trials, self._store, self._crop_frames = trials, store, crop_frames
        self._random_start, self._views = random_start, views

    def __len__(self) -> int:
        return len(self._trials)

    def __getitems__(self, draws: Sequence[Draw]) -> dict[str, Any]:
        records, lengths = [], []
        for draw in draws:
            rng = np.random.default_rng(draw.seed)
            record = _record_of(draw.row, self._views, rng)
            start, length = _place(self._store, record, self._crop_frames, rng if self._random_start else None)
            records.append(self._store.read(record, start, self._crop_frames))
            lengths.append(length)
        return _batch([self._trials[draw.row] for draw in draws], lengths, features=np.stack(records))


@dataclass(frozen=True)
class WaveformRecords:
    """Decodes files to int16 ``(1, samples)``: half the size of float32, and exact for 16-bit files."""

    paths: Sequence[Path]
    sample_rate_hz: int

    def __call__(self, index: int) -> NDArray[np.int16]:
        """Decode one file."""
        return _as_int16(decode(self.paths[index], self.sample_rate_hz))


@dataclass(frozen=True)
class ViewRecords:
    """Augments whole stored waveforms, each several times: int16 ``(1, samples)``, the views of one after the other.

    What a view draws depends on the audio and the view's number alone, so that trainings of all seeds share the views.
    """

    waveforms: RecordStore
    digests: Sequence[str]
    augmentation: Augmentation[Any]
    views: int

    def __call__(self, index: int) -> NDArray[np.int16]:
        """Make one view."""
        row, view = divmod(index, self.views)
        rng = np.random.default_rng((view, int(self.digests[row][:16], 16)))
        return _as_int16(self.augmentation(_as_float(self.waveforms.read(row, 0, self.waveforms.frames(row))), rng))


@dataclass(frozen=True)
class FeatureRecords:
    """Computes the features of whole stored waveforms as float16 ``(bins, frames)``."""

    waveforms: RecordStore
    extractor: FeatureExtractor

    def __call__(self, index: int) -> NDArray[np.float16]:
        """Compute the features of one waveform."""
        samples = _as_float(self.waveforms.read(index, 0, self.waveforms.frames(index)))
        with torch.inference_mode():
            features = self.extractor.extract(torch.from_numpy(samples)[None])[0]
            return features.to(torch.float16).contiguous().numpy()


def _record_of(row: int, views: int, rng: np.random.Generator) -> int:
    """Record of a trial: where there are views, one of them."""
    return row * views + (int(rng.integers(views)) if views > 1 else 0)


def _as_int16(waveform: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.round(np.clip(waveform, -1.0, 1.0) * _INT16_SCALE).astype(np.int16)[np.newaxis]


def _as_float(record: NDArray[np.int16]) -> NDArray[np.float32]:
    return record[0].astype(np.float32) / np.float32(_INT16_SCALE)


def _place(store: RecordStore, index: int, crop: int, rng: np.random.Generator | None) -> tuple[int, int]:
    """Where a crop starts, and how much of it is not repetition."""
    frames = store.frames(index)
    start = int(rng.integers(max(frames - crop, 0) + 1)) if rng is not None else 0
    return start, min(crop, frames)


def _batch(trials: Sequence[Trial], lengths: Sequence[int], **audio: NDArray[np.floating]) -> dict[str, Any]:
    return {
        **{name: torch.from_numpy(values).float() for name, values in audio.items()},
        "length": torch.tensor(lengths, dtype=torch.int64),
        "label": torch.tensor([trial.label for trial in trials], dtype=torch.int64),
        "utterance": [trial.utterance for trial in trials],
        "attack": [trial.attack for trial in trials],
    }
