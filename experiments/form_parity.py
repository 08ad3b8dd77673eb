"""A candidate that is a form in, how far it is from the detector that it is a form of out."""

from datamodules.audio import decode
from experiments import relative_check
from experiments.candidate import Candidate
from experiments.deployed_trial import recordings
from experiments.form_run import PARENT_TAG
from experiments.gate import Parity
from lightning_modules.scoring import score_waveform


def measure(candidate: Candidate) -> Parity | None:
    """Hold a candidate's form against its detector; none where the detector itself scores."""
    countermeasure = candidate.countermeasure
    if countermeasure.form is None:
        return None
    detector, scale = countermeasure.detector, abs(countermeasure.operating_point.calibration.scale)
    clips = [decode(trial.path, detector.specifications.sample_rate_hz) for trial in recordings(candidate.judged_on)]
    found = [score_waveform(detector, clip, score=countermeasure.form.score).score for clip in clips]
    expected = [score_waveform(detector, clip).score for clip in clips]
    worst = scale * max(abs(one - other) for one, other in zip(found, expected, strict=True))
    parent = candidate.run_tags[PARENT_TAG]
    comparison = relative_check.against(candidate.run_id, parent, candidate.judged_on, parent)
    return Parity(countermeasure.form.name, worst, len(clips), comparison.difference, comparison.remedy)
