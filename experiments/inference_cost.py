"""A detector in, what it costs where it is deployed out: latency and size; its weights make no difference."""

import statistics
import time
from typing import Final

import torch
from torch import Tensor

from datamodules.threads import one_thread
from lightning_modules.cost import size_bytes
from lightning_modules.detector import Detector

CLIP_S: Final = 4.0
LATENCY: Final = "latency_ms"
SIZE: Final = "size_mb"
_BYTES_PER_MB: Final = 1_000_000
_TURNS: Final = 15


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


def size_mb(detector: Detector) -> float:
    """Return the size of the weights in a checkpoint, in millions of bytes."""
    return size_bytes(detector) / _BYTES_PER_MB


def make_ready(detector: Detector, waveform: Tensor) -> None:
    """Let an untrained detector score: statistics that training would fit are those of a waveform."""
    detector.eval()
    if detector.normalisation.mode == "corpus" and not detector.normalisation.frames_seen:
        with torch.no_grad():
            detector.normalisation.fit([detector.extract(waveform)])
