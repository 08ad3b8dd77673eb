"""A reference and new scores in, whether scores, decisions or the audio drifted out: ``spooflab drift``."""

import argparse
import json
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from datamodules.safe_files import write_whole
from experiments import tracking
from experiments.drift_page import cells_of, page
from experiments.drift_report import LABELS, Drift, compare
from experiments.drift_samples import reference_of, sample_of_file

LOGGED_FOLDER = "drift"


def log(run_id: str, drift: Drift, html: str) -> str:
    """Log a comparison on a model's run, a step after those before it, and return the artifacts' folder."""
    metrics = {
        "drift/score_psi": drift.findings[0].shift.psi,
        "drift/bonafide_share": drift.bonafide.share,
        "drift/numbers_moved": float(len(drift.moved)),
    }
    step = len(tracking.history(run_id, "drift/score_psi"))
    folder = f"{LOGGED_FOLDER}/{time.strftime('%Y-%m-%dT%H-%M-%SZ', time.gmtime())}-{step}"
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "drift.json").write_text(json.dumps(drift.as_dict(), indent=1))
        (Path(place) / "drift.html").write_text(html)
        tracking.log_files(run_id, Path(place), folder)
    tracking.log_metrics(run_id, metrics, step)
    tracking.tag(run_id, {"drift.latest": drift.verdict()})
    return folder


def main(arguments: list[str]) -> int:
    """Compare from the command line: exit code 1 when something drifted."""
    parser = argparse.ArgumentParser(prog="spooflab drift", description="What moved since a reference.")
    parser.add_argument("--reference", required=True, help="id of an evaluated run, models:/NAME@ALIAS, or a file")
    parser.add_argument("--scores", required=True, type=Path, help="what `spooflab score --out` wrote; JSONL says more")
    parser.add_argument("--partition", choices=["dev", "eval"], default="eval", help="of the reference's run")
    parser.add_argument("--config", type=Path, help="corpus that the run was evaluated on, if not its own")
    parser.add_argument("--html", type=Path, help="write a page with a figure for each number")
    parser.add_argument("--log", action="store_true", help="log the comparison on the reference's run")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    reference = reference_of(options.reference, partition=options.partition, config=options.config)
    if options.log and reference.run_id is None:
        raise ValueError(f"found the file {options.reference} to log on, expected a run: name it as the --reference")
    new = sample_of_file(options.scores)
    drift = compare(reference, new)
    html = page(drift, reference, new) if options.html or options.log else ""
    if options.html:
        write_whole(options.html, html.encode())
    logged = log(str(reference.run_id), drift, html) if options.log else None
    if options.json:
        print(json.dumps({**drift.as_dict(), "logged": logged}))
    else:
        show(drift)
        if logged:
            print(f"logged on run {reference.run_id}: {logged}")
    return 1 if drift.moved else 0


def show(drift: Drift) -> None:
    """Print a table of all numbers, what moved in words, and the verdict."""
    console = Console()
    table = Table(
        title=f"{drift.sizes[0]:,} of {escape(drift.reference)}, {drift.sizes[1]:,} of {escape(drift.scores)}"
    )
    table.add_column("number")
    table.add_column("drift")
    for name in ("PSI", "by chance up to", "p", "KS", "median before", "median now"):
        table.add_column(name, justify="right")
    for finding in drift.findings:
        table.add_row(LABELS[finding.name][0], finding.reading, *cells_of(finding))
    console.print(table)
    for line in drift.words():
        console.print(escape(line), highlight=False, soft_wrap=True)
    for note in drift.notes:
        console.print(f"[yellow]note[/] {escape(note)}", highlight=False, soft_wrap=True)
    console.print(
        escape(drift.verdict()), style="bold red" if drift.moved else "green", highlight=False, soft_wrap=True
    )
