"""How fast features are computed, cached and read, against librosa, one file an utterance, and no cache at all.

librosa's product with the mel filters takes all cores. Alone on the machine and on one thread it takes 2 to 4 ms for a
clip of 4 s; as it comes, on cores that others keep busy too, its threads wait for one another, and it takes many times
that. The workers of a sweep keep the cores busy, so both are measured.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import librosa
import numpy as np
import soundfile as sf
import torch
from _claims import Claim, main, speedup
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from datamodules.augmentation import AdditiveWhiteGaussianNoise
from datamodules.datasets import FeatureDataset, FeatureExtractor, FeatureRecords, WaveformDataset, WaveformRecords
from datamodules.feature_cache import RecordStore
from datamodules.manifest import Trial
from datamodules.sampling import Draw
from experiments.allocator import keep_freed_memory
from lightning_modules.frontends import LogMel
from lightning_modules.networks.cnn import SpectrogramCNN

RATE_HZ, CLIP_S, BATCH = 16_000, 4.0, 64
SAMPLES = round(RATE_HZ * CLIP_S)
FRONTEND = LogMel().eval()
EXTRACTOR = FeatureExtractor(FRONTEND, {})

FEW = 4  # clips of the slow way, whose time does not depend on how many there are


class Targets(NamedTuple):
    """What each ratio has to be at least."""

    features: float
    warm: float
    cold: float
    epoch: float
    augmented: float
    filling: float


ALONE = Targets(features=3, warm=100, cold=30, epoch=1.1, augmented=1.0, filling=1.1)
BUSY = Targets(features=3, warm=120, cold=80, epoch=1.6, augmented=1.4, filling=1.4)
Waveforms = NDArray[np.float32]
Read = Callable[[list[int]], torch.Tensor]


def speech_like(clips: int) -> Waveforms:
    """Noise under slow envelopes ``(clips, samples)``: neither a transform nor a codec cares for more."""
    rng = np.random.default_rng(0)
    envelope = np.repeat(rng.uniform(0.01, 0.3, (clips, 40)), SAMPLES // 40, axis=1)
    return (envelope * rng.normal(size=(clips, SAMPLES))).clip(-1, 1).astype(np.float32)


def with_librosa(waveform: Waveforms) -> Waveforms:
    """The field's usual features."""
    power = librosa.feature.melspectrogram(
        y=waveform, sr=RATE_HZ, n_fft=512, win_length=400, hop_length=160, n_mels=80, center=False
    )
    return np.log(np.maximum(power, 1e-10))


def with_torch(waveforms: Waveforms) -> torch.Tensor:
    """Ours, of a batch."""
    with torch.no_grad():
        return FRONTEND(torch.from_numpy(waveforms))


class Corpus:
    """Clips as FLAC files, as a ``.npy`` of features each, and in the caches."""

    def __init__(self, folder: Path, waveforms: Waveforms) -> None:
        self.folder, self.clips = folder, len(waveforms)
        self.names = [str(number) for number in range(self.clips)]
        self.paths = [folder / f"{name}.flac" for name in self.names]
        self.trials = [
            Trial(name, path, "-", "A01", "spoof", "train") for name, path in zip(self.names, self.paths, strict=True)
        ]
        for path, waveform in zip(self.paths, waveforms, strict=True):
            sf.write(path, waveform, RATE_HZ)
            np.save(path.with_suffix(".npy"), with_torch(waveform[None])[0].numpy())
        self.waveforms, self.features = self.stores(folder)
        self.frames = self.features[0].shape[1]

    def stores(self, root: Path) -> tuple[RecordStore, RecordStore]:
        """Both caches under a folder, filled on one core."""
        waveforms = RecordStore(root, {"kind": "waveform"}, self.names, WaveformRecords(self.paths, RATE_HZ))
        waveforms.fill(1)
        features = RecordStore(root, {"kind": "features"}, self.names, FeatureRecords(waveforms, EXTRACTOR))
        features.fill(1)
        return waveforms, features

    def build(self) -> None:
        """Fill new caches, on one core, from the files."""
        with tempfile.TemporaryDirectory(dir=self.folder) as root:
            self.stores(Path(root))

    def cached(self, features: RecordStore | None = None) -> Read:
        """Reader of batches from the feature cache."""
        dataset = FeatureDataset(self.trials, features or self.features, self.frames)
        return lambda rows: torch.as_tensor(dataset.__getitems__(_draws(rows))["features"])

    def augmented(self) -> Read:
        """Reader of waveforms with fresh noise, turned into features."""
        noise = AdditiveWhiteGaussianNoise(snr_min_db=5, snr_max_db=30)
        dataset = WaveformDataset(self.trials, self.waveforms, SAMPLES, noise)
        return lambda rows: with_torch(dataset.__getitems__(_draws(rows))["waveform"].numpy())

    def a_file_each(self, rows: list[int]) -> torch.Tensor:
        """Features from one ``.npy`` an utterance."""
        return torch.from_numpy(np.stack([np.load(self.paths[row].with_suffix(".npy")) for row in rows]))

    def on_the_fly(self, rows: list[int]) -> torch.Tensor:
        """Decoded audio through librosa."""
        decoded = (sf.read(self.paths[row], dtype="float32")[0] for row in rows)
        return torch.from_numpy(np.stack([with_librosa(waveform) for waveform in decoded]))

    def cold(self) -> Read:
        """Reader from the feature cache as another process finds it, with nothing of it in memory."""
        _, features = self.stores(self.folder)
        for path in features.folder.glob("*.bin"):
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return self.cached(features)


