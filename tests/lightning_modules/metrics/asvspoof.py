"""The real score files of ASVspoof 2019 LA eval."""

from functools import cache
from typing import NamedTuple

import numpy as np

PROTOCOL = "ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.eval.trl.txt"


class ScoreFile(NamedTuple):
    """Scores, labels, attacks and speakers of 71,237 trials."""

    scores: np.ndarray
    labels: np.ndarray
    attacks: list
    speakers: list


@cache
def load(realdata, name):
    """Read a published score file: `softmax` or `amsoftmax`."""
    folder = realdata / "asvspoof2019_la"
    speaker_of = {line.split()[1]: line.split()[0] for line in (folder / PROTOCOL).read_text().splitlines()}
    lines = (folder / "cm_scores" / f"lfcc_resnet18_{name}.txt").read_text().splitlines()
    utterances, attacks, keys, scores = zip(*(line.split() for line in lines), strict=True)
    return ScoreFile(
        scores=np.array(scores, dtype=np.float64),
        labels=np.array([key == "bonafide" for key in keys]).astype(int),
        attacks=list(attacks),
        speakers=[speaker_of[utterance] for utterance in utterances],
    )
