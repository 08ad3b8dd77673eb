"""Score files are written without losing a digit, and speakers are drawn only where all are known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datamodules.manifest import Trial
from experiments.score_files import judge, read_scores
from experiments.scored_trials import ScoredTrials, write_scores


def trials(*speakers):
    return [
        Trial(
            f"u{row}", Path(f"u{row}.flac"), speaker, "-" if row == 0 else "A01", "spoof" if row else "bonafide", "eval"
        )
        for row, speaker in enumerate(speakers)
    ]


def test_what_is_written_is_read_to_the_last_digit(tmp_path):
    scores = np.array([1 / 3, -2e-17, 1e300])
    scored = ScoredTrials.of(trials("S1", "S2", "S1"), scores, [1.0, 2.0, 3.0])
    write_scores(tmp_path / "scores.txt", scored)
    read, notices = judge(read_scores(tmp_path / "scores.txt"), None)
    assert (read.scores == scores).all()
    assert (read.labels == scored.labels).all()
    assert (read.utterances, read.attacks, notices) == (scored.utterances, scored.attacks, [])


@pytest.mark.parametrize(
    ("speakers", "drawn"),
    [
        (("S1", "S1", "S2", "S2"), True),
        (("S1", "S2", "S1", "S1"), False),  # one of bona fide
        (("S1", "S2", "S2", "-"), False),
        (("S1", "S2", "S3", "S4"), False),  # a trial each
    ],
)
def test_speakers_are_drawn_where_all_are_known(speakers, drawn):
    scored = ScoredTrials.of(trials(*speakers), np.zeros(4), np.ones(4))
    scored = replace(scored, labels=np.array([1, 0, 1, 0]))
    assert (scored.resampling_units is not None) == drawn
