"""Metrics in, tables that a person reads on the terminal out."""

from collections.abc import Callable

from rich.markup import escape
from rich.table import Table

from experiments.console import console
from experiments.evidence import Metrics, Numbers
from lightning_modules.metrics.bootstrap import Difference

SHOWN_GROUPS = 20


def show(metrics: Metrics, title: str) -> None:
    """Print the pooled numbers, the attacks, the conditions, the operating point and the warnings."""
    out = console()
    out.print(_pooled(metrics, title))
    for name, heading, groups in (
        ("attack", "spoofed trials of the attack, all bona fide trials", metrics.attacks),
        ("codec", "trials of the codec", metrics.codecs),
        ("speaker", "trials of the speaker", metrics.speakers),
        ("duration", "trials of the duration", metrics.durations),
    ):
        if groups:
            out.print(_groups(name, heading, groups))
    print(
        "EERs are legacy (ASVspoof). FRR and FAR are at the threshold: "
        f"bona fide where score > {metrics.threshold:.6g}\n  ({metrics.threshold_source}):\n"
        f"  {metrics.frr:.2%} of bona fide rejected, {metrics.far:.2%} of spoofs accepted; accuracy "
        f"{metrics.accuracy:.3f}, balanced {metrics.balanced_accuracy:.3f}; bona fide precision "
        f"{metrics.precision:.3f}, recall {metrics.recall:.3f}, F1 {metrics.f1:.3f}"
    )
    if metrics.calibration:
        calibration = "{scale:.6g} x score {offset:+.6g}".format(**metrics.calibration)
        print(f"scores were calibrated on dev: log-likelihood ratio = {calibration}")
    for warning in metrics.warnings:
        out.print(f"[yellow]warning:[/] {escape(warning)}", highlight=False, soft_wrap=True)


def show_difference(difference: Difference, ours: str, theirs: str) -> None:
    """Print how two systems differ on the same trials."""
    low, high = 100 * difference.low, 100 * difference.high
    print(
        f"EER (legacy) {100 * difference.eer:.3f} % {ours}\n"
        f"             {100 * difference.other:.3f} % {theirs}\n"
        f"difference   {100 * difference.difference:+.3f} points, {difference.level:.0%} interval {low:+.3f} to "
        f"{high:+.3f}, p = {difference.p_value:.4f}\n"
        f"             (paired bootstrap by {difference.unit}, {difference.resamples} resamples)"
    )


def _pooled(metrics: Metrics, title: str) -> Table:
    table = Table(title=escape(title), title_justify="left", show_header=False)
    table.add_row("trials", f"{metrics.trials['bonafide']:,} bona fide, {metrics.trials['spoof']:,} spoof")
    table.add_row("EER, legacy", f"{100 * metrics.eer['legacy']:.3f} %{metrics.interval_text}")
    table.add_row("EER, grouped ties", f"{100 * metrics.eer['grouped']:.3f} %")
    table.add_row("EER, ROCCH", f"{100 * metrics.eer['rocch']:.3f} %")
    for version, challenge in (("v1", "ASVspoof 2019"), ("v2", "ASVspoof 2021")):
        if metrics.min_tdcf:
            table.add_row(f"min t-DCF {version}, {challenge}", f"{metrics.min_tdcf[version]:.4f}")
    if metrics.asv:
        asv = f"EER {metrics.asv['eer']:.2%}, threshold {metrics.asv['threshold']:.4g}"
        table.add_row("its ASV", asv)
    table.add_row("minDCF, ASVspoof 5", f"{metrics.min_dcf:.4f}")
    table.add_row("actDCF, ASVspoof 5", f"{metrics.act_dcf:.4f}")
    table.add_row("Cllr", "infinite" if metrics.cllr is None else f"{metrics.cllr:.4f} bits")
    table.add_row("min Cllr", f"{metrics.min_cllr:.4f} bits")
    table.add_row("AUC", f"{metrics.auc:.5f}")
    return table


def _groups(name: str, heading: str, groups: dict[str, Numbers]) -> Table:
    """The hardest groups, as many as a screen holds; a column that would be empty is left out."""
    hardest = sorted(groups.items(), key=lambda item: -(item[1].get("eer") or 0.0))
    shown = sorted(hardest[:SHOWN_GROUPS])
    more = f", the {SHOWN_GROUPS} hardest of {len(groups)}" if len(groups) > SHOWN_GROUPS else ""
    table = Table(title=f"by {name}: {heading}{more}", title_justify="left")
    table.add_column(name)
    columns = {heading: [cell(numbers) for _, numbers in shown] for heading, cell in _CELLS.items()}
    columns = {heading: cells for heading, cells in columns.items() if any(cells)}
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for row, (group, _) in enumerate(shown):
        table.add_row(escape(group), *(cells[row] for cells in columns.values()))
    return table


def _percent(rate: float | None) -> str:
    return "" if rate is None else f"{100 * rate:.2f}"


def _interval(numbers: Numbers) -> str:
    low, high = _percent(numbers.get("eer_low")), _percent(numbers.get("eer_high"))
    return f"{low}–{high}" if low else ""


_CELLS: dict[str, Callable[[Numbers], str]] = {
    "bona fide": lambda numbers: f"{numbers['bonafide']:,}",
    "spoof": lambda numbers: f"{numbers['spoof']:,}",
    "EER %": lambda numbers: _percent(numbers.get("eer")),
    "interval": _interval,
    "t-DCF v1": lambda numbers: "" if numbers.get("min_tdcf_v1") is None else f"{numbers['min_tdcf_v1']:.4f}",
    "minDCF": lambda numbers: "" if numbers.get("min_dcf") is None else f"{numbers['min_dcf']:.4f}",
    "FRR %": lambda numbers: _percent(numbers.get("frr")),
    "FAR %": lambda numbers: _percent(numbers.get("far")),
}
