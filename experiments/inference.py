"""Audio of any common format in, verdict out: a detector with its calibration and operating point, as deployed."""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from datamodules.audio import MAX_DURATION_S, AudioError, inspect, require_min_duration
from datamodules.recording_facts import recording_facts
from lightning_modules.detector import Detector
from lightning_modules.export.form import Form
from lightning_modules.metrics.calibration import Calibration
from lightning_modules.prepared import Prepared, prepare
from lightning_modules.scoring import score_waveform
from lightning_modules.specifications import Specifications

MIN_DURATION_S = 0.25  # less holds no syllable to judge
SILENCE = 1e-4  # peak, -80 dB of full scale
OPERATING_POINT_FILE = "operating_point.json"
NOT_CALIBRATED = "not calibrated: scores are as the network gives them, and 0 is the threshold, until it is evaluated"
_CHECKPOINT = "detector.ckpt"
_FORM = "form.onnx"


@dataclass(frozen=True)
class OperatingPoint:
    """How raw scores become calibrated ones, and decisions.

    Attributes:
        calibration: raw score to log-likelihood ratio, fitted on dev.
        threshold: calibrated score above which audio is called bona fide.
        source: what the threshold is, in words.
    """

    calibration: Calibration
    threshold: float
    source: str


@dataclass(frozen=True)
class Verdict:
    """What a countermeasure says of one recording.

    Attributes:
        score: calibrated log-likelihood ratio (natural logarithm), higher = more bona fide.
        probability: of bona fide, with both classes equally likely beforehand.
        decision: ``bonafide`` or ``spoof``.
        threshold: that the score was held against.
        duration_s: of the audio.
        windows: calibrated score of each window.
        starts_s: where each window starts.
        window_s: length of each window.
        sample_rate_hz: of the file.
        channels: of the file.
        clipped_share: share of the samples at full scale.
        level_dbfs: root mean square, 0 dB = full scale.
        bandwidth_hz: highest frequency with any sound to speak of.
        warnings: what makes the score doubtful: ``short: …``, ``quiet: …``, ``clipped: …``, ``narrow-band: …``.
    """

    score: float
    probability: float
    decision: str
    threshold: float
    duration_s: float
    windows: list[float]
    starts_s: list[float]
    window_s: float
    sample_rate_hz: int
    channels: int
    clipped_share: float
    level_dbfs: float
    bandwidth_hz: float
    warnings: list[str]


