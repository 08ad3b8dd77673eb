"""A corpus check's report in, one self-contained HTML page with plots out."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from matplotlib.figure import Figure

from datamodules.manifest import PARTITIONS
from experiments import html_page
from experiments.corpus_check import Report, verdict
from experiments.html_page import image, items
from experiments.plots import BLUE, GREY, ORANGE, SKY, VERMILION, canvas
from experiments.shortcut_audit import FLOOR_EER

BELOW: Final = "outside lower center"
"""Where legends are: within the axes there are bars."""
_SHORTCUTS = (
    "Detectors that hear one measurement alone, trained on train and dev, tested on eval. Each should be near 50 %; "
    f"below {FLOOR_EER:.0%} it gives the label away."
)


def page(report: Report) -> str:
    """Return the page: verdict first, then counts, plots and the list of what to look at."""
    problems, notes = report["problems"], report["notes"]
    colour = "bad" if problems else "good"
    sections = [
        f"<h1>{escape(str(report['corpus']))}</h1><p><code>SHA-256 {escape(str(report['digest']))}</code></p>",
        f'<p class="{colour}"><strong>{escape(verdict(report))}</strong></p><ul class="bad">{items(problems)}</ul>',
        f"<ul>{items(notes)}</ul>" if notes else "",
        "<h2>Trials</h2>"
        + _counts(report["counts"])
        + image(trials(report["counts"]), "Trials by partition and class"),
        "<h2>Durations and silence</h2>",
        image(spreads(report["duration_s"], "Duration of a clip (s)"), "Durations by class"),
        image(spreads(report["trailing_silence_s"], "Silence at the end of a clip (s)"), "Trailing silence by class"),
        "<h2>Attacks and files</h2>" + _tallies(report),
    ]
    if report["shortcuts"]:
        sections += [
            "<h2>Shortcuts</h2>",
            f"<p>{_SHORTCUTS}</p>",
            image(shortcuts(report["shortcuts"]), "EER of each shortcut"),
        ]
    body = "\n".join(sections)
    return html_page.page(f"{report['corpus']}: corpus check", body)


def trials(counts: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Bona fide and spoofed trials of each partition."""
    figure, axes = canvas(2.9, "Trials")
    for row, name in enumerate(PARTITIONS):
        bonafide, spoof = counts[name]["bonafide"], counts[name]["spoof"]
        axes.barh(row, bonafide, color=BLUE, label="bona fide" if row == 0 else None)
        axes.barh(row, spoof, left=bonafide, color=VERMILION, label="spoof" if row == 0 else None)
    axes.set_yticks(range(len(PARTITIONS)), PARTITIONS)
    axes.invert_yaxis()
    axes.set(xlabel="Number of trials", ylabel="Partition")
    figure.legend(loc=BELOW, ncols=2)
    return figure


def spreads(values: Mapping[str, Mapping[str, Mapping[str, float]]], label: str) -> Figure:
    """Median and 5th to 95th percentile of a measurement, by partition and class."""
    rows = [(partition, key, values[partition][key]) for partition in values for key in sorted(values[partition])]
    figure, axes = canvas(1.4 + 0.35 * len(rows), "Median, and 90 % of the clips")
    for row, (_, key, spread) in enumerate(rows):
        colour = BLUE if key == "bonafide" else VERMILION
        axes.plot([spread["p05"], spread["p95"]], [row, row], color=colour, linewidth=3)
        axes.plot(spread["median"], row, "o", color=colour, markersize=8)
    axes.set_yticks(range(len(rows)), [f"{partition}, {key}" for partition, key, _ in rows])
    axes.invert_yaxis()
    axes.set(xlabel=label, ylabel="Partition and class")
    return figure


def shortcuts(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """EER of each shortcut, either way round, against the least that is allowed."""
    figure, axes = canvas(1.7 + 0.35 * len(rows), "What one measurement alone tells")
    for row, shortcut in enumerate(rows):
        axes.barh(row, 100 * shortcut["either_way"], color=SKY if shortcut["holds"] else ORANGE)
    axes.axvline(100 * FLOOR_EER, color=VERMILION, linestyle="--", label=f"too telling below {FLOOR_EER:.0%}")
    axes.axvline(50, color=GREY, linestyle=":", label="chance")
    axes.set_yticks(range(len(rows)), [shortcut["measurement"] for shortcut in rows])
    axes.invert_yaxis()
    axes.set(xlabel="EER on eval (%, grouped, the better way round)", ylabel="Hears only")
    figure.legend(loc=BELOW, ncols=2)
    return figure


def _counts(counts: Mapping[str, Mapping[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td>{name}</td><td class=number>{row['speakers']:,}</td><td class=number>{row['bonafide']:,}</td>"
        f"<td class=number>{row['spoof']:,}</td>"
        f"<td>{escape(', '.join(f'{attack} {number:,}' for attack, number in row['attacks'].items()))}</td></tr>"
        for name, row in counts.items()
    )
    head = "<th>partition<th class=number>speakers<th class=number>bona fide<th class=number>spoof<th>attacks"
    return f"<table><tr>{head}</tr>{rows}</table>"


def _tallies(report: Report) -> str:
    heard = report["attacks_heard_in"].items()
    rows = [f"<tr><td>attacks of {where}</td><td>{escape(', '.join(attacks))}</td></tr>" for where, attacks in heard]
    for title, key in (("sample rates, Hz", "sample_rates_hz"), ("channels", "channels"), ("decoders", "decoders")):
        found = ", ".join(f"{name}: {count:,}" for name, count in report[key].items())
        rows.append(f"<tr><td>{title}</td><td>{escape(found)}</td></tr>")
    return f"<table>{''.join(rows)}</table>"
