"""A function that plots with pyplot in, its figure out: no window, and pyplot's global state is left as it was."""

import warnings
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from optuna.exceptions import ExperimentalWarning

_PANEL_IN = 2.8


def figure_of(plot: Callable[..., Any], *arguments: object, **options: object) -> Figure:
    """Draw on a canvas in memory and return the figure, sized by its panels.

    Args:
        plot: returns axes, or an array of them.
        arguments: given to it.
        options: given to it.
    """
    before = mpl.get_backend()
    plt.switch_backend("agg")
    try:
        with plt.rc_context(), warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # Optuna's, of plots it has had for years
            axes = np.atleast_2d(np.asarray(plot(*arguments, **options), dtype=object))
            figure: Figure = axes.flat[0].figure
            rows, columns = axes.shape
            figure.set_size_inches(max(8.0, _PANEL_IN * columns), max(4.5, _PANEL_IN * rows))
            plt.close(figure)
    finally:
        plt.switch_backend(before)
    return figure
