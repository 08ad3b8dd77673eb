"""Systems that were judged on the same trials in, all that is said of them side by side out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from datamodules.manifest import shorten
from experiments.compared import System
from experiments.config_difference import Setting, differences
from experiments.pairing import ALPHA, Judged, Pairing, pair
from experiments.run_cost import Cost
from experiments.scored_trials import ScoredTrials

LETTERS: Final = "ABCDEFGHIJ"


@dataclass(frozen=True)
class Comparison:
    """Systems side by side; A is the first, which the others are held against.

    Attributes:
        partition: that all were judged on.
        systems: in the order in which they were named.
        pairings: of each system after the first.
        costs: of each system.
        settings: in which their configs differ.
        unit: what the bootstrap drew: ``speaker`` or ``trial``.
        resamples: how many of them.
        warnings: what a reader should know before believing it.
    """

    partition: str
    systems: Sequence[System]
    pairings: Sequence[Pairing]
    costs: Sequence[Cost]
    settings: Sequence[Setting]
    unit: str
    resamples: int
    warnings: Sequence[str]

    @property
    def attacks(self) -> list[str]:
        """Attacks of the trials, the hardest for the first system on top."""
        eers = self.systems[0].metrics.attack_eers
        return sorted(eers, key=lambda attack: -eers[attack])

    def attack(self, place: int, name: str) -> Judged | None:
        """How a system differs from the first on an attack; none for the first, and where it cannot be told."""
        return self.pairings[place - 1].attacks.get(name) if place else None

    def pooled(self, place: int) -> Judged | None:
        """How a system differs from the first over all attacks; none for the first."""
        return self.pairings[place - 1].pooled if place else None


def compare(
    systems: Sequence[System], scored: Sequence[ScoredTrials], costs: Sequence[Cost], partition: str, resamples: int
) -> Comparison:
    """Put systems side by side.

    Args:
        systems: two or more; the first is what the others are held against.
        scored: the scores of each, on the same trials in the same order, with speakers if known.
        costs: of each.
        partition: that they were judged on.
        resamples: of the bootstrap, at least.
    """
    pairings = pair(scored[0], scored[1:], resamples)
    difference = pairings[0].pooled.difference
    return Comparison(
        partition=partition,
        systems=systems,
        pairings=pairings,
        costs=costs,
        settings=differences([system.config for system in systems]),
        unit=difference.unit,
        resamples=difference.resamples,
        warnings=[*_of_data(systems), *_of_scores(systems), *_of_draws(scored[0], partition)],
    )


def same_trials(systems: Sequence[System], partition: str) -> list[ScoredTrials]:
    """Put everyone's scores into the order of the first's.

    Raises:
        ValueError: the score files are not of the same trials, or a trial has two keys; says how to mend it.
    """
    first = systems[0]
    mend = f"judge all on one corpus: `spooflab evaluate --model RUN --config C --partition {partition}` for each"
    known = {utterance: row for row, utterance in enumerate(first.scored.utterances)}
    ordered = []
    for system in systems:
        theirs = {utterance: row for row, utterance in enumerate(system.scored.utterances)}
        apart = sorted(known.keys() ^ theirs.keys())
        if apart:
            raise ValueError(
                f"{first.label} was judged on {len(known):,} trials of {partition}, {system.label} on {len(theirs):,}; "
                f"{len(apart):,} are in one score file only ({shorten(apart)}). Expected the same trials: {mend}"
            )
        rows = [theirs[utterance] for utterance in first.scored.utterances]
        wrong = [
            utterance
            for (utterance, mine), row in zip(known.items(), rows, strict=True)
            if _key(first, mine) != _key(system, row)
        ]
        if wrong:
            raise ValueError(
                f"the score files of {first.label} and {system.label} give other keys, or attacks, to {len(wrong):,} "
                f"of the trials ({shorten(wrong)}). Expected the same keys: {mend}"
            )
        ordered.append(first.scored.with_scores(system.scored.scores[rows]))
    return ordered


def as_json(found: Comparison) -> dict[str, Any]:
    """Return all of it as plain values. Rates are fractions; what is not known is none."""
    return {
        "partition": found.partition,
        "unit": found.unit,
        "resamples": found.resamples,
        "alpha": ALPHA,
        "systems": [
            {
                "letter": letter,
                "label": system.label,
                "run": system.run_id,
                "trials": system.metrics.trials,
                "eer": system.metrics.eer,
                "eer_interval": system.metrics.eer_interval,
                "min_dcf": system.metrics.min_dcf,
                "min_tdcf": system.metrics.min_tdcf,
                "cllr": system.metrics.cllr,
                "auc": system.metrics.auc,
                "dev_eer": system.dev_eer,
                "against_first": _judged(found.pooled(place)),
                "attacks": {
                    name: {"eer": eer, "against_first": _judged(found.attack(place, name))}
                    for name, eer in system.metrics.attack_eers.items()
                },
                "cost": {**asdict(found.costs[place]), "training_s": system.training_s},
                "data_sha256": {"evaluated": system.evaluated_on, "trained": system.trained_on},
            }
            for place, (letter, system) in enumerate(zip(LETTERS, found.systems, strict=False))
        ],
        "config": [
            {"key": setting.key, "values": list(setting.values), "there": list(setting.there)}
            for setting in found.settings
        ],
        "warnings": list(found.warnings),
    }


def _judged(judged: Judged | None) -> dict[str, Any] | None:
    if judged is None:
        return None
    difference = judged.difference
    return {
        **{name: getattr(difference, name) for name in ("difference", "low", "high", "level")},
        "p_value": difference.p_value,
        "p_value_holm": judged.p_value,
        "verdict": judged.verdict,
    }


def _key(system: System, row: int) -> tuple[int, str]:
    return int(system.scored.labels[row]), system.scored.attacks[row]


def _of_data(systems: Sequence[System]) -> list[str]:
    first, said = systems[0], []
    for letter, system in zip(LETTERS[1:], systems[1:], strict=False):
        if system.evaluated_on != first.evaluated_on:
            said.append(
                f"{letter} was judged on data with the digest {system.evaluated_on[:12]}, A on "
                f"{first.evaluated_on[:12]}: trials have the same names, but not all that is behind them is the same"
            )
        if system.trained_on is None or first.trained_on is None:
            continue
        if system.trained_on != first.trained_on:
            said.append(
                f"{letter} was trained on data with the digest {system.trained_on[:12]}, A on {first.trained_on[:12]}: "
                "a difference may be the data's, not the method's"
            )
    return said


def _of_scores(systems: Sequence[System]) -> list[str]:
    """Doubts that the evaluation had: those that all share once."""
    doubts: dict[str, list[str]] = {}
    for letter, system in zip(LETTERS, systems, strict=False):
        for warning in system.metrics.warnings:
            doubts.setdefault(warning, []).append(letter)
    return [f"{', '.join(letters)}: {warning}" for warning, letters in doubts.items()]


def _of_draws(scored: ScoredTrials, partition: str) -> list[str]:
    if scored.speakers is None:
        unknown = f"the corpus of {partition} is not here (--config names it), so that speakers are not known"
        return [f"{unknown}: trials were drawn, which makes p-values too low where one speaker has several"]
    if scored.resampling_units is None:
        return ["speakers are not known, or too few: trials were drawn, which may make p-values too low"]
    return []
