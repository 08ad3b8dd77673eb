"""A countermeasure and a corpus in, what gives each attack away out: its mean map, a band, and what the band does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from datamodules.audio import decode
from datamodules.manifest import UNKNOWN, Manifest, Trial
from experiments.explanation_words import signed
from experiments.explanations import borne_out
from experiments.inference import Countermeasure
from lightning_modules.explanations import Explanation, Method, explain
from lightning_modules.explanations.bands import scores_without
from lightning_modules.explanations.explanation import default_method
from lightning_modules.explanations.regions import fullest_run

PARTS: Final = 20
"""Of a clip's length: clips of all lengths have as many."""
_ENDS: Final = PARTS // 10
_MOSTLY: Final = 0.5
DRAWS: Final = 3

Map = NDArray[np.float64]


@dataclass(frozen=True)
class Group:
    """The clips of an attack, or of bona fide speech.

    Attributes:
        attack: its name; ``-`` for bona fide.
        trials: that were explained.
        scores: calibrated ``(trials,)``.
        band_edges_hz: ``(bands + 1,)``.
        mean_map: ``(bands, PARTS)``, what each band gives to the score in each twentieth of the clip.
        moved: mean of what removing the 10 % that each clip's map names does to its score, with its sign.
        moved_by_random: the same of random maps.
        better_than_random: share of the random maps that the clips' maps were better than.
    """

    attack: str
    trials: tuple[Trial, ...]
    scores: tuple[float, ...]
    band_edges_hz: NDArray[np.float64]
    mean_map: Map
    moved: float
    moved_by_random: float
    better_than_random: float


@dataclass(frozen=True)
class Finding:
    """What gives an attack away.

    Attributes:
        attack: its name.
        clips: that were looked at.
        mean_score: of them.
        low_hz: lower edge of the band in which the map speaks most for spoof, held against that of bona fide.
        high_hz: its upper edge.
        contrast: what the map has in the band, less what that of bona fide has.
        rise: how much the mean score rises without the band.
        rise_of_bonafide: how much that of bona fide does.
        sentence: all of it in words.
    """

    attack: str
    clips: int
    mean_score: float
    low_hz: float
    high_hz: float
    contrast: float
    rise: float
    rise_of_bonafide: float
    sentence: str


@dataclass(frozen=True)
class AttackExplanations:
    """What gives each attack away, and the maps that it was found on.

    Attributes:
        method: of the maps.
        band_edges_hz: ``(bands + 1,)``.
        groups: bona fide first.
        findings: of each attack.
    """

    method: Method
    band_edges_hz: NDArray[np.float64]
    groups: tuple[Group, ...]
    findings: tuple[Finding, ...]

    @property
    def in_score_units(self) -> bool:
        """Whether the maps are shares of the score."""
        return self.method != "gradcam"


def chosen(manifest: Manifest, partition: str, per_attack: int) -> dict[str, list[Trial]]:
    """Return so many trials of each attack and of bona fide, from all over the partition; bona fide first.

    Raises:
        ValueError: there are none of either, or fewer than one is asked for.
    """
    if per_attack < 1:
        raise ValueError(f"--per-attack: found {per_attack}, expected 1 or more")
    trials = manifest.partition(partition)
    attacks = sorted({trial.attack for trial in trials}, key=lambda name: (name != UNKNOWN, name))
    if attacks[:1] != [UNKNOWN] or len(attacks) < 2:  # noqa: PLR2004 - bona fide, and an attack
        raise ValueError(
            f"{manifest.name}, {partition}: found {', '.join(attacks) or 'no trials'}, expected bona fide and spoofed "
            "trials: what gives an attack away is held against bona fide speech"
        )
    return {attack: _spread([trial for trial in trials if trial.attack == attack], per_attack) for attack in attacks}


def explain_attacks(
    countermeasure: Countermeasure, trials: Mapping[str, Sequence[Trial]], method: Method | None = None
) -> AttackExplanations:
    """Explain some trials of each attack, and find where their maps differ from those of bona fide speech.

    Args:
        countermeasure: as deployed.
        trials: of each attack; those of bona fide under ``-``.
        method: the detector's default when not given.

    Raises:
        AudioError: a file cannot be decoded.
        ValueError: a file is silent, or the method is not for such a detector.
    """
    method = method or default_method(countermeasure.detector)
    groups = [_group(countermeasure, attack, some, method) for attack, some in trials.items()]
    edges_hz = groups[0].band_edges_hz
    findings = tuple(_finding(countermeasure, group, groups[0]) for group in groups[1:])
    return AttackExplanations(method, edges_hz, tuple(groups), findings)


def contrast(group: Group, bonafide: Group) -> Map:
    """Return where a group's mean map differs from that of bona fide ``(bands, PARTS)``; negative is for spoof."""
    difference: Map = group.mean_map - bonafide.mean_map
    return difference


