"""Models and a folder of noise in, how their errors grow with the noise out: ``spooflab robustness``."""

import argparse
import csv
import io
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from datamodules.conditions import CLEAN, CODEC, SNRS_DB, TRIMMED, conditions
from datamodules.datamodule import DeepfakeDataModule
from datamodules.digests import file_sha256
from experiments import tracking
from experiments.data_config import read_data
from experiments.degraded import Model, Row, measure_under
from experiments.evaluate import run_of
from experiments.inference import Countermeasure
from experiments.registry import COUNTERMEASURE_ARTIFACT
from experiments.robustness_plot import robustness
from experiments.threads import cores, use
from experiments.train import quieten
from lightning_modules.metrics.bootstrap import RESAMPLES

TABLE, FIGURE = "robustness.csv", "robustness.png"


def main(arguments: list[str]) -> int:
    """Test from the command line."""
    options = _parser().parse_args(arguments)
    quieten()
    use(1, tell=False)  # utterances are scored one by one, several at a time
    jobs = options.jobs or cores()
    print(f"threads: {jobs} of {cores()} cores", flush=True)
    models = [open_model(name) for name in options.model]
    data = _data_of(options.config, models)
    asked = conditions(data.sample_rate_hz, options.noise, options.snrs, options.environments)
    rows = measure_under(asked, models, data, jobs, options.bootstrap)
    log(rows, models, data)
    if options.out:
        write(options.out, rows)
    if options.json:
        print(json.dumps([asdict(row) for row in rows]))
    else:
        show(rows)
    return 0


def open_model(name: str) -> Model:
    """Open an evaluated run, or a registered model, by what it is called.

    Raises:
        LookupError: there is no such run or model.
        FileNotFoundError: the run was not evaluated: it has neither calibration nor threshold.
    """
    run_id = run_of(name, None)
    try:
        folder = tracking.fetch(run_id, COUNTERMEASURE_ARTIFACT)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"run {run_id} was not evaluated, and has no threshold yet: `spooflab evaluate --model {run_id}` first"
        ) from error
    digest = " ".join(file_sha256(path) for path in sorted(folder.iterdir()))
    label = name.removeprefix("models:/") if name.startswith("models:/") else tracking.name_of(run_id)
    return Model(label, run_id, Countermeasure.load(folder), digest)


def summary(rows: Sequence[Row]) -> dict[str, float]:
    """Return the few numbers of one model that MLflow shows as columns; mean EERs weigh each condition alike."""
    kinds = {
        "noise": [row.eer for row in rows if row.snr_db is not None],
        "codec": [row.eer for row in rows if row.group == CODEC],
        "trimmed": [row.eer for row in rows if row.group == TRIMMED],
    }
    means = {f"robustness/{kind}_eer": float(np.mean(eers)) for kind, eers in kinds.items() if eers}
    return {**means, "robustness/worst_eer": max(row.eer for row in rows)}


def log(rows: Sequence[Row], models: Sequence[Model], data: DeepfakeDataModule) -> None:
    """Log table and figure of all models, and the summary of its own, on each model's run."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), rows)
        for model in models:
            tracking.log_files(model.run_id, Path(folder), "robustness")
            tracking.log_metrics(model.run_id, summary([row for row in rows if row.model == model.name]))
            tracking.log_dataset(model.run_id, data.corpus, "robustness")


def write(folder: Path, rows: Sequence[Row]) -> None:
    """Write table and figure."""
    folder.mkdir(parents=True, exist_ok=True)
    content = io.StringIO()
    writer = csv.DictWriter(content, list(asdict(rows[0])))
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    (folder / TABLE).write_text(content.getvalue())
    robustness(rows).savefig(folder / FIGURE)


def show(rows: Sequence[Row]) -> None:
    """Print a row for each condition, a column for each model."""
    models = list(dict.fromkeys(row.model for row in rows))
    table = Table("condition", *models, title=f"EER, legacy (95 %, by {rows[0].unit})")
    for name in dict.fromkeys(row.condition for row in rows):
        found = {row.model: row for row in rows if row.condition == name}
        cells = [f"{100 * row.eer:.2f} % ({100 * row.eer_low:.2f}–{100 * row.eer_high:.2f})" for row in found.values()]
        table.add_row(name, *cells, style="bold" if name == CLEAN else None)
    Console().print(table)


def _data_of(config: Path | None, models: Sequence[Model]) -> DeepfakeDataModule:
    data = read_data(config or tracking.fetch(models[0].run_id, tracking.CONFIG_ARTIFACT))
    for model in models:
        rate_hz = model.countermeasure.detector.specifications.sample_rate_hz
        if rate_hz != data.sample_rate_hz:
            raise ValueError(
                f"{model.name} takes {rate_hz} Hz, and the data are at {data.sample_rate_hz} Hz: set "
                f"data.sample_rate_hz in a config of their own, and test models of one rate together"
            )
    return data


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="spooflab robustness", description="EER against noise, codecs and trimming.")
    parser.add_argument("--model", action="append", required=True, help="evaluated run, or models:/NAME@ALIAS; repeat")
    parser.add_argument("--config", type=Path, help="whose data to use; those of the first model's run when not given")
    parser.add_argument("--noise", help="folder in DEMAND's layout, ENVIRONMENT/ch01.wav …; white noise alone without")
    parser.add_argument("--environments", nargs="+", help="of that folder; all when not given")
    parser.add_argument("--snrs", nargs="+", type=float, default=list(SNRS_DB), help="ratios in dB")
    parser.add_argument("--bootstrap", type=int, default=RESAMPLES, help="resamples of the intervals")
    parser.add_argument("--jobs", type=int, help="threads; default all cores")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write table and figure there, too")
    parser.add_argument("--json", action="store_true", help="print one JSON list")
    return parser
