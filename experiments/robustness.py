"""Models and a folder of noise in, how their errors grow with the noise out: ``spooflab robustness``."""

import argparse
import csv
import io
import json
import math
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean

from rich.table import Column, Table

from datamodules.coding import CODECS
from datamodules.conditions import CLEAN, CODEC, SNRS_DB, TRIMMED, conditions
from datamodules.datamodule import DeepfakeDataModule
from experiments import tracking
from experiments.console import console
from experiments.data_config import read_data
from experiments.degraded import Model, Row, meaning_of_intervals, measure_under
from experiments.remedies import REMEDIES, open_model, recipe_digest, remedied
from experiments.robustness_evidence import DATA_TAG, MODEL_TAG
from experiments.robustness_plot import HEARD, robustness
from experiments.threads import cores, share, use
from experiments.train import quieten
from lightning_modules.metrics.bootstrap import RESAMPLES

TABLE, FIGURE = "robustness.csv", "robustness.png"
SHOWN_WITH_INTERVALS = 3  # models; the intervals of more are in the table that is written


def main(arguments: list[str]) -> int:
    """Test from the command line."""
    options = _parser().parse_args(arguments)
    quieten()
    use(1, tell=False)  # utterances are scored one by one, several at a time
    jobs = share() if options.jobs is None else options.jobs
    if jobs < 1:
        raise ValueError(f"--jobs: found {jobs}, expected 1 or more")
    print(f"threads: {jobs} of {cores()} cores", file=sys.stderr)
    opened = list({model.run_id: model for model in map(open_model, options.model)}.values())
    if options.seeds:
        require_seeds_alone(opened)
    models = [variant for model in opened for variant in (model, *(remedied(model, way) for way in options.remedy))]
    data = _data_of(options.config, models)
    asked = conditions(data.sample_rate_hz, options.noise, options.snrs, options.environments, options.codecs)
    rows = measure_under(asked, models, data, jobs, options.bootstrap)
    log(rows, models, data)
    if options.seeds:
        rows = pool_seeds(rows, {model.name: model.recipe for model in models})
    if options.out:
        write(options.out, rows)
    if options.json:
        print(json.dumps([asdict(row) for row in rows]))
    else:
        show(rows)
    return 0


def summary(rows: Sequence[Row]) -> dict[str, float]:
    """Return the few numbers of one model that MLflow shows as columns; mean EERs weigh each condition alike."""
    kinds = {
        "noise": [row.eer for row in rows if row.snr_db is not None],
        "codec": [row.eer for row in rows if row.group == CODEC],
        "trimmed": [row.eer for row in rows if row.group == TRIMMED],
    }
    means = {f"robustness/{kind}_eer": fmean(eers) for kind, eers in kinds.items() if eers}
    return {**means, "robustness/worst_eer": max(row.eer for row in rows)}


def pool_seeds(rows: Sequence[Row], recipes: Mapping[str, str]) -> list[Row]:
    """Make one row of those of the same recipe under the same condition: means, and the lowest and highest EER.

    Args:
        rows: of single models.
        recipes: model -> what models of other seeds are called as well.
    """
    pools: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        pools.setdefault((row.condition, recipes[row.model]), []).append(row)
    return [
        replace(
            pool[0],
            model=recipe,
            eer=fmean(row.eer for row in pool),
            eer_low=min(row.eer for row in pool),
            eer_high=max(row.eer for row in pool),
            unit=f"range of {len(pool)} seeds",
            balanced_accuracy=fmean(row.balanced_accuracy for row in pool),
            frr=fmean(row.frr for row in pool),
            far=fmean(row.far for row in pool),
            heard=any(row.heard for row in pool),
        )
        for (_, recipe), pool in pools.items()
    ]


def require_seeds_alone(models: Sequence[Model]) -> None:
    """Refuse runs of one name whose configs differ in more than their seeds.

    Raises:
        ValueError: naming two of them.
    """
    first: dict[str, Model] = {}
    for model in models:
        other = first.setdefault(model.recipe, model)
        if recipe_digest(model.run_id) != recipe_digest(other.run_id):
            raise ValueError(
                f"{model.name} and {other.name} have one name, and differ in more than their seeds: train them under "
                "names of their own (`spooflab train --name N`), or leave out --seeds"
            )


def log(rows: Sequence[Row], models: Sequence[Model], data: DeepfakeDataModule) -> None:
    """Log table and figure of all models, and the summary of its own, on each model's run.

    Remedies have no numbers of their own there: a run is to have few columns.
    """
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), rows)
        for model in (model for model in models if not model.remedy):
            mine = [row for row in rows if row.model == model.name]
            tracking.log_files(model.run_id, Path(folder), "robustness")
            tracking.log_metrics(model.run_id, summary(mine))
            told = {MODEL_TAG: model.name, DATA_TAG: data.corpus.digest}
            tracking.tag(model.run_id, {**told, "robustness.conditions": ", ".join(row.condition for row in mine)})
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
    columns = [Column(name, overflow="fold") for name in ("condition", *models)]
    table = Table(*columns, title=f"EER, legacy ({meaning_of_intervals(rows)})")
    for name in dict.fromkeys(row.condition for row in rows):
        found = {row.model: row for row in rows if row.condition == name}
        cells = [_cell(row, with_interval=len(models) <= SHOWN_WITH_INTERVALS) for row in found.values()]
        table.add_row(name, *cells, style="bold" if name == CLEAN else None)
    console().print(table)
    if any(row.heard for row in rows):
        print(f"{HEARD} the model was trained on this very recording: hold it out of training, or test in another")


def _cell(row: Row, *, with_interval: bool) -> str:
    interval = f" ({100 * row.eer_low:.1f}–{100 * row.eer_high:.1f})" if with_interval else ""
    return f"{100 * row.eer:.2f} %{interval}" + HEARD * row.heard


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


def decibels(text: str) -> float:
    """Read a ratio; argparse names this function where it is no number.

    Raises:
        ValueError: it is none, or not finite.
    """
    ratio_db = float(text)
    if not math.isfinite(ratio_db):
        raise ValueError(text)
    return ratio_db


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="spooflab robustness", description="EER against noise, codecs and trimming.")
    parser.add_argument("--model", action="append", required=True, help="evaluated run, or models:/NAME@ALIAS; repeat")
    parser.add_argument("--config", type=Path, help="whose data to use; those of the first model's run when not given")
    parser.add_argument("--noise", help="folder in DEMAND's layout, ENVIRONMENT/ch01.wav …; white noise alone without")
    parser.add_argument("--environments", nargs="+", help="of that folder; all when not given")
    parser.add_argument("--snrs", nargs="+", type=decibels, default=list(SNRS_DB), help="ratios in dB")
    parser.add_argument("--codecs", nargs="*", choices=tuple(CODECS), default=tuple(CODECS), metavar="CODEC")
    parser.add_argument(
        "--remedy", action="append", default=[], choices=tuple(REMEDIES), help="test it as well; repeat"
    )
    parser.add_argument(
        "--seeds", action="store_true", help="one line for runs of the same name: mean, lowest, highest"
    )
    parser.add_argument("--bootstrap", type=int, default=RESAMPLES, help="resamples of the intervals")
    parser.add_argument("--jobs", type=int, help="threads; default all cores")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write table and figure there, too")
    parser.add_argument("--json", action="store_true", help="print one JSON list")
    return parser