def values_of(found: AttackExplanations) -> dict[str, Any]:
    """Return all of it as plain values."""
    return {
        "method": found.method,
        "score_convention": "log-likelihood ratio, higher = more bona fide",
        "band_edges_hz": found.band_edges_hz.tolist(),
        "parts_of_a_clip": PARTS,
        "findings": [vars(finding) for finding in found.findings],
        "groups": [
            {
                "attack": group.attack,
                "utterances": [trial.utterance for trial in group.trials],
                "scores": list(group.scores),
                "mean_map": group.mean_map.tolist(),
                "removing_10_percent_moves_score_by": group.moved,
                "removing_random_10_percent_moves_score_by": group.moved_by_random,
                "better_than_random": group.better_than_random,
            }
            for group in found.groups
        ],
    }


def _group(countermeasure: Countermeasure, attack: str, trials: Sequence[Trial], method: Method) -> Group:
    point = countermeasure.operating_point
    found = [
        explain(
            countermeasure.detector,
            _waveform(countermeasure, trial),
            method,
            calibration=point.calibration,
            threshold=point.threshold,
            draws=DRAWS,
            random_networks=0,
        )
        for trial in track(trials, f"explaining {_name(attack)}", console=Console(stderr=True))
    ]
    faithful = [one.faithfulness for one in found]
    return Group(
        attack=attack,
        trials=tuple(trials),
        scores=tuple(one.score for one in found),
        band_edges_hz=found[0].patches.band_edges_hz,
        mean_map=np.mean([_in_parts(one) for one in found], axis=0),
        moved=float(np.mean([one.moved for one in faithful])),
        moved_by_random=float(np.mean([one.moved_by_random for one in faithful])),
        better_than_random=float(np.mean([one.better_than_random / DRAWS for one in faithful])),
    )


def _in_parts(found: Explanation) -> Map:
    """What each band gives to the score in each part of the clip."""
    bands, columns = len(found.patches.band_edges_hz) - 1, found.values.shape[1]
    cells = found.patches.band_of[:, None] * PARTS + np.arange(columns) * PARTS // columns
    total = np.bincount(cells.ravel(), found.values.ravel(), bands * PARTS).astype(np.float64)
    return total.reshape(bands, PARTS)


def _finding(countermeasure: Countermeasure, group: Group, bonafide: Group) -> Finding:
    edges_hz = group.band_edges_hz
    difference = contrast(group, bonafide)
    profile = difference.sum(axis=1)
    _, run = fullest_run(-profile - np.abs(profile).mean())  # no band grows over what hardly differs
    low_hz, high_hz = float(edges_hz[run.start]), float(edges_hz[run.stop])
    there = float(difference[run].sum())
    rise, rise_of_bonafide = (_rise(countermeasure, some.trials, low_hz, high_hz) for some in (group, bonafide))
    sentence = _sentence(group, difference[run], (low_hz, high_hz), (rise, rise_of_bonafide))
    return Finding(
        attack=group.attack,
        clips=len(group.trials),
        mean_score=float(np.mean(group.scores)),
        low_hz=low_hz,
        high_hz=high_hz,
        contrast=there,
        rise=rise,
        rise_of_bonafide=rise_of_bonafide,
        sentence=sentence,
    )


def _sentence(group: Group, difference: Map, band_hz: tuple[float, float], rises: tuple[float, float]) -> str:
    """Say what gives an attack away, and whether taking it away bears this out."""
    where = f"{band_hz[0] / 1000:.1f}–{band_hz[1] / 1000:.1f} kHz"
    if difference.sum() >= 0:
        return f"Nothing gives {group.attack} away: no band of its map speaks more for spoof than that of bona fide."
    parts = difference.sum(axis=0)
    shares = {"first": parts[:_ENDS].sum() / parts.sum(), "last": parts[-_ENDS:].sum() / parts.sum()}
    when = next((f", mostly in the {end} tenth of the clip" for end, share in shares.items() if share > _MOSTLY), "")
    measured = f"without this band its mean score moves by {signed(rises[0])}, that of bona fide by {signed(rises[1])}"
    verdict = "" if borne_out(*rises) else ", which does not bear it out"
    return f"{group.attack} shows at {where}{when}: {measured}{verdict}."


def _rise(countermeasure: Countermeasure, trials: Sequence[Trial], low_hz: float, high_hz: float) -> float:
    calibration = countermeasure.operating_point.calibration
    pairs = [
        scores_without(countermeasure.detector, _waveform(countermeasure, trial), calibration, low_hz, high_hz)
        for trial in trials
    ]
    return float(np.mean([without - whole for whole, without in pairs]))


def _waveform(countermeasure: Countermeasure, trial: Trial) -> NDArray[np.float32]:
    waveform: NDArray[np.float32] = decode(trial.path, countermeasure.detector.specifications.sample_rate_hz)
    return waveform


def _spread(trials: Sequence[Trial], number: int) -> list[Trial]:
    """Take some, evenly spaced."""
    return [trials[round(place)] for place in np.linspace(0, len(trials) - 1, min(number, len(trials)))]


def _name(attack: str) -> str:
    return "bona fide" if attack == UNKNOWN else attack
