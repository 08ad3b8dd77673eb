"""How fast `spooflab score` goes through a folder, against the loop that is usually written for it.

That loop takes one file after the other: `librosa.load`, windows, librosa's log-mel spectrogram of each, the same
network in eager torch. Both give a file the same windows, and the same features to 2e-4. Ours is one process on one
thread; the loop has torch's own number of threads, or one as well, and librosa takes what it likes. Files per second
and times real time are printed to stderr.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import librosa
import numpy as np
import soundfile as sf
import torch
from _claims import Claim, main, speedup
from numpy.typing import NDArray

from experiments import inference
from experiments.score_inputs import AudioInputs
from experiments.score_journal import opened
from experiments.score_judge import CountermeasureOpener
from experiments.score_ledger import Ledger
from experiments.score_lines import line_of
from experiments.score_workers import judge_all
from lightning_modules.detector import SPECIFICATIONS_KEY, Detector
from lightning_modules.frontends import LogMel
from lightning_modules.metrics.calibration import Calibration
from lightning_modules.networks.cnn import SpectrogramCNN
from lightning_modules.scoring import cut_windows, window_starts

RATE_HZ, CLIP_S, WINDOW_S = 16_000, 10.0, 4.0
SAMPLES, WINDOW = round(RATE_HZ * CLIP_S), round(RATE_HZ * WINDOW_S)
SAME = 2e-4
OFFSET = 56  # librosa centres its window of 400 samples in the 512 of the transform

Waveforms = NDArray[np.float32]


def write_clips(folder: Path, clips: int) -> None:
    """Write noise under slow envelopes, as FLAC files: neither a transform nor a codec cares for more."""
    rng = np.random.default_rng(0)
    for number in range(clips):
        envelope = np.repeat(rng.uniform(0.01, 0.3, 40), SAMPLES // 40)
        sf.write(folder / f"{number:05}.flac", (envelope * rng.normal(size=SAMPLES)).clip(-1, 1), RATE_HZ)


def save_countermeasure(folder: Path) -> Detector:
    """Write a small CNN as it is deployed, and return it."""
    detector = Detector(LogMel(), SpectrogramCNN(), crop_s=WINDOW_S).eval()
    checkpoint = folder.with_suffix(".ckpt")
    torch.save({"state_dict": detector.state_dict(), SPECIFICATIONS_KEY: detector.specifications.to_dict()}, checkpoint)
    inference.save(folder, checkpoint, inference.OperatingPoint(Calibration(1.0, 0.0), 0.0, "none"))
    return detector


def with_librosa(window: Waveforms) -> Waveforms:
    """The field's usual features."""
    power = librosa.feature.melspectrogram(
        y=window, sr=RATE_HZ, n_fft=512, win_length=400, hop_length=160, n_mels=80, center=False
    )
    return np.log(np.maximum(power, 1e-10))


def plain_loop(folder: Path, detector: Detector, out: Path) -> None:
    """Score a folder as it is usually done."""
    lines = []
    for path in sorted(folder.glob("*.flac")):
        waveform, _ = librosa.load(path, sr=RATE_HZ)
        windows = cut_windows(waveform, window_starts(len(waveform), WINDOW, WINDOW // 2), WINDOW)
        features = torch.from_numpy(np.stack([with_librosa(window) for window in windows]))
        with torch.no_grad():
            logits = detector.network(detector.normalisation(features, None), None)
        lines.append(f"{path.stem} - - {float((logits[:, 1] - logits[:, 0]).mean())}\n")
    out.write_text("".join(lines))


def ours(folder: Path, countermeasure: Path, out: Path, jobs: int) -> None:
    """Score a folder as the command does, journal and all."""
    inputs = AudioInputs.of([folder])
    due = Ledger(inputs)
    with opened(out, {}, again=True) as journal:
        opener = CountermeasureOpener(countermeasure)
        for item, judged in judge_all(opener, (item for item in inputs if due.settle(item.utterance)), jobs):
            journal.add(line_of("scores", item, judged))  # type: ignore[arg-type] - no clip here is bad
        journal.finish({"bad": 0})


def told(name: str, work: Callable[[], None], clips: int) -> Callable[[], None]:
    """The same work, whose rate is printed."""

    def run() -> None:
        start = time.perf_counter()
        work()
        passed_s = time.perf_counter() - start
        print(f"{name}: {clips / passed_s:.1f} files/s, {clips * CLIP_S / passed_s:.0f} x real time", file=sys.stderr)

    return run


def claims(quick: bool) -> list[Claim]:
    """Measure every claim."""
    clips, turns = (12, 5) if quick else (200, 7)
    cores = torch.get_num_threads()
    with tempfile.TemporaryDirectory() as place:
        folder, countermeasure = Path(place) / "clips", Path(place) / "countermeasure"
        folder.mkdir()
        write_clips(folder, clips)
        detector = save_countermeasure(countermeasure)
        _refuse_other_features(folder, detector)

        def loop(threads: int) -> Callable[[], None]:
            def run() -> None:
                torch.set_num_threads(threads)
                plain_loop(folder, detector, Path(place) / "plain.txt")

            return told(f"plain loop, {threads} threads", run, clips)

        one = told("spooflab score, one process", lambda: ours(folder, countermeasure, Path(place) / "o.txt", 1), clips)
        one()
        return [
            Claim(
                "a folder of clips of 10 s, one process, against the plain loop as it comes",
                speedup(one, loop(cores), turns),
                1.5,
            ),
            Claim("the same against the plain loop on one torch thread", speedup(one, loop(1), turns), 1.5),
        ]


def _refuse_other_features(folder: Path, detector: Detector) -> None:
    window = librosa.load(next(folder.glob("*.flac")), sr=RATE_HZ)[0][:WINDOW]
    theirs = with_librosa(window)
    with torch.no_grad():
        mine = detector.frontend(torch.from_numpy(window[None, OFFSET:]))[0].numpy()[:, : theirs.shape[1]]
    worst = float(np.abs(mine - theirs[:, : mine.shape[1]]).max())
    if worst > SAME:
        raise SystemExit(f"ours and librosa's features differ by {worst:.1e}: there is nothing to compare")


if __name__ == "__main__":
    main(claims, __doc__ or "")
