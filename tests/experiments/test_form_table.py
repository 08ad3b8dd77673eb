"""What a form costs is told of the scores that are deployed."""

import pytest

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from experiments import tracking
from experiments.compress import some
from experiments.form_table import tabulate
from lightning_modules.detector import Detector

FORM = "onnx-int8-dynamic"


def test_differences_are_of_calibrated_scores(place, evaluated, tmp_path):
    detector = Detector.from_file(tracking.fetch(evaluated, tracking.CHECKPOINT_ARTIFACT)).eval()
    trials = some(asvspoof2019_la(str(place.corpus)).partition("eval"), 8)

    def largest(calibration_scale: float) -> float:
        compared = tabulate(
            detector, [FORM], trials, [], tmp_path, turns=1, errors=False, calibration_scale=calibration_scale
        )
        return compared.rows[-1].max_delta

    raw = largest(1.0)
    assert raw > 0
    assert largest(-8.0) == pytest.approx(8 * raw)
