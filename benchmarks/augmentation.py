"""What augmentation costs a CNN's training, and what single ones cost against audiomentations'.

The epochs go through the data module that users train with, on two cores: with fresh draws made by one loader process,
upon the cached views of what is slow, against the clean epoch from the feature cache.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import audiomentations
import numpy as np
import soundfile as sf
import torch
import yaml
from _claims import Claim, main, speedup

from datamodules.augmentation import (
    AdditiveWhiteGaussianNoise,
    Audio,
    Audiomentation,
    Augmentation,
    FolderNoise,
)
from experiments.allocator import keep_freed_memory
from experiments.data_config import read_data
from experiments.train import hand_over_frontend
from lightning_modules.detector import Detector
from lightning_modules.frontends import LogMel
from lightning_modules.networks.cnn import SpectrogramCNN

RATE_HZ, CLIP_S = 16_000, 4.0
CONFIGS = Path(__file__).resolve().parent.parent / "experiments" / "configs"


def speech_like(clips: int) -> list[Audio]:
    """Noise under slow envelopes: no augmentation minds that it says nothing."""
    rng = np.random.default_rng(0)
    samples = round(RATE_HZ * CLIP_S)
    envelopes = np.repeat(rng.uniform(0.01, 0.3, (clips, 40)), samples // 40, axis=1)
    return list((envelopes * rng.normal(size=(clips, samples))).clip(-1, 1).astype(np.float32))


def write_corpus(folder: Path, waveforms: list[Audio]) -> dict[str, Any]:
    """Write them as train, and one clip of either class as dev; returns the corpus as a config names it."""
    rows = []
    for number, waveform in enumerate(waveforms):
        path = folder / f"{number}.flac"
        sf.write(path, waveform, RATE_HZ)
        partition = "dev" if number < 2 else "train"  # noqa: PLR2004 - the first of either class
        rows.append(f"{path.name},{'bonafide' if number % 2 else 'spoof'},{partition}")
    (folder / "corpus.csv").write_text("\n".join(["path,key,partition", *rows]))
    return {"class_path": "datamodules.corpora.table.table", "init_args": {"path": str(folder / "corpus.csv")}}


def write_noise(folder: Path) -> str:
    """Write recordings as long as DEMAND's."""
    folder.mkdir()
    for number in range(4):
        waveform = np.random.default_rng(number).normal(0, 0.1, 300 * RATE_HZ)
        sf.write(folder / f"{number}.wav", waveform, RATE_HZ)
    return str(folder)


def epochs(folder: Path, corpus: dict[str, Any], augmentation: dict[str, Any]) -> Callable[[], None]:
    """A way to train a CNN for one epoch after another; fresh augmentation is a loader process's work."""
    config = folder / "config.yaml"
    section = {"corpus": corpus, "cache_dir": str(folder / "cache"), "num_workers": int("augmentation" in augmentation)}
    config.write_text(yaml.safe_dump({"data": {**section, **augmentation}}))
    data = read_data(config)
    detector = Detector(LogMel(), SpectrogramCNN(), crop_s=data.crop_s).train()
    hand_over_frontend(detector, data)
    data.prepare_data()
    loader, optimiser = data.train_dataloader(), torch.optim.AdamW(detector.parameters())

    def epoch() -> None:
        for batch in loader:
            loss = detector.loss(detector.logits(batch), batch["label"])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    epoch()  # starts the loader process
    return epoch


def each(augmentation: Augmentation, waveforms: list[Audio]) -> Callable[[], None]:
    """A way to alter all waveforms once."""
    rng = np.random.default_rng(0)

    def alter() -> None:
        for waveform in waveforms:
            augmentation(waveform, rng)

    return alter


def claims(quick: bool) -> list[Claim]:
    """Measure every claim."""
    torch.set_num_threads(2)
    keep_freed_memory()
    clips, turns = (192, 3) if quick else (1024, 7)
    waveforms = speech_like(clips)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        corpus = write_corpus(folder, waveforms)
        clean = epochs(folder, corpus, {})

        def chain(name: str) -> float:
            section = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())["data"]
            return speedup(epochs(folder, corpus, section), clean, turns)

        default, robust = chain("augment_codecs"), chain("augment_robust")
        white = AdditiveWhiteGaussianNoise(5, 30, probability=1.0)
        their_white = Audiomentation(audiomentations.AddGaussianSNR(5, 30, p=1.0))
        noise = write_noise(folder / "noise")
        recorded = FolderNoise(noise, 5, 30, probability=1.0)
        their_recorded = Audiomentation(audiomentations.AddBackgroundNoise(noise, 5, 30, p=1.0))
        recorded.prepare()
        few = waveforms[:64]
        return [
            Claim("a CNN's epoch under codecs, the default, against the clean cached epoch", default, 1 / 1.5),
            Claim("a CNN's epoch under codecs and fresh white noise, against it", robust, 1 / 1.5),
            Claim(
                "white noise, against audiomentations",
                speedup(each(white, few), each(their_white, few), turns),
                1,
            ),
            Claim(
                "recorded noise, read anew each time, against audiomentations, which keeps it in memory",
                speedup(each(recorded, few), each(their_recorded, few), turns),
                0.5,
            ),
        ]


if __name__ == "__main__":
    main(claims, __doc__ or "")
