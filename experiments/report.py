"""A run, a registered version or a sweep in, one HTML page that anyone can read out: ``spooflab report``."""

import argparse
import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import track

from datamodules.clip_facts import ClipFacts
from datamodules.manifest import Trial
from datamodules.safe_files import write_whole
from experiments import report_page, sweep_runs
from experiments.compare import require_place
from experiments.compared import read_systems, run_ids
from experiments.report_facts import gather
from experiments.sweep_facts import read_sweep
from experiments.threads import use
from experiments.train import quieten


def main(arguments: list[str]) -> int:
    """Write a report from the command line."""
    options = _parser().parse_args(arguments)
    if bool(options.model) == bool(options.sweep):
        raise ValueError("expected either a run (or models:/NAME@ALIAS), or --sweep and its name")
    quieten()
    use(1, tell=False)
    sweep = read_sweep(options.sweep) if options.sweep else None
    if sweep is None:
        label, run_id = next(iter(run_ids([options.model], None, 0).items()))
    else:
        label, run_id = sweep.name, sweep_runs.winner(sweep.name)
    out = options.out or Path(f"report-{re.sub(r'[^A-Za-z0-9._-]+', '-', label).strip('-')}.html")
    require_place(out, "--out")
    system = read_systems({label: run_id}, "eval")[0]
    facts = gather(system, sweep, audit=not options.skip_audit, progress=_shown)
    content = report_page.page(facts, datetime.now(UTC)).encode()
    write_whole(out, content)
    if options.json:
        print(json.dumps({"report": str(out), "run": run_id, "bytes": len(content), "eer": system.metrics.eer}))
    else:
        print(f"report: {out} ({len(content) / 1e6:.1f} MB, one file; it can be mailed)")
    return 0


def _shown(trials: Sequence[Trial], measured: Iterable[ClipFacts | str]) -> Iterable[ClipFacts | str]:
    return track(measured, "examining the corpus", total=len(trials), console=Console(stderr=True))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="spooflab report",
        description="All that is known of an evaluated run, on one page that needs no other file: it can be mailed.",
    )
    parser.add_argument("model", nargs="?", metavar="RUN", help="id of a run, or models:/NAME@ALIAS")
    parser.add_argument("--sweep", metavar="S", help="instead: a sweep, its search and its winner")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the page; report-NAME.html here when not given")
    parser.add_argument("--skip-audit", action="store_true", help="do not decode the corpus to look for shortcuts")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser
