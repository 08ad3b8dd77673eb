"""A comparison in, tables that a person reads on the terminal out."""

from typing import Final

from rich.markup import escape
from rich.table import Table

from experiments.comparison import LETTERS, Comparison
from experiments.console import console
from experiments.pairing import ALPHA, Judged
from experiments.plain_words import count, duration

SIGNS: Final = {"better": "↓", "worse": "↑", "undecided": ""}
"""Beside an EER that is lower or higher than the first system's beyond chance."""
UNTOLD: Final = "?"
"""Beside an EER that could not be compared."""
_COLOURS = {SIGNS["better"]: "green", SIGNS["worse"]: "red"}


def show(found: Comparison) -> None:
    """Print the systems, the attacks, the costs, the config difference and the warnings."""
    out = console()
    out.print(_systems(found))
    if found.attacks:
        out.print(_attacks(found))
    print(meaning(found))
    out.print(_costs(found))
    print("latency: 4 s of audio on one thread, timed in turn on this machine now; training: from start to end")
    out.print(_settings(found) if found.settings else "their configs do not differ")
    for warning in found.warnings:
        out.print(f"[yellow]warning:[/] {escape(warning)}", highlight=False, soft_wrap=True)


def meaning(found: Comparison) -> str:
    """Say what the signs mean, and how it was found out."""
    return (
        f"{SIGNS['better']} better, {SIGNS['worse']} worse than A, where the difference is more than chance: p at most "
        f"{ALPHA:g} for all questions of a column together (Holm), by a paired bootstrap of {found.resamples:,} "
        f"resamples by {found.unit}"
        + (f"; {UNTOLD} not tested: its trials are of one speaker" if _untold(found) else "")
    )


def sign(found: Comparison, place: int, attack: str | None) -> str:
    """Return what stands beside an EER: of an attack, or pooled."""
    judged = found.pooled(place) if attack is None else found.attack(place, attack)
    if judged is None:
        return UNTOLD if place else ""
    return SIGNS[judged.verdict]


def _untold(found: Comparison) -> bool:
    return any(attack not in found.pairings[0].attacks for attack in found.attacks)


def _systems(found: Comparison) -> Table:
    table = Table(
        title=f"EER (legacy) on the same {len(found.systems[0].scored.labels):,} trials of {found.partition}",
        title_justify="left",
        caption="EER % in brackets: 95 % interval; against A: points, 95 % interval, p of this one question",
        caption_justify="left",
    )
    for heading in ("", "run", "EER %", "against A", "p", "minDCF", "Cllr", "dev EER %"):
        table.add_column(heading, overflow="fold")
    for place, system in enumerate(found.systems):
        metrics, judged = system.metrics, found.pooled(place)
        interval = metrics.eer_interval
        brackets = f" ({100 * interval['low']:.2f}–{100 * interval['high']:.2f})" if interval else ""
        table.add_row(
            LETTERS[place],
            escape(system.label),
            f"{100 * metrics.eer['legacy']:.2f}{brackets} {_coloured(found, place, None)}".rstrip(),
            "" if judged is None else points(judged),
            "" if judged is None else f"{judged.difference.p_value:.4f}",
            f"{metrics.min_dcf:.4f}",
            "infinite" if metrics.cllr is None else f"{metrics.cllr:.3f}",
            "" if system.dev_eer is None else f"{100 * system.dev_eer:.2f}",
        )
    return table


def points(judged: Judged) -> str:
    """Write a difference in points of per cent, with its interval."""
    difference = judged.difference
    return f"{100 * difference.difference:+.2f} ({100 * difference.low:+.2f} to {100 * difference.high:+.2f})"


def _attacks(found: Comparison) -> Table:
    table = Table(
        title="EER % by attack, the hardest for A first",
        title_justify="left",
    )
    table.add_column("attack", overflow="fold")
    for letter in LETTERS[: len(found.systems)]:
        table.add_column(letter, justify="right", no_wrap=True)
    for name in found.attacks:
        eers = [system.metrics.attack_eers[name] for system in found.systems]
        cells = [f"{100 * eer:.2f} {_coloured(found, place, name) or ' '}" for place, eer in enumerate(eers)]
        table.add_row(escape(name), *cells)
    return table


def _coloured(found: Comparison, place: int, attack: str | None) -> str:
    shown = sign(found, place, attack)
    return f"[{_COLOURS[shown]}]{shown}[/]" if shown in _COLOURS else shown


def _costs(found: Comparison) -> Table:
    table = Table(
        title="cost",
        title_justify="left",
    )
    for heading in ("", "parameters", "MACs", "for", "MB", "latency ms", "training"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for place, (system, cost) in enumerate(zip(found.systems, found.costs, strict=True)):
        trained = "" if system.training_s is None else duration(system.training_s)
        cells = (f"{cost.parameters:,}", count(cost.macs), f"{cost.crop_s:g} s", f"{cost.size_mb:.2f}")
        table.add_row(LETTERS[place], *cells, f"{cost.latency_ms:.1f}", trained)
    return table


def _settings(found: Comparison) -> Table:
    table = Table(title="where their configs differ", title_justify="left")
    for heading in ("key", *LETTERS[: len(found.systems)]):
        table.add_column(heading, overflow="fold")
    for setting in found.settings:
        table.add_row(escape(setting.key), *map(escape, setting.texts()))
    return table
