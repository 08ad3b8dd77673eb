"""Measurements of clips in -> the EER that a detector hearing only the channel reaches out: it should be near chance.

Each detector sees one plain number (duration, level, energy above 7 kHz, leading silence, noise floor), or all of them
together. It may bend that number within a spline, and is trained like any countermeasure: balanced, on train and dev,
tested on eval. A low EER means that the corpus's labels can be told without listening to the speech.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler

from datamodules.audio_facts import AudioFacts
from datamodules.manifest import Trial
from lightning_modules.metrics.eer import equal_error_rate

FLOOR_EER: Final = 0.35
"""No single measurement may get below this on the embedded corpus."""
KNOTS: Final = 6
ALL: Final = "all together"


@dataclass(frozen=True, slots=True)
class ShortcutResult:
    """How far one measurement tells the label.

    Attributes:
        measurement: its name.
        eer: on eval, as a fraction, of the detector as trained.
        either_way: the smaller of ``eer`` and its complement: that of a detector that knew the right direction.
        attacks: attack -> EER against all bona fide trials of eval.
    """

    measurement: str
    eer: float
    either_way: float
    attacks: Mapping[str, float]

    @property
    def holds(self) -> bool:
        """Is it no shortcut, in either direction?"""
        return self.either_way >= FLOOR_EER


def audit(trials: Sequence[Trial], facts: Mapping[str, AudioFacts]) -> list[ShortcutResult]:
    """Train and test one trivial detector a measurement, and one on all of them.

    Args:
        trials: of a whole corpus; those without facts (undecodable) are left out.
        facts: utterance -> measurements.

    Returns:
        One result a measurement, then one for all together; empty when a side has not both classes.
    """
    usable = [trial for trial in trials if trial.utterance in facts]
    known = [trial for trial in usable if trial.partition != "eval"]
    unknown = [trial for trial in usable if trial.partition == "eval"]
    if min(len({trial.label for trial in side}) for side in (known, unknown)) < 2:  # noqa: PLR2004 - two classes
        return []
    names = list(next(iter(facts.values())).as_dict())
    table = {u: np.array(list(f.as_dict().values())) for u, f in facts.items()}
    train = np.stack([table[trial.utterance] for trial in known])
    test = np.stack([table[trial.utterance] for trial in unknown])
    labels = np.array([trial.label for trial in known])
    columns = {name: [index] for index, name in enumerate(names)} | {ALL: list(range(len(names)))}
    return [
        _result(name, detector().fit(train[:, chosen], labels).decision_function(test[:, chosen]), unknown)
        for name, chosen in columns.items()
    ]


def detector() -> Pipeline:
    """A balanced logistic regression on a spline basis of each measurement: as flexible as one number deserves."""
    spline = SplineTransformer(n_knots=KNOTS, degree=3, knots="quantile", extrapolation="constant")
    return make_pipeline(StandardScaler(), spline, LogisticRegression(class_weight="balanced", max_iter=1000))


def _result(name: str, scores: np.ndarray, trials: Sequence[Trial]) -> ShortcutResult:
    bonafide = scores[[trial.label == 1 for trial in trials]]
    spoof = scores[[trial.label == 0 for trial in trials]]
    attacks = {
        attack: equal_error_rate(bonafide, scores[[trial.attack == attack for trial in trials]], variant="grouped").eer
        for attack in sorted({trial.attack for trial in trials if trial.label == 0})
    }
    eer = equal_error_rate(bonafide, spoof, variant="grouped").eer
    return ShortcutResult(name, eer, min(eer, 1.0 - eer), attacks)
