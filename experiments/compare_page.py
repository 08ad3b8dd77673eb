"""A comparison in, one self-contained HTML page out: verdict first, then numbers, curves, costs and settings."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from experiments import html_page, plain_words
from experiments.compare_table import SIGNS, meaning, points, sign
from experiments.comparison import LETTERS, Comparison
from experiments.comparison_plots import det_overlay, eer_by_attack
from experiments.html_table import Cell, number, table
from experiments.scored_trials import ScoredTrials

_CLASSES = {SIGNS["better"]: "good", SIGNS["worse"]: "bad"}


def page(found: Comparison, scored: Sequence[ScoredTrials]) -> str:
    """Return the page.

    Args:
        found: the comparison.
        scored: the scores of each system, for its DET curve.
    """
    trials = found.systems[0].metrics.trials
    lead = (
        f"{len(found.systems)} detectors of fake speech, judged on the same {trials['bonafide']:,} genuine and "
        f"{trials['spoof']:,} fake recordings ({found.partition}). A is what the others are held against."
    )
    det = html_page.drawing(
        det_overlay(scored),
        "DET curves of all systems",
        "Each point of a curve is a threshold. Lower and further left is better; on the dotted line both kinds of "
        "mistake are equally frequent, which is the EER.",
    )
    sections = [
        f"<h1>Comparison</h1><p>{escape(lead)}</p>",
        f"<ul class=verdict>{''.join(f'<li>{line}</li>' for line in verdicts(found))}</ul>",
        _warnings(found.warnings),
        f"<h2>Errors</h2>{systems(found)}{det}",
        attacks(found),
        f"<h2>What they cost</h2>{costs(found)}",
        f"<h2>What differs in how they were made</h2>{settings(found)}",
        f"<h2>Data</h2>{data(found)}",
    ]
    return html_page.page(f"Comparison of {', '.join(system.label for system in found.systems)}", "\n".join(sections))


def verdicts(found: Comparison) -> list[str]:
    """Say of each system, in HTML, what it is, and how it does beside the first."""
    first = found.systems[0]
    meaning_of_first = escape(plain_words.eer(first.metrics.eer["legacy"]))
    lines = [f"<b>A</b>, {escape(first.label)}: EER {escape(first.metrics.eer_text)}. {meaning_of_first}"]
    for place, system in enumerate(found.systems[1:], start=1):
        judged = found.pairings[place - 1].pooled
        said = escape(plain_words.against(judged, LETTERS[place], "A"))
        kind = _CLASSES.get(sign(found, place, None))
        coloured = f"<span class={kind}>{said}</span>" if kind else said
        lines.append(
            f"<b>{LETTERS[place]}</b>, {escape(system.label)}: EER {escape(system.metrics.eer_text)}. {coloured}"
        )
    return lines


def systems(found: Comparison) -> str:
    """Return the table of the pooled numbers."""
    rows = []
    for place, system in enumerate(found.systems):
        metrics, judged = system.metrics, found.pooled(place)
        rows.append(
            [
                Cell(f"{LETTERS[place]} · {system.label}"),
                number(plain_words.percent(metrics.eer["legacy"]), **_mark(sign(found, place, None))),
                number(_interval(metrics.eer_interval)),
                number("" if judged is None else points(judged)),
                number("" if judged is None else f"{judged.difference.p_value:.4f}"),
                number(f"{metrics.min_dcf:.4f}"),
                number("infinite" if metrics.cllr is None else f"{metrics.cllr:.3f}"),
            ]
        )
    heads = ("system", "EER", "95 %", "against A, points (95 %)", "p", "minDCF", "Cllr, bits")
    caption = f"EER: legacy, as in the ASVspoof challenges. Of all these, lower is better. {meaning(found)}."
    return table(heads, rows, caption, stacked=True)


def attacks(found: Comparison) -> str:
    """Return table and figure by attack; nothing where no attack is named."""
    if not found.attacks:
        return ""
    rows = []
    for name in found.attacks:
        cells = [Cell(name)]
        for place, system in enumerate(found.systems):
            judged = found.attack(place, name)
            told = f"{points(judged)} points, p = {judged.p_value:.4f} (Holm)" if judged else ""
            eer = plain_words.percent(system.metrics.attack_eers[name])
            cells.append(number(eer, title=told, **_mark(sign(found, place, name))))
        rows.append(cells)
    figure = html_page.drawing(
        eer_by_attack(found),
        "EER of each system by attack",
        "Each mark is an EER, its line the 95 % interval. Lines may overlap although a difference is sure: the test "
        "compares both on the same recordings.",
    )
    heads = ("attack", *LETTERS[: len(found.systems)])
    caption = "EER of each attack against all genuine recordings; signs as above."
    return f"<h2>By attack</h2>{table(heads, rows, caption)}{figure}"


def costs(found: Comparison) -> str:
    """Return the table of what each costs."""
    rows = [
        [
            Cell(letter),
            Cell(cost.architecture),
            number(f"{cost.parameters:,}"),
            number(f"{plain_words.count(cost.macs)} for {cost.crop_s:g} s"),
            number(f"{cost.size_mb:.2f} MB"),
            number(f"{cost.latency_ms:.1f} ms"),
            number("–" if system.training_s is None else plain_words.duration(system.training_s)),
        ]
        for letter, system, cost in zip(LETTERS, found.systems, found.costs, strict=False)
    ]
    heads = ("", "network", "parameters", "MACs", "size", "latency", "training")
    caption = (
        "MACs: multiply-accumulates. Latency: 4 s of audio on one thread, all timed in turn on the machine that wrote "
        "this page. Training: from start to end, on the machine that trained."
    )
    return table(heads, rows, caption, stacked=True)


def settings(found: Comparison) -> str:
    """Return the table of the keys in which configs differ, and of no others."""
    if not found.settings:
        return "<p>Nothing: their configs are the same in every key.</p>"
    rows = [
        [Cell(setting.key, code=True), *(Cell(text, code=True) for text in setting.texts())]
        for setting in found.settings
    ]
    return table(("key", *LETTERS[: len(found.systems)]), rows, "Keys that all have alike are left out.")


def data(found: Comparison) -> str:
    """Return the table of the digests of data and runs."""
    rows = [
        [
            Cell(letter),
            *(Cell(text, code=True) for text in (system.run_id, system.trained_on_text, system.evaluated_on)),
        ]
        for letter, system in zip(LETTERS, found.systems, strict=False)
    ]
    return table(("", "run", "trained on (SHA-256)", f"judged on, {found.partition} (SHA-256)"), rows, stacked=True)


def _warnings(warnings: Sequence[str]) -> str:
    return f'<h2>Before you believe it</h2><ul class="bad">{html_page.items(warnings)}</ul>' if warnings else ""


def _interval(interval: Mapping[str, Any] | None) -> str:
    return "–" if interval is None else f"{100 * interval['low']:.2f}–{100 * interval['high']:.2f}"


def _mark(shown: str) -> dict[str, str]:
    return {"sign": shown, "kind": _CLASSES.get(shown, "")}
