"""Scores and labels in, matplotlib figures out: made to be read at 800 pixels, in colours that all eyes tell apart.

Pure functions on matplotlib's object interface: no window, no global state. Save what they return with
``figure.savefig(path)``. Everywhere label 1 is bona fide, label 0 is spoof, and a trial is called bona fide where its
score is above the threshold.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtri

from lightning_modules.metrics.classification import classify
from lightning_modules.metrics.dcf import ASVSPOOF5, cllr, corner_rates, min_dcf
from lightning_modules.metrics.eer import equal_error_rate
from lightning_modules.metrics.trials import SortedTrials, split_by_label

# Okabe and Ito's palette, told apart with every common form of colour vision.
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, YELLOW, BLACK, GREY = "#CC79A7", "#56B4E9", "#F0E442", "#000000", "#8C8C8C"
BONAFIDE_COLOUR, SPOOF_COLOUR = BLUE, VERMILION
ATTACK_COLOURS = (VERMILION, ORANGE, PURPLE, GREEN, SKY, BLACK)

WIDTH_IN, DPI = 8.0, 100  # 800 pixels
CURVE_POINTS = 2000
CHANCE = 0.5
RELIABILITY_BINS = 10
SHOWN_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
PROBIT_TICKS = np.array([0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8])
PROBIT_LIMITS = (0.0008, 0.9)

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


def roc(scores: ArrayLike, labels: ArrayLike) -> Figure:
    """Receiver operating characteristic, the area under it, and where both errors are equal."""
    bonafide, spoof = split_by_label(scores, labels)
    frr, far = error_rates(bonafide, spoof)
    area = float(np.trapezoid((1 - frr)[::-1], far[::-1]))
    eer = equal_error_rate(bonafide, spoof).eer
    figure, axes = canvas(6.4, f"ROC · AUC {area:.4f}")
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="chance")
    axes.plot(far, 1 - frr, color=BLUE, linewidth=2, label="this system")
    axes.plot(eer, 1 - eer, "o", color=VERMILION, markersize=8, label=f"EER {eer:.2%}")
    axes.set(xlabel="Spoofed trials accepted (%)", ylabel="Bona fide trials accepted (%)", aspect="equal")
    axes.set(xlim=(-0.01, 1), ylim=(0, 1.01))
    _percent(axes.xaxis, axes.yaxis)
    axes.legend(loc="lower right" if area > CHANCE else "upper left")
    return figure


def det(scores: ArrayLike, labels: ArrayLike, threshold: float | None = None) -> Figure:
    """Detection error trade-off on probit axes, where normally distributed scores lie on a line (Martin et al. 1997).

    Marked are the EER, the cheapest point by the costs of ASVspoof 5, their Bayes threshold, and the one in use.

    Args:
        scores: ``(trials,)``.
        labels: ``(trials,)``.
        threshold: The threshold that is in use, marked if given.
    """
    bonafide, spoof = split_by_label(scores, labels)
    frr, far = error_rates(bonafide, spoof)
    eer = equal_error_rate(bonafide, spoof).eer
    figure, axes = canvas(8.2, "DET")
    axes.plot([-5, 5], [-5, 5], color=GREY, linestyle=":", label="both errors equal")
    axes.plot(probit(far), probit(frr), color=BLUE, linewidth=2, label="this system")
    ring = MarkerStyle("o", fillstyle="none")
    axes.plot(*_marker(eer, eer), marker=ring, linestyle="", color=VERMILION, markersize=13, markeredgewidth=2)
    axes.lines[-1].set(clip_on=False, label=f"EER {eer:.2%}")
    trials = SortedTrials.of(bonafide, spoof)
    rejected, accepted = corner_rates(trials)
    cheapest = int(np.argmin(ASVSPOOF5.normalised(rejected, accepted)))
    marks = [("s", GREEN, f"minDCF {min_dcf(trials):.3f}", accepted[cheapest], rejected[cheapest])]
    points = {"Bayes": ("^", PURPLE, ASVSPOOF5.bayes_threshold), "in use": ("D", ORANGE, threshold)}
    for name, (marker, colour, at) in points.items():
        if at is not None:
            point = float((spoof > at).mean()), float((bonafide <= at).mean())
            label = f"threshold {name} ({at:.3g}):\n{point[0]:.2%} accepted, {point[1]:.2%} rejected"
            marks.append((marker, colour, label, *point))
    for marker, colour, label, far_here, frr_here in marks:
        axes.plot(*_marker(far_here, frr_here), marker, color=colour, markersize=8, label=label, clip_on=False)
    axes.set(xlabel="Spoofed trials accepted (%)", ylabel="Bona fide trials rejected (%)", aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(ndtri(PROBIT_TICKS), labels=[f"{tick:.3g}" for tick in PROBIT_TICKS * 100])
    axes.set(xlim=ndtri(PROBIT_LIMITS), ylim=ndtri(PROBIT_LIMITS))
    figure.legend(loc="outside lower center", ncols=2)  # a curve may run anywhere
    return figure


def score_histogram(
    scores: ArrayLike, labels: ArrayLike, threshold: float | None = None, attacks: Sequence[str] | None = None
) -> Figure:
    """Distribution of the scores of each class, and of each attack where these are few enough to tell apart.

    Args:
        scores: ``(trials,)``.
        labels: ``(trials,)``.
        threshold: The threshold in use, marked if given.
        attacks: The attack of each trial, if known.
    """
    bonafide, spoof = split_by_label(scores, labels)
    groups = {f"bona fide ({bonafide.size:,})": (bonafide, BONAFIDE_COLOUR)}
    names = [] if attacks is None else np.unique(np.asarray(attacks, dtype=str)[np.asarray(labels) == 0]).tolist()
    if 1 < len(names) <= len(ATTACK_COLOURS):
        of_attack = np.asarray(attacks, dtype=str)[np.asarray(labels) == 0]
        for name, colour in zip(names, ATTACK_COLOURS, strict=False):
            chosen = spoof[of_attack == name]
            groups[f"spoof {name} ({chosen.size:,})"] = (chosen, colour)
    else:
        groups[f"spoof ({spoof.size:,})"] = (spoof, SPOOF_COLOUR)
    smallest = min(values.size for values, _ in groups.values())
    bins = int(np.clip(3 * np.cbrt(smallest), 10, 80))
    low, high = _finite_range(np.concatenate((bonafide, spoof)))
    edges = np.linspace(low, high, bins + 1)
    figure, axes = canvas(4.8, "Scores")
    for label, (values, colour) in groups.items():
        shares = np.histogram(np.clip(values, low, high), edges)[0] / max(1, values.size)
        filled = label.startswith("bona fide") or len(groups) == len(("bona fide", "spoof"))
        axes.stairs(shares, edges, color=colour, linewidth=1.8, label=label)
        axes.stairs(shares, edges, color=colour, fill=True, alpha=0.25 if filled else 0)
    if threshold is not None:
        axes.axvline(threshold, color=BLACK, linestyle="--", linewidth=1.2, label=f"threshold {threshold:.3g}")
    axes.set(xlabel="Score (higher = more bona fide)", ylabel="Share of the group's trials (%)")
    axes.set_ylim(bottom=0)
    _percent(axes.yaxis)
    axes.legend()
    return figure


def scores_by_attack(scores: ArrayLike, attacks: Sequence[str], labels: ArrayLike, threshold: float) -> Figure:
    """Where the scores of bona fide trials and of each attack lie: median, half and nine tenths of them.

    Args:
        scores: ``(trials,)``.
        attacks: The attack of each trial.
        labels: ``(trials,)``.
        threshold: The threshold in use.
    """
    bonafide, spoof = split_by_label(scores, labels)
    of_attack = np.asarray(attacks, dtype=str)[np.asarray(labels) == 0]
    groups = {name: spoof[of_attack == name] for name in np.unique(of_attack).tolist()}
    ordered = sorted(groups, key=lambda name: float(np.median(groups[name])))
    rows = [*((name, groups[name], SPOOF_COLOUR) for name in ordered), ("bona fide", bonafide, BONAFIDE_COLOUR)]
    figure, axes = canvas(1.8 + 0.3 * len(rows), "Scores by attack: median, 50 % and 90 % of the trials")
    for row, (_, values, colour) in enumerate(rows):
        outer_low, low, median, high, outer_high = np.quantile(values, SHOWN_QUANTILES, method="nearest")
        axes.plot([outer_low, outer_high], [row, row], color=colour, linewidth=1.5)
        axes.plot([low, high], [row, row], color=colour, linewidth=7, alpha=0.6, solid_capstyle="butt")
        axes.plot(median, row, "|", color=BLACK, markersize=13, markeredgewidth=2)
    axes.axvline(threshold, color=BLACK, linestyle="--", linewidth=1.2, label=f"threshold {threshold:.3g}")
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axes.set(xlabel="Score (higher = more bona fide)", ylabel="Attack", ylim=(-0.7, len(rows) - 0.3))
    figure.legend(loc="outside lower center")
    return figure


def eer_by_attack(
    eers: Mapping[str, float], pooled: float | None = None, intervals: Mapping[str, tuple[float, float]] | None = None
) -> Figure:
    """EER of each attack against all bona fide trials, the hardest on top.

    Args:
        eers: EER of each attack as a fraction.
        pooled: EER of all attacks together, drawn as a line if given.
        intervals: Lower and upper limit of some or all of the EERs.
    """
    names = sorted(eers, key=lambda name: eers[name])
    values = np.array([eers[name] for name in names])
    figure, axes = canvas(1.6 + 0.3 * len(names), "EER by attack")
    axes.barh(names, values, color=SKY, edgecolor=BLUE)
    ends = values.copy()
    for row, name in enumerate(names):
        if intervals and name in intervals:
            low, high = intervals[name]
            axes.errorbar(values[row], row, xerr=[[values[row] - low], [high - values[row]]], color=BLACK, capsize=3)
            ends[row] = high
    if pooled is not None:
        axes.axvline(pooled, color=VERMILION, linestyle="--", label=f"all attacks {pooled:.2%}")
        axes.legend(loc="lower right")
    widest = max(float(ends.max()), pooled or 0.0, 0.01)
    for row, (value, end) in enumerate(zip(values, ends, strict=True)):
        axes.text(end + 0.01 * widest, row, f"{value:.2%}", va="center", fontsize=9)
    axes.set(xlabel="EER against all bona fide trials (%)", ylabel="Attack", xlim=(0, 1.12 * widest))
    axes.grid(visible=False, axis="y")
    _percent(axes.xaxis)
    return figure


def reliability(llrs: ArrayLike, labels: ArrayLike) -> Figure:
    """How often trials are bona fide that are given so much chance, at equal priors: on the diagonal if calibrated.

    Both classes weigh half, whatever their numbers. Bars are 95 % intervals (Wilson 1927) of the weighted share.

    Args:
        llrs: ``(trials,)``, natural-log likelihood ratios.
        labels: ``(trials,)``.
    """
    bonafide, spoof = (expit(part) for part in split_by_label(llrs, labels))
    edges = np.linspace(0, 1, RELIABILITY_BINS + 1)
    counts = np.stack([np.histogram(part, edges)[0] for part in (bonafide, spoof)]).astype(float)
    weights = counts / counts.sum(axis=1, keepdims=True) / 2
    figure, axes = canvas(
        6.4, f"Reliability at equal priors · Cllr {cllr(SortedTrials.of(*split_by_label(llrs, labels))):.3f} bits"
    )
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="calibrated")
    some = counts.sum(axis=0) > 0
    share = weights[0, some] / weights[:, some].sum(axis=0)
    # As many trials as would be as sure, were they all of one weight (Kish 1965).
    effective = weights[:, some].sum(axis=0) ** 2 / (weights[:, some] ** 2 / np.maximum(counts[:, some], 1)).sum(axis=0)
    low, high = _wilson(share, effective)
    pooled = np.concatenate((bonafide, spoof))
    mass = np.repeat([0.5 / bonafide.size, 0.5 / spoof.size], [bonafide.size, spoof.size])
    stated = np.histogram(pooled, edges, weights=pooled * mass)[0][some] / weights[:, some].sum(axis=0)
    axes.errorbar(
        stated, share, yerr=[share - low, high - share], color=BLUE, marker="o", linewidth=2, capsize=3, label="found"
    )
    axes.bar(
        edges[:-1],
        weights.sum(axis=0),
        np.diff(edges),
        align="edge",
        color=SKY,
        alpha=0.35,
        label="share of trials, each class half",
    )
    axes.set(xlabel="Probability of bona fide that the score states (%)", ylabel="Share that is bona fide (%)")
    axes.set(xlim=(0, 1), ylim=(0, 1.02), aspect="equal")
    _percent(axes.xaxis, axes.yaxis)
    axes.legend()
    return figure


def confusion_matrix(scores: ArrayLike, labels: ArrayLike, threshold: float) -> Figure:
    """Decisions at a threshold: counts, and their share of each true class."""
    counts = np.array(classify(scores, labels, threshold).confusion)
    rates = counts / counts.sum(axis=1, keepdims=True)
    figure, axes = canvas(5.6, f"Decisions: bona fide where score > {threshold:.4g}")
    axes.imshow(rates, cmap="Blues", vmin=0, vmax=1)
    for (row, column), rate in np.ndenumerate(rates):
        colour = "white" if rate > rates.mean() else BLACK
        text = f"{counts[row, column]:,}\n{rate:.2%}"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=16)
    names = ["spoof", "bona fide"]
    axes.set_xticks([0, 1], names)
    axes.set_yticks([0, 1], names, rotation=90, va="center")
    axes.set(xlabel="Called", ylabel="Truth (rows add up to 100 %)")
    axes.grid(visible=False)
    return figure


def error_rates(bonafide: NDArray[np.floating], spoof: NDArray[np.floating]) -> Curve:
    """FRR and FAR at thresholds from below all scores to the highest, thinned to what a plot can show.

    Returns:
        FRR rising from 0 to 1, and FAR falling from 1 to 0, of the same length.
    """
    bonafide, spoof = np.sort(bonafide), np.sort(spoof)
    if min(bonafide.size, spoof.size) == 0:
        raise ValueError(f"found {bonafide.size} bona fide and {spoof.size} spoofed trials, expected some of each")
    thresholds = np.unique(np.concatenate((_thinned(bonafide), _thinned(spoof))))
    frr = np.searchsorted(bonafide, thresholds, side="right") / bonafide.size
    far = 1 - np.searchsorted(spoof, thresholds, side="right") / spoof.size
    return np.concatenate(([0.0], frr)), np.concatenate(([1.0], far))


def _thinned(ordered: NDArray[np.floating]) -> NDArray[np.floating]:
    """Scores at evenly spread ranks, and all of the outermost, where a probit axis magnifies."""
    if ordered.size <= CURVE_POINTS:
        return ordered
    ranks = np.linspace(0, ordered.size - 1, CURVE_POINTS).astype(int)
    edge = CURVE_POINTS // 10
    return ordered[np.unique(np.concatenate((np.arange(edge), ranks, np.arange(ordered.size - edge, ordered.size))))]


def _wilson(share: NDArray[np.float64], trials: NDArray[np.float64]) -> Curve:
    """95 % interval of shares of so many trials."""
    z = float(ndtri(0.975))
    middle = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2)) / (1 + z**2 / trials)
    return np.minimum(share, middle - half), np.maximum(share, middle + half)


def canvas(height_in: float, title: str) -> tuple[Figure, Axes]:
    """Make a figure 800 pixels wide, and axes in the style that all share."""
    figure = Figure(figsize=(WIDTH_IN, height_in), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontweight="bold")
    axes.grid(visible=True, color="#DDDDDD", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _percent(*each: object) -> None:
    for axis in each:
        axis.set_major_formatter(PercentFormatter(xmax=1, symbol=""))  # type: ignore[attr-defined]


def probit(rate: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where a rate is on probit axes; what lies beyond them just outside."""
    lowest = PROBIT_LIMITS[0] / 2
    place: NDArray[np.float64] = ndtri(np.clip(rate, lowest, 1 - lowest))
    return place


def _marker(far: float, frr: float) -> Curve:
    """A point on probit axes, moved to their border where it lies beyond."""
    return ndtri(np.clip([far], *PROBIT_LIMITS)), ndtri(np.clip([frr], *PROBIT_LIMITS))


def _finite_range(scores: NDArray[np.floating]) -> tuple[float, float]:
    finite = scores[np.isfinite(scores)]
    if finite.size == 0:
        raise ValueError("found no finite score to draw")
    # One score far off would leave no room for the others: what is beyond is counted at the border.
    low, high = (float(value) for value in np.quantile(finite, [0.001, 0.999]))
    return (low, high) if low < high else (low - 0.5, high + 0.5)
