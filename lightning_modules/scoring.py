"""A waveform of any length in, one score and its windows out: what evaluation, the command and the endpoint share."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lightning_modules.detector import Detector

_WINDOWS_PER_BATCH = 8  # larger batches fall out of the processor's cache


@dataclass(frozen=True)
class WindowedScore:
    """The scores of one utterance.

    Attributes:
        score: mean over the windows, higher = more bona fide.
        windows: score of each window ``(windows,)``.
        starts_s: where each window starts ``(windows,)``.
    """

    score: float
    windows: NDArray[np.float32]
    starts_s: NDArray[np.float64]


def score_waveform(
    detector: Detector,
    waveform: NDArray[np.float32],
    window_s: float | None = None,
    hop_s: float | None = None,
    *,
    score: Callable[[Tensor], Tensor] | None = None,
    deadline_s: float | None = None,
) -> WindowedScore:
    """Score a waveform by the mean over overlapping windows.

    Args:
        detector: in evaluation mode.
        waveform: ``(samples,)`` in [-1, 1], at the detector's sample rate. Shorter than a window: repeated up to one,
            or taken as it is by a detector whose ``shorter`` is ``pad``.
        window_s: length of a window; the detector's training crop when not given.
        hop_s: from window to window; half a window when not given. The last window ends with the waveform.
        score: windows ``(batch, samples)`` to scores ``(batch,)``, as the detector gives them but faster; the detector
            itself when not given.
        deadline_s: by ``time.monotonic()``, when to give up; never when not given.

    Raises:
        ValueError: empty waveform, or a window or hop that is not positive.
        TimeoutError: the deadline passed before all windows were scored.
    """
    window_s = detector.crop_s if window_s is None else window_s
    hop_s = window_s / 2 if hop_s is None else hop_s
    refuse_impossible_windows(window_s, hop_s)
    if not len(waveform):
        raise ValueError("the waveform is empty: there is nothing to score")
    rate_hz = detector.frontend.sample_rate_hz
    window = round(window_s * rate_hz)
    if detector.shorter == "pad":
        window = min(window, len(waveform))  # alone, an utterance needs no padding
    starts = window_starts(len(waveform), window, round(hop_s * rate_hz))
    scored: list[Tensor] = []
    with torch.inference_mode():
        for first in range(0, len(starts), _WINDOWS_PER_BATCH):
            if deadline_s is not None and time.monotonic() > deadline_s:
                raise TimeoutError(f"{first} of {len(starts)} windows were scored when the time was up")
            windows = cut_windows(waveform, starts[first : first + _WINDOWS_PER_BATCH], window)
            scored.append((score or detector)(torch.from_numpy(windows)))
    scores = torch.cat(scored).numpy()
    return WindowedScore(score=float(scores.mean()), windows=scores, starts_s=starts / rate_hz)


def refuse_impossible_windows(window_s: float, hop_s: float) -> None:
    """Refuse a window or a hop that is not positive.

    Raises:
        ValueError: naming both.
    """
    if window_s <= 0 or hop_s <= 0:
        raise ValueError(f"window of {window_s} s and hop of {hop_s} s: both must be positive")


def window_starts(samples: int, window: int, hop: int) -> NDArray[np.int64]:
    """Return the first sample of each window: a hop apart, the last moved back so that it ends with the waveform."""
    last = max(samples - window, 0)
    starts = np.arange(0, last + 1, max(hop, 1))
    return starts if starts[-1] == last else np.append(starts, last)


def cut_windows(waveform: NDArray[np.float32], starts: NDArray[np.int64], window: int) -> NDArray[np.float32]:
    """Cut ``(windows, window)`` out of a waveform; one that is too short is repeated end to end."""
    if len(waveform) < window:
        return np.resize(waveform, window)[np.newaxis]
    return np.lib.stride_tricks.sliding_window_view(waveform, window)[starts]
