"""An explanation in, its reasons in words out: those that move the score, and whether any speaks for the verdict."""

from dataclasses import replace
from typing import Final

from experiments.explanation_words import reason
from lightning_modules.explanations import Explanation

LEAST_EFFECT: Final = 0.005
"""On the score; less is told as 0.00."""


def telling(explanation: Explanation) -> Explanation:
    """Leave out the regions without which the score is the same."""
    return replace(
        explanation, regions=tuple(region for region in explanation.regions if abs(region.effect) >= LEAST_EFFECT)
    )


def reasons(explanation: Explanation) -> list[str]:
    """Say what each region does, in the order of its number in the picture."""
    return [reason(region) for region in explanation.regions]


def missing(explanation: Explanation) -> str | None:
    """Say so where no region speaks for the verdict; none where one does."""
    if not explanation.regions:
        return "No single region stands out: none moves the score on its own."
    called = explanation.decision == "bonafide"
    if any((region.effect > 0) == called for region in explanation.regions):
        return None
    voice, other = ("a real voice", "spoof") if called else ("a synthetic voice", "bona fide")
    return (
        f"No single region was found that speaks for the verdict, {voice}: those below speak for {other}, and "
        "did not outweigh the rest of the recording."
    )
