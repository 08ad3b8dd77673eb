"""An explanation in, one figure out: what speaks for spoof and for bona fide, on the spectrogram."""

from dataclasses import dataclass
from typing import Final

import librosa
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from experiments.explanation_words import verdict
from experiments.plots import DPI, WIDTH_IN
from lightning_modules.explanations import Explanation

NARROW_IN: Final = 3.9
"""Of a telephone's screen."""
_ROWS: Final = 240
_SMOOTH_HZ, _SMOOTH_S = 100.0, 0.02
_RANGE_DB: Final = 70.0
_STRONGEST: Final = 0.85
"""Opacity of the strongest cells: the sound stays visible below."""


@dataclass(frozen=True)
class Theme:
    """Colours of a figure.

    Attributes:
        paper: behind everything.
        ink: of words and lines.
        sound: colour map of the spectrogram, quiet to loud.
        spoof: what speaks for spoof.
        bonafide: what speaks for bona fide.
    """

    paper: str
    ink: str
    sound: str
    spoof: str
    bonafide: str


# Red and blue as in ColorBrewer's RdBu, which all common forms of colour vision tell apart.
LIGHT: Final = Theme("#FFFFFF", "#1A1A1A", "Greys", "#B2182B", "#2166AC")
DARK: Final = Theme("#17191D", "#E6E6E6", "gray", "#FF6659", "#56B0FF")


def draw(explanation: Explanation, title: str = "", *, width_in: float = WIDTH_IN, theme: Theme = LIGHT) -> Figure:
    """Draw the map over the spectrogram, with the regions numbered, and what each band of frequency adds up to.

    Args:
        explanation: that is drawn.
        title: above it; the verdict when not given.
        width_in: a narrow figure has the bands below.
        theme: colours.
    """
    narrow = width_in < (NARROW_IN + WIDTH_IN) / 2
    figure = Figure(
        figsize=(width_in, 6.4 if narrow else 4.8), dpi=1.6 * DPI, layout="constrained", facecolor=theme.paper
    )
    if narrow:
        grid = figure.add_gridspec(2, 1, height_ratios=(3, 2))
        where, beside = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
    else:
        grid = figure.add_gridspec(1, 2, width_ratios=(4, 1))
        where = figure.add_subplot(grid[0])
        beside = figure.add_subplot(grid[1], sharey=where)
        beside.tick_params(labelleft=False)
    scale = _draw_map(where, explanation, theme)
    _draw_regions(where, explanation, theme)
    _draw_bands(beside, explanation, theme, named=narrow)
    where.set_title(_wrapped(title or verdict(explanation), narrow), loc="left", fontweight="bold", color=theme.ink)
    colours = ScalarMappable(Normalize(-scale, scale), diverging(theme))
    bar = figure.colorbar(colours, ax=where, location="bottom", aspect=40, pad=0.02, fraction=0.06)
    bar.set_label(_unit(explanation, narrow), color=theme.ink)
    for axes in (where, beside, bar.ax):
        _ink(axes, theme)
    return figure


def map_box(figure: Figure) -> dict[str, float]:
    """Return where the map lies in a figure: ``left``, ``top``, ``width`` and ``height``, as shares of the figure's."""
    figure.draw_without_rendering()
    box = figure.axes[0].get_position()
    return {"left": box.x0, "top": 1 - box.y1, "width": box.width, "height": box.height}


def density(explanation: Explanation) -> NDArray[np.float64]:
    """Return the map on rows of equal hertz ``(rows, columns)``, per area of a patch, a little smoothed."""
    edges_hz = explanation.bin_edges_hz
    rows_hz = (np.arange(_ROWS) + 0.5) * explanation.sample_rate_hz / 2 / _ROWS
    bins = np.clip(np.searchsorted(edges_hz, rows_hz, side="right") - 1, 0, len(edges_hz) - 2)
    per_hz = explanation.values / np.diff(edges_hz)[:, None]
    heard = (rows_hz >= edges_hz[0]) & (rows_hz <= edges_hz[-1])
    rows = np.where(heard[:, None], per_hz[bins], 0.0)
    area = explanation.patches.size_hz * explanation.patches.size_s / explanation.column_s
    spread = (_SMOOTH_HZ * 2 * _ROWS / explanation.sample_rate_hz, _SMOOTH_S / explanation.column_s)
    smooth: NDArray[np.float64] = gaussian_filter(rows * area, spread, mode="nearest")
    return smooth


