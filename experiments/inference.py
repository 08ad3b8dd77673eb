"""Audio of any common format in, verdict out: a detector with its calibration and operating point, as deployed."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from datamodules.audio import AudioError, decode, require_min_duration
from lightning_modules.detector import Detector
from lightning_modules.metrics.calibration import Calibration
from lightning_modules.scoring import score_waveform

MIN_DURATION_S = 0.25  # less holds no syllable to judge
_SILENCE = 1e-4  # peak, -80 dB of full scale
OPERATING_POINT_FILE = "operating_point.json"
NOT_CALIBRATED = "not calibrated: scores are as the network gives them, and 0 is the threshold, until it is evaluated"
_CHECKPOINT = "detector.ckpt"


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
    """

    score: float
    probability: float
    decision: str
    threshold: float
    duration_s: float
    windows: list[float]
    starts_s: list[float]


@dataclass(frozen=True)
class Countermeasure:
    """A detector ready for use on recordings.

    Attributes:
        detector: in evaluation mode.
        operating_point: its calibration and threshold.
    """

    detector: Detector
    operating_point: OperatingPoint

    @classmethod
    def load(cls, folder: Path) -> "Countermeasure":
        """Load what ``save`` wrote.

        Raises:
            FileNotFoundError: the folder is not one.
        """
        values = json.loads((folder / OPERATING_POINT_FILE).read_text())
        calibration = Calibration(**values.pop("calibration"))
        return cls(Detector.from_file(folder / _CHECKPOINT), OperatingPoint(calibration=calibration, **values))

    def judge(
        self,
        audio: bytes | str | Path,
        name: str | None = None,
        window_s: float | None = None,
        hop_s: float | None = None,
    ) -> Verdict:
        """Judge one recording.

        Args:
            audio: the bytes of a file, or its path.
            name: how errors call it.
            window_s: length of the windows; the training crop when not given.
            hop_s: from window to window; half a window when not given.

        Raises:
            AudioError: it cannot be decoded, is too short, or silent.
        """
        rate_hz = self.detector.specifications.sample_rate_hz
        waveform = decode(audio, rate_hz, name=name)
        label = name or ("audio" if isinstance(audio, bytes) else str(audio))
        require_min_duration(waveform, rate_hz, MIN_DURATION_S, label)
        if not np.abs(waveform).max() > _SILENCE:
            raise AudioError(
                f"{label}: found nothing but silence, expected speech; check the recording and its channels"
            )
        result = score_waveform(self.detector, waveform, window_s, hop_s)
        calibration, threshold = self.operating_point.calibration, self.operating_point.threshold
        score = float(calibration.llr(result.score))
        return Verdict(
            score=score,
            probability=float(calibration.probability(result.score)),
            decision="bonafide" if score > threshold else "spoof",
            threshold=threshold,
            duration_s=len(waveform) / rate_hz,
            windows=[float(value) for value in calibration.llr(result.windows)],
            starts_s=[float(value) for value in result.starts_s],
        )


def save(folder: Path, checkpoint: Path, operating_point: OperatingPoint) -> None:
    """Write the folder that ``Countermeasure.load`` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(checkpoint, folder / _CHECKPOINT)
    (folder / OPERATING_POINT_FILE).write_text(json.dumps(asdict(operating_point), indent=1))
