"""A reference and new scores in, whether scores, decisions or the audio drifted out: ``spooflab drift``."""

import argparse
import json
import tempfile
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from datamodules.safe_files import write_whole
from experiments import tracking
from experiments.console import console
from experiments.drift_page import cells_of, page
from experiments.drift_report import LABELS, Drift, compare
from experiments.drift_samples import reference_of, sample_of_file

FOLDER = "drift"
DRIFTED = 3  # exit code of its own: 1 and 2 are of what went wrong, as in every command
VERDICT_TAG = "drift.verdict"  # of the last comparison on the model's run, of its own on each


def log(of: str, scores: Path, drift: Drift, html: str) -> str:
    """Log a comparison as a run nested under the model's, whose own metrics stay those of what it is; return its id."""
    metrics = {
        "drift/score_psi": drift.findings[0].shift.psi,
        "drift/bonafide_share": drift.bonafide.share,
        "drift/numbers_moved": float(len(drift.moved)),
    }
    with tracking.run(f"drift {scores.name}", parent=of, tags={VERDICT_TAG: drift.verdict()}) as run_id:
        with tempfile.TemporaryDirectory() as place:
            (Path(place) / "drift.json").write_text(json.dumps(drift.as_dict(), indent=1))
            (Path(place) / "drift.html").write_text(html)
            tracking.log_files(run_id, Path(place), FOLDER)
        tracking.log_metrics(run_id, metrics)
    tracking.tag(of, {VERDICT_TAG: drift.verdict()})
    return run_id


def main(arguments: list[str]) -> int:
    """Compare from the command line: exit code 3 when something drifted, 1 when that cannot be told."""
    parser = argparse.ArgumentParser(prog="spooflab drift", description="What moved since a reference.")
    parser.add_argument("--reference", required=True, help="id of an evaluated run, models:/NAME@ALIAS, or a file")
    parser.add_argument("--scores", required=True, type=Path, help="what `spooflab score --out` wrote; JSONL says more")
    parser.add_argument("--partition", choices=["dev", "eval"], default="eval", help="of the reference's run")
    parser.add_argument("--config", type=Path, help="corpus that the run was evaluated on, if not its own")
    parser.add_argument("--html", type=Path, help="write a page with a figure for each number")
    parser.add_argument("--log", action="store_true", help="log the comparison, as a run under the reference's")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    new = sample_of_file(options.scores)  # first, since to measure the reference takes a while
    reference = reference_of(options.reference, partition=options.partition, config=options.config)
    if options.log and reference.run_id is None:
        raise ValueError(f"found the file {options.reference} to log on, expected a run: name it as the --reference")
    drift = compare(reference, new)
    html = page(drift, reference, new) if options.html or options.log else ""
    if options.html:
        write_whole(options.html, html.encode())
    logged = log(str(reference.run_id), options.scores, drift, html) if options.log else None
    if options.json:
        print(json.dumps({**drift.as_dict(), "logged": logged}))
    else:
        show(drift)
        if logged:
            print(f"logged as run {logged}, under run {reference.run_id}")
    return DRIFTED if drift.moved else 0


def show(drift: Drift) -> None:
    """Print a table of all numbers, what moved in words, and the verdict."""
    out = console()
    table = Table(
        title=f"{drift.sizes[0]:,} of {escape(drift.reference)}, {drift.sizes[1]:,} of {escape(drift.scores)}"
    )
    table.add_column("number")
    table.add_column("drift")
    for name in ("PSI", "by chance up to", "p", "KS", "median before", "median now"):
        table.add_column(name, justify="right")
    for finding in drift.findings:
        table.add_row(LABELS[finding.name][0], finding.reading, *cells_of(finding))
    out.print(table)
    for line in drift.words():
        out.print(escape(line), highlight=False, soft_wrap=True)
    for note in drift.notes:
        out.print(f"[yellow]note[/] {escape(note)}", highlight=False, soft_wrap=True)
    out.print(escape(drift.verdict()), style="bold red" if drift.moved else "green", highlight=False, soft_wrap=True)
