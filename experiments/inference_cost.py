"""A detector in, what it costs where it is deployed out: latency and size; its weights make no difference."""

import statistics
import time
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from datamodules.threads import one_thread
from lightning_modules.cost import size_bytes
from lightning_modules.detector import Detector
from lightning_modules.prepared import prepare

CLIP_S: Final = 4.0
LATENCY: Final = "latency_ms"
SIZE: Final = "size_mb"
_BYTES_PER_MB: Final = 1_000_000
_TURNS: Final = 15
_WARM_UP: Final = 3  # TorchScript optimises after two


def clip(sample_rate_hz: int, duration_s: float = CLIP_S) -> Tensor:
    """Return noise ``(1, samples)``, always the same."""
    samples = round(duration_s * sample_rate_hz)
    return 0.1 * torch.randn(1, samples, generator=torch.Generator().manual_seed(0))


def score_seconds(detector: Detector, waveform: Tensor) -> float:
    """Time a detector in evaluation mode from waveform ``(1, samples)`` to score."""
    start = time.perf_counter()
    with torch.inference_mode():
        detector(waveform)
    return time.perf_counter() - start


def latency_ms(detector: Detector, turns: int = _TURNS) -> float:
    """Return the median time from a waveform of 4 s to its score, on one thread of the CPU, in milliseconds.

    Of an untrained detector as of a trained one. What else the machine does at that time is in it.

    Args:
        detector: left in evaluation mode; a normalisation by the corpus that was not fitted yet is, on the clip.
        turns: that the median is of; one more warms up.
    """
    waveform = clip(detector.frontend.sample_rate_hz)
    make_ready(detector, waveform)
    with one_thread():
        taken = [score_seconds(detector, waveform) for _ in range(turns + 1)]
    return 1000 * statistics.median(taken[1:])


def side_by_side_ms(detectors: Sequence[Detector], turns: int = _TURNS) -> list[float]:
    """Return what ``latency_ms`` measures of each, as they are deployed, in turns: a busy machine slows all alike.

    Args:
        detectors: in evaluation mode, on the CPU, of one sampling rate.
        turns: that the medians are of; three more warm up.
    """
    waveform = clip(detectors[0].frontend.sample_rate_hz)
    taken: list[list[float]] = [[] for _ in detectors]
    with one_thread(), torch.inference_mode():
        prepared = [prepare(detector, waveform.shape[-1]) for detector in detectors]
        for _ in range(turns + _WARM_UP):
            for times, scores in zip(taken, prepared, strict=True):
                start = time.perf_counter()
                scores(waveform)
                times.append(time.perf_counter() - start)
    return [1000 * statistics.median(times[_WARM_UP:]) for times in taken]


def size_mb(detector: Detector) -> float:
    """Return the size of the weights in a checkpoint, in millions of bytes."""
    return size_bytes(detector) / _BYTES_PER_MB


def make_ready(detector: Detector, waveform: Tensor) -> None:
    """Let an untrained detector score: statistics that training would fit are those of a waveform."""
    detector.eval()
    if detector.normalisation.mode == "corpus" and not detector.normalisation.frames_seen:
        with torch.no_grad():
            detector.normalisation.fit([detector.extract(waveform)])
