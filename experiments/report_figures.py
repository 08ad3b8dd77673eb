"""Figures in, the same at the width of a phone out, so that their words are read there; and a training's course."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.comparison_plots import PHONE_WIDTH_IN, phone_canvas
from experiments.plots import BLUE, VERMILION


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
