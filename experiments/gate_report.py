"""A gate's lines in, its report out: as a table, as Markdown and as JSON, the same on the screen and on the run."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from rich.markup import escape
from rich.table import Table

from experiments import tracking
from experiments.console import console
from experiments.gate import Check
from experiments.promotion_journal import now, who

FOLDER = "gate"
State = Literal["passed", "refused", "forced"]


@dataclass(frozen=True)
class Report:
    """What a gate said of a candidate.

    Attributes:
        model: name of the registered model.
        version: that was judged; none in a dry run, which makes none.
        run: that the version is of.
        alias: that it was to have.
        champion: version that it was compared with; none the first time.
        gate: name of the file of limits.
        data_sha256: of the corpus that it was judged on.
        checks: a line for each limit.
        dry_run: nothing was registered, and no alias moved.
        why: reason to promote in spite of a refusal; empty without.
        at: time in UTC.
        by: user and host.
    """

    model: str
    version: str | None
    run: str
    alias: str
    champion: str | None
    gate: str
    data_sha256: str
    checks: Sequence[Check]
    dry_run: bool
    why: str = ""
    at: str = field(default_factory=now)
    by: str = field(default_factory=who)

    @property
    def failed(self) -> list[Check]:
        """Lines that do not hold."""
        return [check for check in self.checks if not check.holds]

    @property
    def state(self) -> State:
        """What is to become of the candidate."""
        if not self.failed:
            return "passed"
        return "forced" if self.why else "refused"

    @property
    def summary(self) -> str:
        """The verdict in one line."""
        if not self.failed:
            return f"passed all {len(self.checks)} limits of {self.gate}"
        names = ", ".join(check.limit for check in self.failed)
        return f"{self.state} with {len(self.failed)} of {len(self.checks)} limits of {self.gate} not met: {names}"

    def to_json(self) -> str:
        """Return one JSON object."""
        return json.dumps({**asdict(self), "state": self.state, "summary": self.summary})


def markdown(report: Report) -> str:
    """Return the report as Markdown."""
    rows = "\n".join(
        f"| {'pass' if check.holds else '**FAIL**'} | {check.name} | {check.found} | {check.allowed} |"
        for check in report.checks
    )
    remedies = "".join(f"\n- {check.name}: {check.remedy}" for check in report.failed if check.remedy)
    subject = f"version {report.version}" if report.version else "not registered"
    return f"""# Gate of {report.model}: {report.state}{" (dry run)" if report.dry_run else ""}

Run `{report.run}`, {subject}, for the alias `{report.alias}`; champion then: version {report.champion or "none"}.
Judged at {report.at} by {report.by} with {report.gate}, on data with SHA-256 `{report.data_sha256}`.

| | limit | found | allowed |
|---|---|---|---|
{rows}
{f"{chr(10)}Evidence is missing:{chr(10)}{remedies}{chr(10)}" if remedies else ""}
{f"Promoted in spite of it by {report.by}, because: {report.why}" if report.state == "forced" else ""}
"""


def log(report: Report) -> None:
    """Put the report on the candidate's run; a dry run's beside it, under a name of its own."""
    name = "dry_run" if report.dry_run else "report"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, f"{name}.md").write_text(markdown(report))
        Path(folder, f"{name}.json").write_text(report.to_json())
        tracking.log_files(report.run, Path(folder), FOLDER)


def show(report: Report) -> None:
    """Print the report for a person."""
    subject = f"version {report.version}" if report.version else f"run {report.run[:8]}"
    table = Table(title=f"{report.gate}: {report.model}, {subject}", title_justify="left")
    for name in ("", "limit", "found", "allowed"):
        table.add_column(name, overflow="fold")
    for check in report.checks:
        verdict = "pass" if check.holds else "[bold red]FAIL[/]"
        table.add_row(verdict, *(escape(text) for text in (check.name, check.found, check.allowed)))
    out = console()
    out.print(table)
    for check in report.failed:
        if check.remedy:
            out.print(f"{escape(check.name)}: {escape(check.remedy)}", highlight=False, soft_wrap=True)
