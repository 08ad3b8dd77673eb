"""A waveform in blocks in, the scores of its windows out as soon as they can be told, and what they come to as a whole.

Windows and scores are those of :func:`lightning_modules.scoring.score_waveform`, whatever the blocks; what is held is a
block, a window and what lies between two of them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lightning_modules.detector import Detector
from lightning_modules.scoring import cut_windows, refuse_impossible_windows

_WINDOWS_PER_BATCH: Final = 8


@dataclass(frozen=True)
class ScoredWindow:
    """What a detector gives a window.

    Attributes:
        start_s: where it starts.
        end_s: where it ends; the end of the recording at most.
        score: as the network gives it, higher = more bona fide.
    """

    start_s: float
    end_s: float
    score: float


def score_stream(
    detector: Detector,
    blocks: Iterable[NDArray[np.float32]],
    window_s: float | None = None,
    hop_s: float | None = None,
    *,
    score: Callable[[Tensor], Tensor] | None = None,
) -> Iterator[ScoredWindow]:
    """Score the windows of a waveform of any length, each as soon as its last sample is there.

    Args:
        detector: in evaluation mode.
        blocks: each ``(samples,)`` in [-1, 1], at the detector's sample rate.
        window_s: length of a window; the detector's training crop when not given. A waveform that is shorter is
            repeated up to one, or taken as it is by a detector whose ``shorter`` is ``pad``.
        hop_s: from window to window; half a window when not given. The last window ends with the waveform.
        score: windows ``(batch, samples)`` to scores ``(batch,)``; the detector itself when not given.

    Raises:
        ValueError: empty waveform, or a window or hop that is not positive.
    """
    window_s = detector.crop_s if window_s is None else window_s
    hop_s = window_s / 2 if hop_s is None else hop_s
    refuse_impossible_windows(window_s, hop_s)
    rate_hz = detector.frontend.sample_rate_hz
    for cut in _windows(blocks, round(window_s * rate_hz), max(round(hop_s * rate_hz), 1), detector.shorter == "pad"):
        with torch.inference_mode():  # not around `yield`: who iterates may train
            scores = (score or detector)(torch.from_numpy(cut.windows))
        for start, value in zip(cut.starts, scores.tolist(), strict=True):
            yield ScoredWindow(start / rate_hz, (start + cut.samples) / rate_hz, value)


@dataclass(frozen=True)
class _Cut:
    """Windows ``(windows, window)``, where they start, and how many samples of each are of the recording."""

    windows: NDArray[np.float32]
    starts: list[int]
    samples: int


def _windows(blocks: Iterable[NDArray[np.float32]], window: int, hop: int, pads: bool) -> Iterator[_Cut]:
    held = np.zeros(0, np.float32)
    first = 0  # place in the waveform of the first sample that is held
    following = 0  # start of the next window of the grid
    for block in blocks:
        held = np.concatenate((held, block))
        end = first + len(held)
        starts = list(range(following, end - window + 1, hop))
        yield from _cut(held, first, starts, window)
        following += hop * len(starts)
        # The end of the waveform may be here, and the last window is as long as any.
        kept_from = max(first, min(following, end - window))
        held, first = held[kept_from - first :].copy(), kept_from
    end = first + len(held)
    if not end:
        raise ValueError("the waveform is empty: there is nothing to score")
    if end < window:
        yield _Cut(cut_windows(held, np.zeros(1, np.int64), end if pads else window), [0], end)
    elif following - hop != end - window:  # else the last window of the grid ended with the waveform
        yield from _cut(held, first, [end - window], window)


def _cut(held: NDArray[np.float32], first: int, starts: list[int], window: int) -> Iterator[_Cut]:
    for place in range(0, len(starts), _WINDOWS_PER_BATCH):
        batch = starts[place : place + _WINDOWS_PER_BATCH]
        yield _Cut(cut_windows(held, np.array(batch) - first, window), batch, window)
