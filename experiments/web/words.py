"""A verdict in, what it means for someone who has never heard of an error rate out: as sentences, with their doubt."""

import math
from dataclasses import dataclass
from typing import Final

from experiments.explanation_words import signed
from experiments.inference import Verdict
from experiments.plain_words import percent
from experiments.web.mistakes import Mistakes

_UNDECIDED, _PROBABLE = math.log(2), math.log(10)
"""Distance to the threshold: half as likely again as not, and ten times."""
_MOST_ODDS: Final = 1_000_000
_REAL, _SYNTHETIC = "a real voice", "a synthetic voice"


@dataclass(frozen=True)
class Said:
    """A verdict in words.

    Attributes:
        headline: in a few of them.
        reasons: what stands behind it, and what makes it doubtful.
    """

    headline: str
    reasons: tuple[str, ...]


def said(verdict: Verdict, source: str, mistakes: Mistakes | None) -> Said:
    """Put a verdict into words.

    Args:
        verdict: of a recording.
        source: what the threshold is.
        mistakes: of the model on recordings that it was not trained on, where they are known.
    """
    reasons = (_odds(verdict), _decision(verdict, source), _agreement(verdict), _known_errors(mistakes))
    return Said(_headline(verdict), (*reasons, *(f"Take care: {warning}." for warning in verdict.warnings)))


def _headline(verdict: Verdict) -> str:
    distance = abs(verdict.score - verdict.threshold)
    voice = _REAL if verdict.decision == "bonafide" else _SYNTHETIC
    if distance < _UNDECIDED:
        return f"Undecided, leaning to {voice}"
    return f"{'Probably' if distance < _PROBABLE else 'Very probably'} {voice}"


def _odds(verdict: Verdict) -> str:
    likelier, other = (_REAL, _SYNTHETIC) if verdict.score > 0 else (_SYNTHETIC, _REAL)
    odds = math.exp(min(abs(verdict.score), math.log(_MOST_ODDS)))
    told = f"{odds:.1f}" if odds < 10 else f"{odds:,.0f}"  # noqa: PLR2004 - a digit after the point where it tells
    return (
        f"To this model, {likelier} is {told} times as likely to sound like this as {other} is; with both equally "
        f"likely beforehand, a real voice has a probability of {percent(verdict.probability, 0)}."
    )


def _decision(verdict: Verdict, source: str) -> str:
    side = "above" if verdict.score > verdict.threshold else "not above"
    return (
        f"Its score (log-likelihood ratio) of {signed(verdict.score)} is {side} the threshold of "
        f"{signed(verdict.threshold)}: called {'bona fide' if verdict.decision == 'bonafide' else 'spoof'}. "
        f"The threshold: {source}."
    )


def _agreement(verdict: Verdict) -> str:
    windows = verdict.windows
    if len(windows) == 1:
        return f"Judged as one window of {verdict.window_s:g} s: nothing to compare it with."
    alike = sum((score > verdict.threshold) == (verdict.score > verdict.threshold) for score in windows)
    return (
        f"{alike} of {len(windows)} windows of {verdict.window_s:g} s agree; their scores go from "
        f"{signed(min(windows))} to {signed(max(windows))}."
    )


def _known_errors(mistakes: Mistakes | None) -> str:
    if mistakes is None:
        return "How often its decisions are wrong is not known: it was not evaluated with this threshold."
    told = (
        f"It was tried, with this threshold, on {mistakes.bonafide:,} real voices and {mistakes.spoof:,} fakes that it "
        f"was not trained on: it called {percent(mistakes.frr, 1)} of the real voices fake, and "
        f"{percent(mistakes.far, 1)} of the fakes real"
    )
    if mistakes.worst_attack is not None:
        told += f"; of the hardest kind of fake, {mistakes.worst_attack}, {percent(mistakes.worst_far, 1)}"
    return f"{told}. On other recordings it may be wrong more often."