def all_of(read: Read, batches: list[NDArray[np.int64]]) -> None:
    """Read some batches once."""
    for rows in batches:
        read(rows.tolist())


def epoch(read: Read, clips: int, network: SpectrogramCNN) -> float:
    """Train a CNN for an epoch of random batches; returns the share of the time that it waited for data."""
    optimiser = torch.optim.AdamW(network.parameters())
    order = np.random.default_rng(0).permutation(clips)
    waited = 0.0
    begin = time.perf_counter()
    for rows in np.array_split(order, clips // 32):
        start = time.perf_counter()
        features = read(rows.tolist())
        waited += time.perf_counter() - start
        loss = torch.nn.functional.cross_entropy(network(features), torch.from_numpy(rows % 2))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return waited / (time.perf_counter() - begin)


def batches(read: Read, clips: int, count: int, size: int = BATCH) -> Callable[[], None]:
    """A way to read so many random batches."""
    rng = np.random.default_rng(1)

    def run() -> None:
        for _ in range(count):
            read(rng.integers(clips, size=size).tolist())

    return run


def cold_against_librosa(corpus: Corpus, turns: int) -> float:
    """An epoch in which each read meets a cold disk."""
    ratios = []
    for _ in range(turns):
        read, whole = (
            corpus.cold(),
            np.array_split(np.random.default_rng(0).permutation(corpus.clips), corpus.clips // BATCH),
        )
        slow = batches(corpus.on_the_fly, corpus.clips, 1, FEW)
        ratios.append(speedup(partial(all_of, read, whole), slow, 1, ours_per=corpus.clips, theirs_per=FEW))
    return statistics.median(ratios)


def measure(corpus: Corpus, waveforms: Waveforms, turns: int, where: str, targets: Targets) -> list[Claim]:
    """Measure all that is held against librosa."""
    clips, network = corpus.clips, SpectrogramCNN()
    slow, warm = batches(corpus.on_the_fly, clips, 1, FEW), corpus.cached()

    def epochs(read: Read) -> float:
        return speedup(
            lambda: epoch(read, clips, network), lambda: epoch(corpus.on_the_fly, clips, network), max(1, turns // 2)
        )

    ours = speedup(
        lambda: [with_torch(clip[None]) for clip in waveforms[:32]],
        lambda: [with_librosa(clip) for clip in waveforms[:4]],
        2 * turns,
        ours_per=32,
        theirs_per=4,
    )
    random = speedup(batches(warm, clips, 20), slow, turns, ours_per=20 * BATCH, theirs_per=FEW)
    filling = speedup(
        corpus.build, batches(corpus.on_the_fly, clips, 1, 16), max(1, turns // 2), ours_per=clips, theirs_per=16
    )
    return [
        Claim(f"{where}: log-mel of a clip of 4 s, against librosa", ours, targets.features),
        Claim(f"{where}: random batches, warm, against decoding and librosa", random, targets.warm),
        Claim(f"{where}: an epoch of reading, cold", cold_against_librosa(corpus, turns), targets.cold),
        Claim(f"{where}: a CNN's training epoch, warm, against librosa on the fly", epochs(warm), targets.epoch),
        Claim(f"{where}: the same with fresh noise", epochs(corpus.augmented()), targets.augmented),
        Claim(f"{where}: filling the caches on one core", filling, targets.filling),
    ]


@contextmanager
def busy_neighbours() -> Iterator[None]:
    """Keep every core busy with another process, as the workers of a sweep do."""
    spin = [sys.executable, "-c", "while True: pass"]
    neighbours = [subprocess.Popen(spin) for _ in os.sched_getaffinity(0)]
    try:
        yield
    finally:
        for neighbour in neighbours:
            neighbour.kill()
            neighbour.wait()


def claims(quick: bool) -> list[Claim]:
    """Measure every claim with the memory that a training keeps, our side on one thread."""
    torch.set_num_threads(1)
    keep_freed_memory()
    clips, turns = (256, 3) if quick else (2048, 7)
    waveforms = speech_like(clips)
    theirs = np.stack([with_librosa(clip) for clip in waveforms[:8]])
    # librosa centres its window of 400 samples in the 512 of the transform: it starts 56 later.
    worst = np.abs(with_torch(waveforms[:8, 56:]).numpy()[:, :, : theirs.shape[2]] - theirs).max()
    if worst > 2e-4:  # noqa: PLR2004 - what the claim says
        raise SystemExit(f"ours and librosa's features differ by {worst:.1e}: there is nothing to compare")
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus(Path(folder), waveforms)
        warm = corpus.cached()
        batches(warm, clips, clips // 8)()
        files = speedup(batches(warm, clips, 20), batches(corpus.a_file_each, clips, 20), turns)
        waiting = 0.05 / epoch(warm, clips, SpectrogramCNN())
        with threadpool_limits(1):
            alone = measure(corpus, waveforms, turns, "one thread each", ALONE)
        with busy_neighbours():
            shared = measure(corpus, waveforms, turns, "librosa as it comes, on busy cores", BUSY)
    return [
        Claim("random batches, warm, against a .npy an utterance", files, 5),
        Claim("5 % of a CNN's epoch on the warm cache, in units of the time that it waits for data", waiting, 1),
        *alone,
        *shared,
    ]


def _draws(rows: list[int]) -> list[Draw]:
    return [Draw(row, (0, 0, row)) for row in rows]


if __name__ == "__main__":
    main(claims, __doc__ or "")