def _draw_map(axes: Axes, explanation: Explanation, theme: Theme) -> float:
    """Draw sound and map; return what the strongest colour stands for."""
    rate_hz = explanation.sample_rate_hz
    duration_s = len(explanation.waveform) / rate_hz
    levels = librosa.amplitude_to_db(np.abs(librosa.stft(explanation.waveform, n_fft=512, hop_length=128)), ref=np.max)
    extent = (0.0, duration_s, 0.0, rate_hz / 2000)
    axes.imshow(
        levels, cmap=theme.sound, vmin=-_RANGE_DB, vmax=0, origin="lower", aspect="auto", extent=extent, alpha=0.75
    )
    values = density(explanation)
    scale = float(np.quantile(np.abs(values), 0.995)) or 1.0
    if not explanation.in_score_units:
        values, scale = values / scale, 1.0
    share = np.clip(values / scale, -1, 1)
    colours = diverging(theme)((share + 1) / 2)
    colours[..., 3] = _STRONGEST * np.abs(share) ** 0.8
    end_s = values.shape[1] * explanation.column_s
    axes.imshow(colours, origin="lower", aspect="auto", extent=(0.0, end_s, 0.0, rate_hz / 2000))
    axes.set(xlim=(0, duration_s), ylim=(0, rate_hz / 2000), xlabel="Time (s)", ylabel="Frequency (kHz)")
    return scale


def _draw_regions(axes: Axes, explanation: Explanation, theme: Theme) -> None:
    for number, region in enumerate(explanation.regions, start=1):
        colour, line = (theme.bonafide, "-") if region.effect > 0 else (theme.spoof, "--")
        if not region.agrees:
            colour, line = theme.ink, ":"
        corner = (region.start_s, region.low_hz / 1000)
        size = (region.end_s - region.start_s, (region.high_hz - region.low_hz) / 1000)
        axes.add_patch(Rectangle(*(corner, *size), fill=False, edgecolor=colour, linewidth=1.6, linestyle=line))
        axes.text(
            region.start_s,
            region.high_hz / 1000,
            f" {number}",
            color=theme.ink,
            va="top",
            fontweight="bold",
            path_effects=[withStroke(linewidth=3, foreground=theme.paper)],
        )


def _draw_bands(axes: Axes, explanation: Explanation, theme: Theme, *, named: bool) -> None:
    sums = explanation.patch_sums.sum(axis=1)
    edges_khz = explanation.patches.band_edges_hz / 1000
    if not explanation.in_score_units:
        sums = sums / (np.abs(sums).max() or 1.0)
    colours = np.where(sums > 0, theme.bonafide, theme.spoof)
    axes.barh(edges_khz[:-1], sums, np.diff(edges_khz) * 0.9, align="edge", color=colours)
    axes.axvline(0, color=theme.ink, linewidth=0.8)
    axes.set(ylim=(0, explanation.sample_rate_hz / 2000), xlabel="Sum over time" if named else "Sum over\ntime")
    if named:
        axes.set_ylabel("Frequency (kHz)")
    axes.spines[["top", "right"]].set_visible(False)


def diverging(theme: Theme) -> LinearSegmentedColormap:
    """Return the colours from spoof over nothing to bona fide."""
    return LinearSegmentedColormap.from_list("reasons", [theme.spoof, theme.paper, theme.bonafide])


def _unit(explanation: Explanation, narrow: bool) -> str:
    size = f"{explanation.patches.size_hz:g} Hz × {explanation.patches.size_s:g} s"
    unit = f"LLR per {size}" if explanation.in_score_units else "relative, in no unit"
    between = f"\n{unit}" if narrow else f"     {unit}     "
    return f"← speaks for spoof{between}   speaks for bona fide →" if not narrow else f"← spoof · bona fide →{between}"


def _wrapped(title: str, narrow: bool) -> str:
    """Break a title after its first part where there is little room."""
    return title.replace(": ", ":\n", 1) if narrow else title


def _ink(axes: Axes, theme: Theme) -> None:
    axes.set_facecolor(theme.paper)
    axes.tick_params(colors=theme.ink)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(theme.ink)
    for spine in axes.spines.values():
        spine.set_edgecolor(theme.ink)
