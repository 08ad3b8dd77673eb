"""Draws in, batches out: the two ways that a partition is read, as cached features or as waveforms."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
        store: their waveforms as int16 ``(samples, 1)``.
        crop_samples: length of a crop.
        augmentation: drawn anew each time; none for dev and eval.
        random_start: crop anywhere, not at the first sample.
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        store: RecordStore,
        crop_samples: int,
        augmentation: Augmentation | None = None,
        random_start: bool = False,
    ) -> None:
        self._trials, self._store, self._crop_samples = trials, store, crop_samples
        self._augmentation, self._random_start = augmentation, random_start

    def __len__(self) -> int:
        return len(self._trials)

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        rng = np.random.default_rng(draw.seed)
        record, frames = _read_crop(self._store, draw.row, self._crop_samples, rng if self._random_start else None)
        waveform = record[:, 0].astype(np.float32) / _INT16_SCALE
        if self._augmentation is not None:
            waveform = self._augmentation(waveform, rng)
        return _item(self._trials[draw.row], frames, waveform=waveform)


class FeatureDataset(Dataset[dict[str, Any]]):
    """Reads a crop of the cached features of each utterance.

    Args:
        trials: of one partition.
        store: their features ``(frames, bins)``.
        crop_frames: length of a crop.
        random_start: crop anywhere, not at the first frame.
    """

    def __init__(
        self, trials: Sequence[Trial], store: RecordStore, crop_frames: int, random_start: bool = False
    ) -> None:
        self._trials, self._store, self._crop_frames = trials, store, crop_frames
        self._random_start = random_start

    def __len__(self) -> int:
        return len(self._trials)

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        rng = np.random.default_rng(draw.seed) if self._random_start else None
        record, frames = _read_crop(self._store, draw.row, self._crop_frames, rng)
        return _item(self._trials[draw.row], frames, features=record.T.astype(np.float32))


def collate(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Stack ``waveform`` or ``features``, ``length`` and ``label``; keep ``utterance`` and ``attack`` as lists."""
    batch: dict[str, Any] = {name: [item[name] for item in items] for name in items[0]}
    for name in ("waveform", "features"):
        if name in batch:
            batch[name] = torch.from_numpy(np.stack(batch[name]))
    for name in ("length", "label"):
        batch[name] = torch.tensor(batch[name], dtype=torch.int64)
    return batch


def waveform_records(trials: Sequence[Trial], sample_rate_hz: int) -> Iterator[NDArray[np.int16]]:
    """Decode each trial to int16 ``(samples, 1)``, half the size of float32 and exact for 16-bit files."""
    for trial in trials:
        waveform = decode(trial.path, sample_rate_hz)
        yield np.round(np.clip(waveform, -1.0, 1.0) * _INT16_SCALE).astype(np.int16)[:, np.newaxis]


def feature_records(waveforms: RecordStore, extractor: FeatureExtractor) -> Iterator[NDArray[np.float16]]:
    """Compute the features of whole stored waveforms as float16 ``(frames, bins)``."""
    with torch.inference_mode():
        for index in range(len(waveforms)):
            samples = waveforms.read(index, 0, waveforms.frames(index))[:, 0].astype(np.float32) / _INT16_SCALE
            yield extractor.extract(torch.from_numpy(samples)[None])[0].T.to(torch.float16).numpy()


def _read_crop(store: RecordStore, index: int, crop: int, rng: np.random.Generator | None) -> tuple[NDArray[Any], int]:
    """Return a crop ``(crop, bins)`` and how much of it is not repetition."""
    spare = max(store.frames(index) - crop, 0)
    start = int(rng.integers(spare + 1)) if rng is not None else 0
    return store.read(index, start, crop), min(crop, store.frames(index))


def _item(trial: Trial, length: int, **audio: NDArray[np.float32]) -> dict[str, Any]:
    return {
        **audio,
        "length": length,
        "label": trial.label,
        "utterance": trial.utterance,
        "attack": trial.attack,
    }
