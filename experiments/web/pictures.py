"""Verdicts in, pictures out: the score against the threshold, and the windows along the recording."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.explanation_picture import Theme
from experiments.inference import Verdict

_SHOWN: Final = 6.0
"""Scores from which the scale no longer grows with the number: odds of 400 to 1."""
_WIDTH_IN: Final = 5.0
_DPI: Final = 220
"""Legible on a telephone, and sharp on a wide screen."""
_MARKS: Final = ("o", "D")


def scale(verdicts: Mapping[str, Verdict], theme: Theme) -> Figure:
    """Draw each model's score on a line from synthetic to real, with its threshold; the first on top, as in the words.

    Args:
        verdicts: by the name of the model.
        theme: colours.
    """
    figure = Figure(
        figsize=(_WIDTH_IN, 0.8 + 0.6 * len(verdicts)), dpi=_DPI, layout="constrained", facecolor=theme.paper
    )
    axes = figure.add_subplot()
    furthest = max(_SHOWN, *(abs(number) for one in verdicts.values() for number in (one.score, one.threshold)))
    for row, (name, verdict) in enumerate(verdicts.items()):
        axes.barh(row, -furthest - verdict.threshold, left=verdict.threshold, height=0.5, color=theme.spoof, alpha=0.25)
        axes.barh(
            row, furthest - verdict.threshold, left=verdict.threshold, height=0.5, color=theme.bonafide, alpha=0.25
        )
        axes.plot([verdict.threshold] * 2, [row - 0.3, row + 0.3], color=theme.ink, linewidth=2)
        colour = theme.bonafide if verdict.decision == "bonafide" else theme.spoof
        axes.plot(verdict.score, row, _MARKS[row % 2], color=colour, markersize=11, markeredgecolor=theme.ink)
        axes.text(-furthest, row - 0.33, f" {name}", color=theme.ink, va="bottom", fontsize=9)
    axes.set(xlim=(-furthest * 1.05, furthest * 1.05), ylim=(len(verdicts) - 0.5, -0.8), yticks=[])
    axes.set_xlabel("← synthetic    score (LLR), line: threshold    real →")
    _ink(axes, theme, "bottom")
    return figure


def timeline(verdicts: Mapping[str, Verdict], theme: Theme) -> Figure:
    """Draw the score of each window over the time that it covers."""
    figure = _canvas(2.2 if len(verdicts) == 1 else 2.4 + 0.2 * len(verdicts), theme)
    axes = figure.add_subplot()
    for row, (name, verdict) in enumerate(verdicts.items()):
        ends = np.minimum(np.array(verdict.starts_s) + verdict.window_s, verdict.duration_s)
        centres = (np.array(verdict.starts_s) + ends) / 2
        axes.plot(centres, verdict.windows, "-" if row == 0 else ":", color=theme.ink, linewidth=1, alpha=0.6)
        colours = [theme.bonafide if score > verdict.threshold else theme.spoof for score in verdict.windows]
        axes.hlines(verdict.windows, verdict.starts_s, ends, colors=colours, linewidth=2, alpha=0.5)
        label = None if len(verdicts) == 1 else name
        axes.scatter(
            centres, verdict.windows, c=colours, marker=_MARKS[row % 2], edgecolors=theme.ink, zorder=3, label=label
        )
        axes.axhline(verdict.threshold, color=theme.ink, linewidth=1.2, linestyle="--" if row == 0 else ":")
    longest = max(verdict.duration_s for verdict in verdicts.values())
    axes.set(xlim=(0, longest), xlabel="Time (s)", ylabel="Score of the window")
    axes.margins(y=0.2)
    if len(verdicts) > 1:
        axes.legend(fontsize=8, frameon=False, labelcolor=theme.ink, loc="lower left", bbox_to_anchor=(0, 1))
    _ink(axes, theme, "left", "bottom")
    return figure


def _canvas(height_in: float, theme: Theme) -> Figure:
    return Figure(figsize=(_WIDTH_IN, height_in), dpi=_DPI, layout="constrained", facecolor=theme.paper)


def _ink(axes: Axes, theme: Theme, *sides: str) -> None:
    axes.set_facecolor(theme.paper)
    axes.tick_params(colors=theme.ink)
    axes.xaxis.label.set_color(theme.ink)
    axes.yaxis.label.set_color(theme.ink)
    for side, spine in axes.spines.items():
        spine.set_edgecolor(theme.ink)
        spine.set_visible(side in sides)
