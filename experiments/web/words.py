"""A verdict in, what it means for someone who has never heard of an error rate out: as sentences, with their doubt."""

import math
from dataclasses import dataclass
from typing import Final

from experiments.explanation_words import signed
from experiments.inference import Verdict
from experiments.plain_words import percent
from experiments.web.mistakes import Mistakes

_UNDECIDED, _PROBABLE = math.log(2), math.log(10)
"""Odds of 2 to 1 and of 10 to 1: how far a score must be on the verdict's side, of the threshold and of even odds."""
_MOST_ODDS: Final = 1_000_000
_EVEN: Final = 0.05
"""Scores from which odds are told with a digit that is not zero: 1.1 to 1."""
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
    reasons = (_decision(verdict, source), _likelihood(verdict), _agreement(verdict), _known_errors(mistakes))
    return Said(_headline(verdict), (*reasons, *(f"Take care: {warning}." for warning in verdict.warnings)))


def _headline(verdict: Verdict) -> str:
    """Name the side of the threshold, only as sure as the threshold and the likelihood both allow."""
    side = 1 if verdict.decision == "bonafide" else -1
    sure = min(abs(verdict.score - verdict.threshold), side * verdict.score)
    if sure < _UNDECIDED:
        return f"Undecided, leaning to {_called(verdict)}"
    return f"{'Probably' if sure < _PROBABLE else 'Very probably'} {_called(verdict)}"


def _decision(verdict: Verdict, source: str) -> str:
    side = "above" if verdict.score > verdict.threshold else "not above"
    return (
        f"Its score (log-likelihood ratio) of {signed(verdict.score)} is {side} the threshold of "
        f"{signed(verdict.threshold)}, and so it is called {_called(verdict)}. The threshold: {source}."
    )


def _likelihood(verdict: Verdict) -> str:
    """Tell the score as evidence, and why it may point the other way than the verdict."""
    probability = (
        f"with both equally likely beforehand, a real voice has a probability of {percent(verdict.probability, 0)}"
    )
    if abs(verdict.score) < _EVEN:
        return f"As evidence, the score is next to nothing: {probability}."
    likelier, other = (_REAL, _SYNTHETIC) if verdict.score > 0 else (_SYNTHETIC, _REAL)
    odds = math.exp(min(abs(verdict.score), math.log(_MOST_ODDS)))
    amount = f"{odds:.1f}" if odds < 10 else f"{odds:,.0f}"  # noqa: PLR2004 - a digit after the point where it tells
    told = (
        f"As evidence, the score says that {likelier} is {amount} times as likely to sound like this as {other} is; "
        f"{probability}."
    )
    if likelier == _called(verdict):
        return told
    return (
        f"{told} That points the other way than the verdict, which goes by the threshold: this lies at "
        f"{signed(verdict.threshold)}, and not at 0, where both are equally likely."
    )


def _called(verdict: Verdict) -> str:
    return _REAL if verdict.decision == "bonafide" else _SYNTHETIC


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
