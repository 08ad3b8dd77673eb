"""Detectors in, what each costs out: parameters, operations, size, and latency, timed in turn on this machine."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from datamodules.threads import one_thread
from experiments.inference_cost import clip, make_ready, score_seconds
from experiments.model_summary import summarise
from lightning_modules.detector import Detector

_TURNS: Final = 9


@dataclass(frozen=True)
class Cost:
    """What a detector costs.

    Attributes:
        architecture: the network in one line.
        parameters: learnt numbers.
        macs: multiply-accumulates for one crop.
        crop_s: length of that crop in seconds.
        size_mb: of the weights, in millions of bytes.
        latency_ms: median from a waveform of 4 s to its score, on one thread of this machine's CPU.
    """

    architecture: str
    parameters: int
    macs: int
    crop_s: float
    size_mb: float
    latency_ms: float


def costs(detectors: Sequence[Detector], turns: int = _TURNS) -> list[Cost]:
    """Count and time detectors: all once in each turn, so that what else the machine does then is the same for all.

    Args:
        detectors: left in evaluation mode.
        turns: that the medians are of; one more warms up.
    """
    clips = [clip(detector.frontend.sample_rate_hz) for detector in detectors]
    for detector, waveform in zip(detectors, clips, strict=True):
        make_ready(detector, waveform)
    with one_thread():
        rounds = [[score_seconds(*each) for each in zip(detectors, clips, strict=True)] for _ in range(turns + 1)]
    medians = [1000 * statistics.median(taken) for taken in zip(*rounds[1:], strict=True)]
    return [_cost(detector, latency_ms) for detector, latency_ms in zip(detectors, medians, strict=True)]


def _cost(detector: Detector, latency_ms: float) -> Cost:
    summary = summarise(detector)
    return Cost(
        architecture=summary.architecture,
        parameters=summary.parameters.total,
        macs=summary.macs,
        crop_s=summary.crop_s,
        size_mb=summary.size_mb,
        latency_ms=latency_ms,
    )
