"""Rows of a robustness test in, one figure out: EER against the noise, and under what has no level."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from datamodules.conditions import CLEAN
from experiments.degraded import Row, meaning_of_intervals
from experiments.plots import BLACK, BLUE, DPI, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, WIDTH_IN

COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)
MARKERS = "osD^vP*"
PANELS_A_ROW = 3
CHANCE = 50
HEARD = "†"
LONG_NAME = 20  # characters: longer ones have a line each in the legend


def robustness(rows: Sequence[Row]) -> Figure:
    """Draw a panel for each noise, EER against the ratio, and one for all other conditions; a colour for each model."""
    models = list(dict.fromkeys(row.model for row in rows))
    noises = list(dict.fromkeys(row.group for row in rows if row.snr_db is not None))
    others = list(dict.fromkeys(row.condition for row in rows if row.snr_db is None))
    grid = [noises[start : start + PANELS_A_ROW] for start in range(0, len(noises), PANELS_A_ROW)]
    heights = [2.6] * len(grid) + [1.2 + 0.12 * len(others) * (1 + len(models))]
    figure = Figure(figsize=(WIDTH_IN, sum(heights)), dpi=DPI, layout="constrained")
    spec = figure.add_gridspec(len(heights), PANELS_A_ROW, height_ratios=heights)
    clean = {row.model: row.eer for row in rows if row.condition == CLEAN}
    top = max(row.eer_high for row in rows)
    limit = 100 * min(1.0, max(1.08 * top, 0.1))
    for line, names in enumerate(grid):
        for column, name in enumerate(names):
            axes = figure.add_subplot(spec[line, column])
            here = [row for row in rows if row.group == name]
            _noise(axes, here, models, clean)
            axes.set(title=name + HEARD * any(row.heard for row in here), ylim=(0, limit))
            axes.set_xlabel("SNR (dB)" if name in _lowest(grid) else "")
            axes.set_ylabel("EER (%)" if column == 0 else "")
    _others(figure.add_subplot(spec[len(grid), :]), rows, others, models, limit)
    handles, labels = figure.axes[-1].get_legend_handles_labels()
    if any(row.heard for row in rows):
        handles.append(Line2D([], [], linestyle=""))
        labels.append(f"{HEARD} heard in training")
    columns = 1 if max(map(len, models)) > LONG_NAME else 3
    figure.legend(handles, labels, loc="outside upper left", ncols=columns, frameon=False)
    return figure


def _noise(axes: Axes, rows: Sequence[Row], models: Sequence[str], clean: Mapping[str, float]) -> None:
    for number, model in enumerate(models):
        mine = sorted((row.snr_db or 0.0, row) for row in rows if row.model == model)
        ratios = [ratio for ratio, _ in mine]
        colour = COLOURS[number % len(COLOURS)]
        axes.plot(ratios, [100 * row.eer for _, row in mine], color=colour, marker=MARKERS[number % len(MARKERS)])
        low, high = [100 * row.eer_low for _, row in mine], [100 * row.eer_high for _, row in mine]
        if model in clean:
            axes.axhline(100 * clean[model], color=colour, linestyle="--", linewidth=0.8)
        axes.fill_between(ratios, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.axhline(CHANCE, color=GREY, linestyle=":")
    axes.invert_xaxis()
    axes.set_xticks(sorted({row.snr_db for row in rows if row.snr_db is not None}))
    _style(axes)


def _others(axes: Axes, rows: Sequence[Row], names: Sequence[str], models: Sequence[str], limit: float) -> None:
    step = 0.7 / max(1, len(models))
    for number, model in enumerate(models):
        mine = [next(row for row in rows if row.model == model and row.condition == name) for name in names]
        heights = [place + (number - (len(models) - 1) / 2) * step for place in range(len(names))]
        eers = [100 * row.eer for row in mine]
        errors = [
            [max(0.0, eer - 100 * row.eer_low) for eer, row in zip(eers, mine, strict=True)],
            [max(0.0, 100 * row.eer_high - eer) for eer, row in zip(eers, mine, strict=True)],
        ]
        style = {"color": COLOURS[number % len(COLOURS)], "fmt": MARKERS[number % len(MARKERS)]}
        axes.errorbar(eers, heights, xerr=errors, label=model, **style)  # type: ignore[arg-type]
    axes.axvline(CHANCE, color=GREY, linestyle=":", label="chance")
    axes.plot([], [], color=GREY, linestyle="--", linewidth=0.8, label="on clean audio")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set(xlabel=f"EER (%), legacy; bars: {meaning_of_intervals(rows)}", xlim=(0, limit))
    _style(axes)


def _style(axes: Axes) -> None:
    axes.grid(visible=True, color="#DDDDDD", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _lowest(grid: Sequence[Sequence[str]]) -> set[str]:
    """Names of the panels with none below."""
    return {
        name
        for line, names in enumerate(grid)
        for column, name in enumerate(names)
        if line + 1 == len(grid) or column >= len(grid[line + 1])
    }