@dataclass(frozen=True)
class Countermeasure:
    """A detector ready for use on recordings.

    Attributes:
        detector: in evaluation mode.
        operating_point: its calibration and threshold.
        form: what scores in the detector's place; none where the detector itself does.
    """

    detector: Detector
    operating_point: OperatingPoint
    form: Form | None = None

    @classmethod
    def load(cls, folder: Path) -> "Countermeasure":
        """Load what ``save`` wrote.

        Raises:
            FileNotFoundError: the folder is not one.
            RefusedError: this machine cannot run its form.
        """
        values = json.loads((folder / OPERATING_POINT_FILE).read_text())
        calibration = Calibration(**values.pop("calibration"))
        form = _opened(folder / _FORM) if (folder / _FORM).exists() else None
        return cls(Detector.from_file(folder / _CHECKPOINT), OperatingPoint(calibration=calibration, **values), form)

    @cached_property
    def prepared(self) -> Prepared:
        """The detector in its fastest form with the same scores, made when first asked."""
        return prepare(self.detector)

    @property
    def scorer(self) -> Callable[[Tensor], Tensor]:
        """What windows ``(batch, samples)`` are scored with: its form, or else the prepared detector."""
        return self.prepared if self.form is None else self.form.score

    @property
    def told(self) -> str:
        """Return what it scores with, in words."""
        if self.form is not None:
            return f"as {self.form.name}"
        prepared = self.prepared
        return f"traced, scores within {prepared.max_delta:.1g}" if prepared.fast else f"as it is: {prepared.reason}"

    def score(self, waveform: NDArray[np.float32]) -> float:
        """Return the calibrated log-likelihood ratio of a waveform ``(samples,)`` at the detector's sample rate."""
        result = score_waveform(self.detector, waveform, score=self.scorer)
        return float(self.operating_point.calibration.llr(result.score))

    def judge(
        self,
        audio: bytes | str | Path,
        name: str | None = None,
        window_s: float | None = None,
        hop_s: float | None = None,
        *,
        threshold: float | None = None,
        max_duration_s: float = MAX_DURATION_S,
        deadline_s: float | None = None,
    ) -> Verdict:
        """Judge one recording.

        Args:
            audio: the bytes of a file, or its path.
            name: how errors call it.
            window_s: length of the windows; the training crop when not given.
            hop_s: from window to window; half a window when not given.
            threshold: calibrated score above which audio is called bona fide; the operating point's when not given.
            max_duration_s: longer audio is refused.
            deadline_s: by ``time.monotonic()``, when to give up; never when not given.

        Raises:
            AudioError: it cannot be decoded, is too short, too long, or silent.
            ValueError: a window that is too short for the detector, or a hop that is not positive.
            TimeoutError: the deadline passed.
        """
        rate_hz = self.detector.frontend.sample_rate_hz
        decoded = inspect(audio, rate_hz, name=name, max_duration_s=max_duration_s, deadline_s=deadline_s)
        waveform = decoded.waveform
        label = name or ("audio" if isinstance(audio, bytes) else str(audio))
        require_min_duration(waveform, rate_hz, MIN_DURATION_S, label)
        if not np.abs(waveform).max() > SILENCE:
            raise AudioError(
                f"{label}: found nothing but silence, expected speech; check the recording and its channels"
            )
        result = score_waveform(self.detector, waveform, window_s, hop_s, score=self.scorer, deadline_s=deadline_s)
        calibration = self.operating_point.calibration
        threshold = self.operating_point.threshold if threshold is None else threshold
        score = float(calibration.llr(result.score))
        window_s = self.detector.crop_s if window_s is None else window_s
        return Verdict(
            score=score,
            probability=float(calibration.probability(result.score)),
            decision="bonafide" if score > threshold else "spoof",
            threshold=threshold,
            windows=[float(value) for value in calibration.llr(result.windows)],
            starts_s=[float(value) for value in result.starts_s],
            window_s=window_s,
            **asdict(recording_facts(decoded, rate_hz, window_s)),
        )


def save(folder: Path, checkpoint: Path, operating_point: OperatingPoint, form: Path | None = None) -> None:
    """Write the folder that ``Countermeasure.load`` reads; a form is told all that its user must know."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(checkpoint, folder / _CHECKPOINT)
    (folder / OPERATING_POINT_FILE).write_text(json.dumps(asdict(operating_point), indent=1))
    if form is not None:
        from lightning_modules.export.onnx_file import describe  # noqa: PLC0415 - as below

        shutil.copyfile(form, folder / _FORM)
        describe(folder / _FORM, facts(Detector.from_file(checkpoint).specifications, operating_point))


def facts(specifications: Specifications, point: OperatingPoint) -> dict[str, str]:
    """Return what the user of a model's file alone must know, by the names that stand in the file."""
    return {
        "sample_rate_hz": str(specifications.sample_rate_hz),
        "window_s": str(specifications.crop_s),
        "hop_s": str(specifications.crop_s / 2),
        "shorter": specifications.shorter,
        "score_convention": specifications.score_convention,
        "labels": json.dumps(specifications.labels),
        "calibration_scale": repr(float(point.calibration.scale)),
        "calibration_offset": repr(float(point.calibration.offset)),
        "threshold": repr(float(point.threshold)),
        "threshold_source": point.source,
    }


def _opened(path: Path) -> Form:
    from lightning_modules.export.session import open_onnx  # noqa: PLC0415 - what has no form needs no runtime

    return open_onnx(path)
