"""Systems side by side in, matplotlib figures out: told apart by letter, marker and line as well as by colour."""

from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import ndtri

from experiments.comparison import LETTERS, Comparison
from experiments.plots import (
    BLACK,
    BLUE,
    DPI,
    GREEN,
    GREY,
    ORANGE,
    PROBIT_LIMITS,
    PROBIT_TICKS,
    PURPLE,
    SKY,
    VERMILION,
    error_rates,
    probit,
)
from experiments.scored_trials import ScoredTrials
from lightning_modules.metrics.trials import split_by_label

PHONE_WIDTH_IN: Final = 4.8
"""Letters are still read where the figure is as wide as a phone."""
_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
_LINES = ("-", "--", "-.", ":")
_MARKERS = "osD^vP*Xdp"
_SHOWN_TICKS = PROBIT_TICKS[[0, 2, 3, 5, 6, 7, 8, 9, 10]]


def det_overlay(scored: Sequence[ScoredTrials]) -> Figure:
    """DET curves of systems on probit axes, each with its EER marked (Martin et al. 1997)."""
    figure, axes = phone_canvas(5.0)
    axes.plot([-5, 5], [-5, 5], color=GREY, linestyle=":", linewidth=1)
    for place, system in enumerate(scored):
        frr, far = error_rates(*split_by_label(system.scores, system.labels))
        axes.plot(probit(far), probit(frr), label=LETTERS[place], linewidth=1.8)
        axes.lines[-1].set(color=_COLOURS[place % len(_COLOURS)], linestyle=_LINES[place % len(_LINES)])
    axes.set(xlabel="Spoofs accepted (%)", ylabel="Bona fide rejected (%)", aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(ndtri(_SHOWN_TICKS), labels=[f"{tick:.3g}" for tick in _SHOWN_TICKS * 100])
    axes.set(xlim=ndtri(PROBIT_LIMITS), ylim=ndtri(PROBIT_LIMITS))
    figure.legend(loc="outside lower center", ncols=len(scored) + 1, frameon=False)
    return figure


def eer_by_attack(found: Comparison) -> Figure:
    """EER of each attack and of all together, with intervals, a row each; the hardest for the first system on top."""
    names = [*found.attacks, "all"]
    figure, axes = phone_canvas(1.0 + (0.18 + 0.17 * len(found.systems)) * len(names))
    step = 0.75 / len(found.systems)
    for place, system in enumerate(found.systems):
        heights = [row + (place - (len(found.systems) - 1) / 2) * step for row in range(len(names))]
        numbers = [system.metrics.attacks[name] for name in found.attacks]
        interval = system.metrics.eer_interval or {}
        eers = [*(system.metrics.attack_eers[name] for name in found.attacks), system.metrics.eer["legacy"]]
        lows = [*(of.get("eer_low") for of in numbers), interval.get("low")]
        highs = [*(of.get("eer_high") for of in numbers), interval.get("high")]
        errors = [
            [100 * max(0.0, eer - low) if low is not None else 0.0 for eer, low in zip(eers, lows, strict=True)],
            [100 * max(0.0, high - eer) if high is not None else 0.0 for eer, high in zip(eers, highs, strict=True)],
        ]
        axes.errorbar(
            [100 * eer for eer in eers],
            heights,
            xerr=errors,
            marker=_MARKERS[place],
            linestyle="",
            color=_COLOURS[place % len(_COLOURS)],
            markersize=6,
            label=LETTERS[place],
        )
    axes.axhline(len(names) - 1.5, color=GREY, linewidth=0.8)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="EER (%)", xlim=(0, None), ylim=(len(names) - 0.5, -0.5))
    figure.legend(loc="outside lower center", ncols=len(found.systems), frameon=False)
    return figure


def phone_canvas(height_in: float) -> tuple[Figure, Axes]:
    """Make a figure as wide as a phone, and axes in the style that all share."""
    figure = Figure(figsize=(PHONE_WIDTH_IN, height_in), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.grid(visible=True, color="#DDDDDD", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
