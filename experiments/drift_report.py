"""Two samples of scored recordings in, what moved and by how much out, in numbers and in words."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import log
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from datamodules.manifest import BONAFIDE, UNKNOWN
from experiments.drift_measures import (
    ALPHA,
    FEWEST,
    PERMUTATIONS,
    Reading,
    ShareChange,
    Shift,
    holm,
    share_change,
    shift,
)
from experiments.drift_samples import Sample, Values

SCORE: Final = "score"
LABELS: Final = {
    SCORE: ("score", ""),
    "duration_s": ("duration", " s"),
    "level_dbfs": ("level", " dB"),
    "above_7khz_db": ("energy above 7 kHz", " dB"),
    "noise_floor_db": ("noise floor", " dB"),
    "leading_silence_s": ("silence at the start", " s"),
    "trailing_silence_s": ("silence at the end", " s"),
    "clipped_share": ("share of clipped samples", ""),
    "sample_rate_hz": ("sample rate", " Hz"),
    "channels": ("channels", ""),
}
"""What is looked at -> what it is called, and its unit."""
NEAR: Final = log(2)
"""A score this near the threshold has odds of less than two to one for its decision."""
_DRIFT: Final = ("moderate", "major")
_OTHERWISE: Final = 0.05
"""Difference of the shares of bona fide trials that is worth a word."""
_NOTHING: Final = np.empty(0)


@dataclass(frozen=True)
class Finding:
    """What became of one number.

    Attributes:
        name: of the number.
        reading: of how far it moved: ``none`` where chance may have done it.
        p_value: of the PSI, adjusted to how many numbers are looked at (Holm).
        shift: how far it moved.
        words: the same in words.
    """

    name: str
    reading: Reading
    p_value: float
    shift: Shift
    words: str

    @property
    def is_drift(self) -> bool:
        """Whether it moved further than little."""
        return self.reading in _DRIFT


@dataclass(frozen=True)
class Drift:
    """What became of the scores and the audio since the reference.

    Attributes:
        reference: its name.
        scores: name of the new ones.
        sizes: recordings in the reference, and new.
        findings: the score first, then each fact that both know.
        threshold: that decisions were made at.
        bonafide: share called bona fide.
        near: share near the threshold.
        notes: what a reader should know.
    """

    reference: str
    scores: str
    sizes: tuple[int, int]
    findings: Sequence[Finding]
    threshold: float
    bonafide: ShareChange
    near: ShareChange
    notes: Sequence[str]

    @property
    def moved(self) -> list[Finding]:
        """What drifted, furthest first."""
        return sorted((finding for finding in self.findings if finding.is_drift), key=lambda f: -f.shift.psi)

    def verdict(self) -> str:
        """Return a line on whether anything drifted."""
        if self.moved:
            return f"drift: {', '.join(LABELS[finding.name][0] for finding in self.moved)}"
        limit = max(finding.shift.psi_limit for finding in self.findings)
        return f"no drift found (with so many recordings, a PSI below about {limit:.2f} may be chance)"

    def words(self) -> Iterator[str]:
        """Yield what moved, a line each, and how decisions changed."""
        yield from (finding.words for finding in self.moved)
        for what, change in (("called bona fide", self.bonafide), ("near the threshold", self.near)):
            sure = "" if change.is_certain else ", which may be chance"
            yield (
                f"{change.share:.1%} are {what}, {change.reference:.1%} were (difference "
                f"{change.low:+.1%} to {change.high:+.1%}{sure})"
            )

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "drift": bool(self.moved),
            "verdict": self.verdict(),
            "words": list(self.words()),
            **asdict(self),
            "alpha": ALPHA,
        }


def compare(reference: Sample, new: Sample, *, permutations: int = PERMUTATIONS, seed: int = 0) -> Drift:
    """Hold new scores, and the audio they are of, against a reference.

    Args:
        reference: such as the eval partition that the model was promoted by.
        new: of the same model.
        permutations: draws that tell what chance does.
        seed: of the draws.

    Raises:
        ValueError: a sample is too small, or a value not finite.
    """
    columns = columns_of(reference, new)
    shifts = {name: shift(*both, permutations=permutations, seed=seed) for name, both in columns.items()}
    p_values = holm([each.p_value for each in shifts.values()])
    threshold, notes = _threshold(reference, new)
    return Drift(
        reference=reference.name,
        scores=new.name,
        sizes=(reference.scores.size, new.scores.size),
        findings=[_finding(name, each, p) for (name, each), p in zip(shifts.items(), p_values, strict=True)],
        threshold=threshold,
        bonafide=share_change(reference.scores > threshold, new.scores > threshold),
        near=share_change(_near(reference.scores, threshold), _near(new.scores, threshold)),
        notes=[*reference.notes, *new.notes, *notes, *_doubts(reference, new, len(columns))],
    )


def columns_of(reference: Sample, new: Sample) -> dict[str, tuple[Values, Values]]:
    """Return what can be compared: the scores, and each fact that both know of enough recordings."""
    facts = {
        name: (reference.facts[name], new.facts[name])
        for name in LABELS
        if min(sample.facts.get(name, _NOTHING).size for sample in (reference, new)) >= FEWEST
    }
    return {SCORE: (reference.scores, new.scores)} | facts


def with_unit(name: str, value: float) -> str:
    """Return a value as it is shown: three digits, or all of a whole number, and its unit."""
    return f"{value:.0f}{LABELS[name][1]}" if value == round(value) else f"{value:.3g}{LABELS[name][1]}"


def _finding(name: str, moved: Shift, p_value: float) -> Finding:
    label = LABELS[name][0]
    was, now = (with_unit(name, value) for value in (moved.reference_median, moved.median))
    if was == now:
        how = f"is spread otherwise about the same median of {now}"
    else:
        how = f"{'rose' if moved.median > moved.reference_median else 'fell'}: median {was} before, {now} now"
    words = f"{label} {how} (PSI {moved.psi:.2f}, by chance up to {moved.psi_limit:.2f}; KS {moved.ks:.2f})"
    return Finding(name, moved.reading(p_value), p_value, moved, words)


def _threshold(reference: Sample, new: Sample) -> tuple[float, list[str]]:
    known = [threshold for threshold in (reference.threshold, new.threshold) if threshold is not None]
    if not known:
        return 0.0, ["neither side says the threshold of its decisions: 0 is taken, where both classes are as likely"]
    if len(set(known)) > 1:
        return known[0], [f"the reference was decided at {known[0]:.3g}, the new scores at {known[1]:.3g}"]
    return known[0], []


def _doubts(reference: Sample, new: Sample, columns: int) -> Iterator[str]:
    if columns == 1:
        yield (
            "the audio itself is not compared: give scores as JSON lines (`spooflab score --out FILE.jsonl`), and a "
            "reference whose audio is known too"
        )
    models = {sample.model_sha256 for sample in (reference, new)} - {None}
    if len(models) > 1:
        yield "the two were scored by different models: their scores differ by that alone"
    was, now = (sum(key == BONAFIDE for key in sample.keys) / len(sample.keys) for sample in (reference, new))
    if UNKNOWN in reference.keys:
        return
    if UNKNOWN in new.keys:
        yield (
            f"{was:.0%} of the reference's trials are bona fide, of the new ones that is not known: where classes are "
            "mixed otherwise, scores drift by that alone"
        )
    elif abs(now - was) > _OTHERWISE:
        yield f"{was:.0%} of the reference's trials are bona fide, {now:.0%} of the new: scores drift by that alone"


def _near(scores: Values, threshold: float) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = np.abs(scores - threshold) < NEAR
    return near
