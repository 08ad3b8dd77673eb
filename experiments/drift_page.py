"""What moved in, one self-contained HTML page with a figure for each number out."""

from html import escape
from typing import Final

import numpy as np
from matplotlib.figure import Figure

from experiments import html_page
from experiments.drift_measures import ALPHA, MAJOR, MODERATE
from experiments.drift_report import LABELS, SCORE, Drift, Finding, columns_of, with_unit
from experiments.drift_samples import Sample, Values
from experiments.plots import BLACK, BLUE, GREY, ORANGE, SKY, VERMILION, canvas

_COLOURS = {"none": SKY, "slight": SKY, "moderate": ORANGE, "major": VERMILION}
_BELOW: Final = "outside lower center"
_SHOWN_BINS = 30
_MEANING = (
    f"PSI: below {MODERATE} little, from {MAJOR} on much, of what lies beyond chance. Chance is what the index comes "
    f"to when it is drawn by lot which recordings are the reference; p-values are for all rows together (Holm), and "
    f"count up to {ALPHA}. KS: the largest difference of the two distribution functions."
)


def page(drift: Drift, reference: Sample, new: Sample) -> str:
    """Return the page: verdict, words, numbers, figures."""
    colour = "bad" if drift.moved else "good"
    sizes = f"{drift.sizes[0]:,} recordings of {drift.reference}, {drift.sizes[1]:,} of {drift.scores}"
    columns = columns_of(reference, new)
    figures = [
        html_page.image(
            histogram(finding, *columns[finding.name], drift.threshold if finding.name == SCORE else None),
            f"Distributions: {LABELS[finding.name][0]}",
        )
        for finding in drift.findings
    ]
    notes = f"<h2>Notes</h2><ul>{html_page.items(drift.notes)}</ul>" if drift.notes else ""
    body = "\n".join(
        (
            f"<h1>Drift</h1><p><code>{escape(sizes)}</code></p>",
            f'<p class="{colour}"><strong>{escape(drift.verdict())}</strong></p>',
            f"<ul>{html_page.items(list(drift.words()))}</ul>",
            f'<h2>Numbers</h2><div class="wide">{_table(drift)}</div><p>{_MEANING}</p>',
            html_page.image(overview(drift), "PSI of each number"),
            notes,
            "<h2>Distributions</h2>",
            *figures,
        )
    )
    return html_page.page(f"Drift: {drift.scores} against {drift.reference}", body)


def overview(drift: Drift) -> Figure:
    """PSI of each number, and up to where it may be chance."""
    figure, axes = canvas(1.9 + 0.35 * len(drift.findings), "How far each number moved")
    for row, finding in enumerate(drift.findings):
        axes.barh(row, finding.shift.psi, color=_COLOURS[finding.reading])
        label = "95th percentile by chance" if row == 0 else None
        axes.plot([finding.shift.psi_limit] * 2, [row - 0.4, row + 0.4], color=BLACK, linewidth=2, label=label)
    axes.axvline(MODERATE, color=GREY, linestyle=":", label=f"{MODERATE}: moderate, were there no chance")
    axes.axvline(MAJOR, color=GREY, linestyle="--", label=f"{MAJOR}: major")
    axes.set_yticks(range(len(drift.findings)), [LABELS[finding.name][0] for finding in drift.findings])
    axes.invert_yaxis()
    axes.set(xlabel="Population Stability Index")
    figure.legend(loc=_BELOW, ncols=3)
    return figure


def histogram(finding: Finding, reference: Values, new: Values, threshold: float | None) -> Figure:
    """Both distributions over the same bins, as shares of the recordings."""
    label, unit = LABELS[finding.name]
    figure, axes = canvas(3.2, f"{label[0].upper()}{label[1:]} · PSI {finding.shift.psi:.2f} · {finding.reading}")
    low, high = np.quantile(np.concatenate((reference, new)), (0.005, 0.995))
    spread = max(high - low, 1e-6)
    edges = np.linspace(low - 0.02 * spread, high + 0.02 * spread, _SHOWN_BINS + 1)
    for values, colour, name in ((reference, GREY, "reference"), (new, BLUE, "new")):
        shares = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / values.size * 100
        axes.stairs(
            shares,
            edges,
            color=colour,
            fill=name == "reference",
            alpha=0.6 if name == "reference" else 1,
            linewidth=2,
            label=f"{name} ({values.size:,})",
        )
    if threshold is not None:
        axes.axvline(threshold, color=BLACK, linestyle="--", label=f"threshold {threshold:.2f}")
    axes.set(xlabel=f"{label[0].upper()}{label[1:]}{f' ({unit.strip()})' if unit else ''}", ylabel="Recordings (%)")
    figure.legend(loc=_BELOW, ncols=3)
    return figure


def _table(drift: Drift) -> str:
    head = "<th>number<th>drift" + "".join(
        f"<th class=number>{name}" for name in ("PSI", "by chance up to", "p", "KS", "median before", "median now")
    )
    rows = "".join(
        f"<tr><td>{escape(LABELS[finding.name][0])}</td><td>{finding.reading}</td>"
        + "".join(f"<td class=number>{cell}</td>" for cell in cells_of(finding))
        + "</tr>"
        for finding in drift.findings
    )
    return f"<table><tr>{head}</tr>{rows}</table>"


def cells_of(finding: Finding) -> tuple[str, ...]:
    """Return the numbers of a row, in the order of both tables' columns."""
    shift = finding.shift
    medians = (with_unit(finding.name, value) for value in (shift.reference_median, shift.median))
    return (f"{shift.psi:.3f}", f"{shift.psi_limit:.3f}", f"{finding.p_value:.3g}", f"{shift.ks:.3f}", *medians)
