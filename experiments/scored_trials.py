"""Trials and their scores, column by column: what evidence is made of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datamodules.manifest import BONAFIDE, SPOOF, UNKNOWN, Trial


@dataclass(frozen=True)
class ScoredTrials:
    """Trials and what a countermeasure said of them; all columns have one entry a trial.

    Attributes:
        utterances: identifiers.
        scores: ``(trials,)``, higher = more bona fide.
        labels: ``(trials,)``, 1 bona fide, 0 spoof.
        attacks: ``-`` for bona fide, and where it is not known.
        speakers: if known.
        codecs: if known.
        durations_s: ``(trials,)``, if known.
    """

    utterances: Sequence[str]
    scores: NDArray[np.float64]
    labels: NDArray[np.int64]
    attacks: Sequence[str]
    speakers: Sequence[str] | None
    codecs: Sequence[str] | None
    durations_s: NDArray[np.float64] | None

    @classmethod
    def of(cls, trials: Sequence[Trial], scores: ArrayLike, durations_s: ArrayLike) -> "ScoredTrials":
        """Join a manifest's rows with their scores and durations, in seconds."""
        return cls(
            utterances=[trial.utterance for trial in trials],
            scores=np.asarray(scores, dtype=np.float64),
            labels=np.array([trial.label for trial in trials]),
            attacks=[trial.attack for trial in trials],
            speakers=[trial.speaker for trial in trials],
            codecs=[trial.codec for trial in trials],
            durations_s=np.asarray(durations_s, dtype=np.float64),
        )

    def with_scores(self, scores: NDArray[np.float64]) -> "ScoredTrials":
        """The same trials with other scores."""
        return replace(self, scores=scores)

    @property
    def resampling_units(self) -> Sequence[str] | None:
        """Speaker of each trial, or none where one is not known or there is one only: then trials are drawn."""
        named = set(self.speakers or ())
        return self.speakers if len(named) > 1 and UNKNOWN not in named else None


def write_scores(path: Path, scored: ScoredTrials) -> None:
    """Write the ASVspoof form, ``UTTERANCE ATTACK|- KEY SCORE`` a line, with every digit: no ties are made."""
    keys = (SPOOF, BONAFIDE)
    rows = (
        f"{utterance} {attack} {keys[label]} {float(score)!r}\n"
        for utterance, attack, label, score in zip(
            scored.utterances, scored.attacks, scored.labels, scored.scores, strict=True
        )
    )
    path.write_text("".join(rows))
