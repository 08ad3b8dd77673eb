"""What gives each attack away in, one figure out: a panel for bona fide's mean map, and one for each attack's."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from experiments.explanation_corpus import PARTS, AttackExplanations, Map, contrast
from experiments.explanation_picture import LIGHT, diverging
from experiments.explanation_words import signed
from experiments.plots import DPI, WIDTH_IN

_ACROSS = 3


def draw_attacks(found: AttackExplanations) -> Figure:
    """Draw bona fide's mean map, and what is different in each attack's, with its band between dashed lines."""
    bonafide = found.groups[0]
    maps = [bonafide.mean_map, *(contrast(group, bonafide) for group in found.groups[1:])]
    if not found.in_score_units:
        maps = [values / np.abs(np.stack(maps)).max() for values in maps]
    scale = float(np.quantile(np.abs(np.stack(maps)), 0.995)) or 1.0
    rows = math.ceil(len(maps) / _ACROSS)
    figure = Figure(figsize=(WIDTH_IN, 0.9 + 2.3 * rows), dpi=1.6 * DPI, layout="constrained")
    panels = figure.subplots(rows, _ACROSS, sharex=True, sharey=True, squeeze=False)
    for axes in panels.flat[len(maps) :]:
        axes.set_visible(False)
    for number, (axes, values, group) in enumerate(zip(panels.flat, maps, found.groups, strict=False)):
        _panel(axes, values, found, scale)
        name = "bona fide" if number == 0 else f"{group.attack}, less bona fide"
        axes.set_title(f"{name}\nmean score {signed(float(np.mean(group.scores)))}", loc="left", fontsize=9)
        if number:
            finding = found.findings[number - 1]
            for edge_hz in (finding.low_hz, finding.high_hz):
                axes.axhline(edge_hz / 1000, color=LIGHT.ink, linestyle="--", linewidth=1)
        if number % _ACROSS == 0:
            axes.set_ylabel("Frequency (kHz)")
        if number >= len(maps) - _ACROSS:
            axes.set_xlabel("Part of the clip (%)")
            axes.tick_params(labelbottom=True)
    unit = f"LLR per band and {100 // PARTS} % of the clip" if found.in_score_units else "relative, in no unit"
    bar = figure.colorbar(
        ScalarMappable(Normalize(-scale, scale), diverging(LIGHT)),
        ax=panels,
        location="bottom",
        aspect=50,
        fraction=0.04,
    )
    bar.set_label(f"← speaks for spoof     {unit}     speaks for bona fide →")
    return figure


def _panel(axes: Axes, values: Map, found: AttackExplanations, scale: float) -> None:
    edges = np.linspace(0, 100, PARTS + 1)
    colours = diverging(LIGHT)
    axes.pcolormesh(edges, found.band_edges_hz / 1000, values, cmap=colours, vmin=-scale, vmax=scale)
