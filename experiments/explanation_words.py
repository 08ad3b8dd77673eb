"""An explanation in, what it says and how far to trust it out: as sentences, and as plain values for JSON."""

from typing import Any, Final

import numpy as np

from lightning_modules.explanations import Explanation
from lightning_modules.explanations.faithfulness import FRACTIONS, TOLD_FRACTION, Curves, Faithfulness
from lightning_modules.explanations.regions import Region

SIGN: Final = (
    "The score is a log-likelihood ratio (LLR): higher = more bona fide. Red speaks for spoof, blue for bona fide: in "
    "the map, and in the outlines (blue solid, red dashed), which are what was measured by going without. An outline "
    "is dotted where the map has it the other way."
)
ALIKE: Final = 0.5
"""Rank correlation from which a map is called much the same."""
INCOMPLETE: Final = 0.1
"""Share of the score's difference that a complete map may miss."""


def verdict(explanation: Explanation) -> str:
    """Say what was decided."""
    called = "bona fide" if explanation.decision == "bonafide" else "spoof"
    return f"Called {called}: score {signed(explanation.score)}, bona fide above {signed(explanation.threshold)}."


def deciding(explanation: Explanation) -> list[Region]:
    """Return the regions that speak for what was decided, as measured and by the map."""
    direction = explanation.faithfulness.direction
    return [region for region in explanation.regions if region.agrees and direction * region.effect > 0]


def place(region: Region) -> str:
    """Say where a region is."""
    return f"{region.start_s:.1f}–{region.end_s:.1f} s, {region.low_hz / 1000:.1f}–{region.high_hz / 1000:.1f} kHz"


def reason(region: Region) -> str:
    """Say what a region does, as measured, and where the map has it the other way."""
    whither, change = ("bona fide", "lower") if region.effect > 0 else ("spoof", "higher")
    told = f"{place(region)} speaks for {whither}: without it the score is {abs(region.effect):.2f} {change}"
    return told if region.agrees else f"{told}; the map has it the other way: trust neither here"


def reasons(explanation: Explanation) -> list[str]:
    """Say what each region does, in the order of its number in the picture, and where none speaks for the decision."""
    told = list(map(reason, explanation.regions))
    if not told:
        return ["No single region stands out: none moves the score on its own."]
    if deciding(explanation):
        return told
    called = "bona fide" if explanation.decision == "bonafide" else "spoof"
    return [*told, f"No single region was found that speaks for {called}: what decided lies scattered, or elsewhere."]


def trust(explanation: Explanation) -> list[str]:
    """Say how far to trust the map: against chance, against random weights, and whether it is complete."""
    lines = [against_chance(explanation.faithfulness)]
    if explanation.similarities:
        lines.append(against_random_weights(float(np.mean(explanation.similarities))))
    if explanation.method == "integrated-gradients":
        lines.append(_completeness(explanation))
    return lines


def against_chance(found: Faithfulness) -> str:
    """Say what taking away does that follows the map, and what it does that follows random maps."""
    random = found.moved_by_random
    told = (
        f"Removing the {TOLD_FRACTION:.0%} that the map names moves the score by {signed(found.moved)}; random "
        f"regions as smooth: {signed(float(np.mean(random)))} (from {signed(min(random))} to {signed(max(random))})."
    )
    better, draws = found.better_than_random, len(random)
    if better == draws:
        return f"{told} Over all amounts removed and put back, the map does better than each of {draws} random ones."
    if better > draws / 2:
        return f"{told} Over all amounts, the map does better than {better} of {draws} random ones: trust it a little."
    return f"{told} Over all amounts, the map does better than {better} of {draws} random ones: do not trust it."


def against_random_weights(alike: float) -> str:
    """Say how alike the map of a network with random weights is (Adebayo et al. 2018)."""
    told = f"The same network with random weights gives a map with a rank correlation of {signed(alike)} to this one:"
    if abs(alike) < ALIKE:
        return f"{told} the map depends on what was learnt."
    return f"{told} much of the map is there without any training, so it shows the sound more than the reason."


def _completeness(explanation: Explanation) -> str:
    whole, found = explanation.score - explanation.empty_score, float(explanation.values.sum())
    told = f"The map adds up to {signed(found)}, of {signed(whole)} between this score and that of nothing at all"
    missed = abs(found - whole) > INCOMPLETE * max(abs(whole), INCOMPLETE)
    return f"{told}: it is not complete, occlusion may tell more." if missed else f"{told}."


def values_of(explanation: Explanation) -> dict[str, Any]:
    """Return what an explanation says as plain values; numbers of Grad-CAM's map are in no unit, all others in LLR."""
    found = explanation.faithfulness
    return {
        "method": explanation.method,
        "score": explanation.score,
        "threshold": explanation.threshold,
        "decision": explanation.decision,
        "score_convention": "log-likelihood ratio, higher = more bona fide",
        "effect_convention": "what the score loses without the region: above 0 speaks for bona fide, below for spoof",
        "duration_s": len(explanation.waveform) / explanation.sample_rate_hz,
        "regions": [
            {
                "start_s": round(region.start_s, 3),
                "end_s": round(region.end_s, 3),
                "low_hz": round(region.low_hz),
                "high_hz": round(region.high_hz),
                "effect": region.effect,
                "sum_of_map": region.mapped,
            }
            for region in explanation.regions
        ],
        "faithfulness": {
            "fractions": FRACTIONS,
            "map": _curves(found.of_map),
            "random": [_curves(curves) for curves in found.of_random],
            "better_than_random": found.better_than_random,
            "removing_10_percent_moves_score_by": found.moved,
            "removing_random_10_percent_moves_score_by": found.moved_by_random,
        },
        "random_weights_rank_correlation": list(explanation.similarities),
        "sum_of_map": float(explanation.values.sum()) if explanation.in_score_units else None,
        "score_of_nothing": explanation.empty_score,
        "patches": {
            "band_edges_hz": explanation.patches.band_edges_hz.tolist(),
            "segment_edges_s": explanation.patches.segment_edges_s.tolist(),
            "sums": explanation.patch_sums.tolist(),
        },
        "words": [verdict(explanation), *reasons(explanation), *trust(explanation)],
    }


def _curves(curves: Curves) -> dict[str, Any]:
    return {
        "deletion": list(curves.deletion),
        "insertion": list(curves.insertion),
        "deletion_area": curves.deletion_area,
        "insertion_area": curves.insertion_area,
    }


def signed(value: float) -> str:
    """Write a number with its sign and two decimals."""
    return f"{value:+.2f}".replace("-", "−")
