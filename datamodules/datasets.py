"""Draws in, batches out: the two ways that a partition is read, as cached features or as waveforms."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from datamodules.audio import MIN_DURATION_S, decode, require_min_duration
from datamodules.augmentation import Augmentation
from datamodules.feature_cache import RecordStore
from datamodules.manifest import Trial
from datamodules.sampling import Draw
from datamodules.shards import Record

Shorter = Literal["repeat", "pad"]

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
        views: records of each trial, next to one another, of which every draw takes one.
        shorter: what an utterance shorter than a crop is: ``repeat``ed, and augmented as a whole, or augmented, and
            ``pad``ded with zeros.
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        store: RecordStore,
        crop_samples: int,
        augmentation: Augmentation | None = None,
        views: int = 1,
        shorter: Shorter = "repeat",
    ) -> None:
        self._trials, self.store, self._crop_samples = trials, store, crop_samples
        self._augmentation, self._views, self._shorter = augmentation, views, shorter

    def __len__(self) -> int:
        return len(self._trials)

    def __getitems__(self, draws: Sequence[Draw]) -> dict[str, Any]:
        crops, lengths = _crops(self.store, draws, self._views, self._crop_samples, self._shorter)
        waveforms = np.divide(np.concatenate(crops), _INT16_SCALE, dtype=np.float32)
        if self._augmentation is not None:
            for waveform, length, draw in zip(waveforms, lengths, draws, strict=True):
                heard = waveform if self._shorter == "repeat" else waveform[:length]
                heard[:] = self._augmentation(heard, np.random.default_rng(draw.seed))
        return _batch([self._trials[draw.row] for draw in draws], draws, lengths, waveform=waveforms)


class FeatureDataset(Dataset[dict[str, Any]]):
    """Reads a crop of the cached features of each utterance.

    Args:
        trials: of one partition.
        store: their features ``(bins, frames)``.
        crop_frames: length of a crop.
        views: records of each trial, next to one another, of which every draw takes one.
        shorter: what features shorter than a crop are: ``repeat``ed, or ``pad``ded with zeros.
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        store: RecordStore,
        crop_frames: int,
        views: int = 1,
        shorter: Shorter = "repeat",
    ) -> None:
        self._trials, self.store, self._crop_frames, self._views = trials, store, crop_frames, views
        self._shorter = shorter

    def __len__(self) -> int:
        return len(self._trials)

    def __getitems__(self, draws: Sequence[Draw]) -> dict[str, Any]:
        crops, lengths = _crops(self.store, draws, self._views, self._crop_frames, self._shorter)
        return _batch([self._trials[draw.row] for draw in draws], draws, lengths, features=np.stack(crops))


@dataclass(frozen=True)
class WaveformRecords:
    """Decodes files to int16 ``(1, samples)``: half the size of float32, and exact for 16-bit files."""

    paths: Sequence[Path]
    sample_rate_hz: int

    def __call__(self, index: int) -> NDArray[np.int16]:
        """Decode one file.

        Raises:
            AudioError: it cannot be used, or is too short for any frontend.
        """
        waveform = decode(self.paths[index], self.sample_rate_hz)
        require_min_duration(waveform, self.sample_rate_hz, MIN_DURATION_S, str(self.paths[index]))
        return _as_int16(waveform)


@dataclass(frozen=True)
class ViewRecords:
    """Augments whole stored waveforms, each several times: int16 ``(1, samples)``, the views of one after the other.

    What a view draws depends on the audio and the view's number alone, so that trainings of all seeds share the views.
    """

    waveforms: RecordStore
    digests: Sequence[str]
    augmentation: Augmentation
    views: int

    def __call__(self, index: int) -> NDArray[np.int16]:
        """Make one view."""
        row, view = divmod(index, self.views)
        rng = np.random.default_rng((view, int(self.digests[row][:16], 16)))
        return _as_int16(self.augmentation(_as_float(self.waveforms[row]), rng).clip(-1.0, 1.0))


@dataclass(frozen=True)
class FeatureRecords:
    """Computes the features ``(bins, frames)`` of whole stored waveforms."""

    waveforms: RecordStore
    extractor: FeatureExtractor
    dtype: Literal["float16", "float32"] = "float16"

    def __call__(self, index: int) -> NDArray[np.floating]:
        """Compute the features of one waveform."""
        with torch.inference_mode():
            features = self.extractor.extract(torch.from_numpy(_as_float(self.waveforms[index]))[None])[0]
            return features.to(getattr(torch, self.dtype)).contiguous().numpy()


def _as_int16(waveform: NDArray[np.float32]) -> NDArray[np.int16]:
    scaled = waveform * np.float32(_INT16_SCALE)
    return np.rint(scaled, out=scaled).astype(np.int16)[np.newaxis]


def _as_float(record: NDArray[np.int16]) -> NDArray[np.float32]:
    return record[0].astype(np.float32) / np.float32(_INT16_SCALE)


def _crops(
    store: RecordStore, draws: Sequence[Draw], views: int, frames: int, shorter: Shorter
) -> tuple[list[Record], list[int]]:
    """A crop ``(bins, frames)`` for each draw, and how much of it is neither repetition nor padding."""
    indices = [draw.row * views + int(draw.view * views) for draw in draws]
    store.prefetch(indices)
    records = [store[index] for index in indices]
    crops = [crop(record, frames, draw.crop, shorter) for record, draw in zip(records, draws, strict=True)]
    return crops, [min(frames, record.shape[1]) for record in records]


def crop(record: Record, frames: int, place: float = 0.0, shorter: Shorter = "repeat") -> Record:
    """Take ``(bins, frames)`` at a place in [0, 1) of a record; repeat one that is too short, or pad it with zeros."""
    spare = record.shape[1] - frames
    if spare < 0 and shorter == "pad":
        return np.pad(record, ((0, 0), (0, -spare)))
    if spare < 0:
        return np.take(record, range(frames), axis=1, mode="wrap")
    start = int(place * (spare + 1))
    return record[:, start : start + frames]


def _batch(
    trials: Sequence[Trial], draws: Sequence[Draw], lengths: Sequence[int], **audio: NDArray[np.floating]
) -> dict[str, Any]:
    return {
        "draw": torch.tensor([draw.seed for draw in draws], dtype=torch.int64),
        **{name: torch.from_numpy(values).float() for name, values in audio.items()},
        "length": torch.tensor(lengths, dtype=torch.int64),
        "label": torch.tensor([trial.label for trial in trials], dtype=torch.int64),
        "utterance": [trial.utterance for trial in trials],
        "attack": [trial.attack for trial in trials],
    }
