"""A countermeasure and a recording that is still being decoded in, a verdict on each window out, then one on the whole.

Windows, calibration and refusals are those of ``Countermeasure.judge``; nothing that grows with the recording is held.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from datamodules.audio import AudioError
from datamodules.audio_stream import AudioStream
from datamodules.clip_facts import FULL_SCALE
from experiments.inference import MIN_DURATION_S, SILENCE, Countermeasure
from lightning_modules.aggregation import Aggregate, Aggregation
from lightning_modules.streaming import score_stream

_OF_THE_MEAN: Final = "threshold: it was set on dev for the mean of the windows, not for this aggregation"


@dataclass(frozen=True, slots=True)
class JudgedWindow:
    """What a countermeasure says of a window.

    Attributes:
        start_s: where it starts.
        end_s: where it ends.
        score: calibrated log-likelihood ratio, higher = more bona fide.
        decision: ``bonafide`` or ``spoof``.
    """

    start_s: float
    end_s: float
    score: float
    decision: str


@dataclass(frozen=True, slots=True)
class StreamVerdict:
    """What a countermeasure says of a recording that it has heard to its end.

    Attributes:
        score: of the windows together, a log-likelihood ratio, higher = more bona fide.
        aggregation: how the windows came to it.
        probability: of bona fide, with both classes equally likely beforehand.
        decision: ``bonafide`` or ``spoof``.
        threshold: that the scores were held against.
        windows: their number.
        window_s: length of each.
        hop_s: from one to the next.
        duration_s: of the audio.
        sample_rate_hz: of the file.
        channels: of the file.
        clipped_share: share of the samples at full scale.
        warnings: what makes the score doubtful.
    """

    score: float
    aggregation: Aggregation
    probability: float
    decision: str
    threshold: float
    windows: int
    window_s: float
    hop_s: float
    duration_s: float
    sample_rate_hz: int
    channels: int
    clipped_share: float
    warnings: list[str]


def judge_stream(
    countermeasure: Countermeasure,
    recording: AudioStream,
    label: str,
    window_s: float | None = None,
    hop_s: float | None = None,
    aggregation: Aggregation = "mean",
) -> Iterator[JudgedWindow | StreamVerdict]:
    """Judge a recording of any length while it is decoded.

    Args:
        countermeasure: that judges.
        recording: at the detector's sample rate.
        label: how errors call it.
        window_s: length of the windows; the training crop when not given.
        hop_s: from window to window; half a window when not given.
        aggregation: what makes one score of the windows'.

    Yields:
        Each window as soon as it can be told, and in the end the verdict.

    Raises:
        AudioError: it is damaged, too short, or silent throughout; windows may have been told by then.
        ValueError: a window that is too short for the detector, or a hop that is not positive.
    """
    detector, point = countermeasure.detector, countermeasure.operating_point
    window_s = detector.crop_s if window_s is None else window_s
    hop_s = window_s / 2 if hop_s is None else hop_s
    heard, whole = _Heard(recording.blocks), Aggregate(aggregation)

    def decide(score: float) -> str:
        return "bonafide" if score > point.threshold else "spoof"

    for window in score_stream(detector, heard, window_s, hop_s, score=countermeasure.prepared):
        llr = float(point.calibration.llr(window.score))
        whole.add(llr)
        yield JudgedWindow(window.start_s, window.end_s, llr, decide(llr))
    duration_s = heard.samples / detector.frontend.sample_rate_hz
    if duration_s < MIN_DURATION_S:
        raise AudioError(
            f"{label}: found {duration_s * 1000:.0f} ms of audio, expected at least {MIN_DURATION_S * 1000:.0f} ms; "
            "use a longer recording"
        )
    if not heard.peak > SILENCE:
        raise AudioError(f"{label}: found nothing but silence, expected speech; check the recording and its channels")
    yield StreamVerdict(
        score=whole.score,
        aggregation=aggregation,
        probability=float(expit(whole.score)),
        decision=decide(whole.score),
        threshold=point.threshold,
        windows=whole.windows,
        window_s=window_s,
        hop_s=hop_s,
        duration_s=duration_s,
        sample_rate_hz=recording.found_rate_hz,
        channels=recording.channels,
        clipped_share=heard.clipped / heard.samples,
        warnings=[] if aggregation == "mean" else [_OF_THE_MEAN],
    )


class _Heard:
    """Blocks as they pass by, and what is to be known of all of them in the end."""

    def __init__(self, blocks: Iterable[NDArray[np.float32]]) -> None:
        self._blocks = blocks
        self.samples = self.clipped = 0
        self.peak = 0.0

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        for block in self._blocks:
            magnitude = np.abs(block)
            self.samples += block.size
            self.clipped += int(np.count_nonzero(magnitude >= FULL_SCALE))
            self.peak = max(self.peak, float(magnitude.max(initial=0.0)))
            yield block
