"""A trained run in, its dev scored utterance by utterance out: scored once, then kept on the run."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from experiments import tracking
from experiments.evaluate import corpus_of, score_trials
from experiments.score_files import read_scores
from experiments.scored_trials import ScoredTrials, write_scores
from lightning_modules.detector import Detector

_FOLDER, _FILE = "dev", "scores.txt"


def dev_scores(run_id: str) -> ScoredTrials:
    """Return what a run's best checkpoint says of whole utterances of dev, in the manifest's order, not calibrated.

    Raises:
        FileNotFoundError: the run has neither scores nor a checkpoint.
    """
    trials = corpus_of(run_id).partition("dev")
    try:
        known = read_scores(tracking.fetch(run_id, f"{_FOLDER}/{_FILE}"))
    except FileNotFoundError:
        detector = Detector.from_file(tracking.fetch(run_id, tracking.CHECKPOINT_ARTIFACT))
        scored = score_trials(detector, trials, "dev", tell=False)
        with tempfile.TemporaryDirectory() as folder:
            write_scores(Path(folder) / _FILE, scored)
            tracking.log_files(run_id, Path(folder), _FOLDER)
        return replace(scored, durations_s=None)
    score_of = dict(zip(known.utterances, known.scores, strict=True))
    scores = [score_of[trial.utterance] for trial in trials]
    return replace(ScoredTrials.of(trials, scores, np.zeros(len(trials))), durations_s=None)
