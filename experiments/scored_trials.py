"""Trials and their scores, column by column: what evidence is made of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datamodules.manifest import BONAFIDE, SPOOF, UNKNOWN, Trial
from lightning_modules.metrics.bootstrap import fewest_speakers


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

    def only(self, wanted: Sequence[bool]) -> "ScoredTrials":
        """Some of the trials."""
        rows = np.flatnonzero(wanted).tolist()

        def take(column: Sequence[str] | None) -> list[str] | None:
            return None if column is None else [column[row] for row in rows]

        return ScoredTrials(
            utterances=take(self.utterances) or [],
            scores=self.scores[rows],
            labels=self.labels[rows],
            attacks=take(self.attacks) or [],
            speakers=take(self.speakers),
            codecs=take(self.codecs),
            durations_s=None if self.durations_s is None else self.durations_s[rows],
        )

    @property
    def resampling_units(self) -> Sequence[str] | None:
        """Speaker of each trial, or none where trials are to be drawn.

        That is where a speaker is not known, a class has one only, or hardly any has more than one trial.
        """
        if self.speakers is None:
            return None
        named = set(self.speakers)
        if UNKNOWN in named or 2 * len(named) > len(self.speakers):
            return None
        return self.speakers if fewest_speakers(self.speakers, self.labels) > 1 else None


def write_scores(path: Path, scored: ScoredTrials) -> None:
    """Write the ASVspoof form, ``UTTERANCE ATTACK|- KEY SCORE`` a line, with every digit: no ties are made.

    Tabs stand between the columns where a name has a space in it.
    """
    keys = (SPOOF, BONAFIDE)
    spaced = any(" " in name for name in (*scored.utterances, *scored.attacks))
    between = "\t" if spaced else " "
    rows = (
        between.join((utterance, attack, keys[label], repr(float(score)))) + "\n"
        for utterance, attack, label, score in zip(
            scored.utterances, scored.attacks, scored.labels, scored.scores, strict=True
        )
    )
    path.write_text("".join(rows))
