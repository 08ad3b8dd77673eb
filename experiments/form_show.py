"""The forms of a detector in, their table on the screen out."""

from rich.markup import escape
from rich.table import Table

from experiments.console import console
from experiments.form_table import Compared, Row
from experiments.fusion_members import Member

_HEADINGS = (
    "form",
    "MB",
    "p50 ms",
    "p95 ms",
    "CPU ms",
    "x real time",
    "x torch",
    "max |Δ score|",
    "EER %",
    "Δ EER (95 %)",
    "ties %",
    "takes",
)


def show(compared: Compared, member: Member, judged_on: str) -> None:
    """Print a row for each form.

    Args:
        compared: the forms.
        member: whose forms they are.
        judged_on: which trials, in words.
    """
    rate_hz = member.detector.specifications.sample_rate_hz
    units = ", ".join(sorted({row.unit for row in compared.rows if row.unit})) or "trial"
    caption = (
        f"{rate_hz:,} Hz; 4 s of speech in {compared.windows} window(s) of {member.detector.crop_s:g} s, on one "
        f"thread, in turns, speeds by processor time; scores as calibrated; {compared.trials} trials of {judged_on}, "
        f"EER legacy, paired bootstrap by {units}"
    )
    table = Table(title=escape(f"forms of {member.name}"), title_justify="left", caption=escape(caption))
    for heading in _HEADINGS:
        table.add_column(heading, justify="left" if heading in ("form", "takes") else "right", overflow="fold")
    for row in compared.rows:
        table.add_row(*map(escape, cells(row)))
    out = console()
    out.print(table)
    for row in compared.rows:
        if row.refused:
            out.print(f"{row.form}: refused, {escape(row.refused)}", highlight=False, soft_wrap=True)


def cells(row: Row) -> list[str]:
    """Return a row as text."""
    takes = "" if row.eer is None and row.max_delta is None else "any length"
    if row.samples is not None:
        takes = f"{row.samples:,} samples"
    if row.refused:
        takes = "refused"
    difference = ""
    if row.eer_difference is not None and row.eer_low is not None and row.eer_high is not None:
        difference = f"{100 * row.eer_difference:+.2f} ({100 * row.eer_low:+.2f} to {100 * row.eer_high:+.2f})"
    return [
        row.form,
        _number(row.size_mb, ".2f"),
        _number(row.p50_ms, ".2f"),
        _number(row.p95_ms, ".2f"),
        _number(row.cpu_ms, ".2f"),
        _number(row.times_real_time, ",.0f"),
        _number(row.speedup, ".2f"),
        _number(row.max_delta, ".2g"),
        _number(None if row.eer is None else 100 * row.eer, ".2f"),
        difference,
        _number(None if row.tie_rate is None else 100 * row.tie_rate, ".1f"),
        takes,
    ]


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
