"""Figures in, the same at the width of a phone out, so that their words are read there; and a training's course."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.comparison_plots import PHONE_WIDTH_IN, phone_canvas
from experiments.plots import BLUE, GREY, VERMILION
from experiments.robustness_evidence import Degraded


def for_phones(figure: Figure, height_in: float) -> Figure:
    """Make a figure as wide as a phone, letters as large as before."""
    figure.set_size_inches(PHONE_WIDTH_IN, height_in)
    for axes in figure.axes:
        axes.set_title(axes.get_title(loc="left"), loc="left", fontweight="bold", fontsize="medium", wrap=True)
    return figure


def history(eers: Sequence[float]) -> Figure:
    """EER on dev after each epoch; the lowest is marked.

    Args:
        eers: fractions, one an epoch.
    """
    figure, axes = phone_canvas(2.8)
    epochs = list(range(1, len(eers) + 1))
    lowest = min(range(len(eers)), key=eers.__getitem__)
    axes.plot(epochs, [100 * eer for eer in eers], color=BLUE, marker=".")
    axes.plot(epochs[lowest], 100 * eers[lowest], "o", color=VERMILION, markersize=8, label="lowest")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="Epoch", ylabel="EER on dev (%)", ylim=(0, None))
    axes.legend()
    return figure


def conditions(rows: Sequence[Degraded]) -> Figure:
    """EER under each condition with its interval, in the order of the rows; chance is marked."""
    figure, axes = phone_canvas(1.2 + 0.26 * len(rows))
    eers = [100 * row.eer for row in rows]
    errors = [
        [max(0.0, eer - 100 * row.eer_low) for eer, row in zip(eers, rows, strict=True)],
        [max(0.0, 100 * row.eer_high - eer) for eer, row in zip(eers, rows, strict=True)],
    ]
    axes.errorbar(eers, range(len(rows)), xerr=errors, color=BLUE, marker="o", linestyle="")
    axes.axvline(50, color=GREY, linestyle=":", label="chance")
    axes.set_yticks(range(len(rows)), [row.condition for row in rows])
    axes.set(xlabel="EER (%)", xlim=(0, None), ylim=(len(rows) - 0.5, -0.5))
    axes.legend()
    return figure
