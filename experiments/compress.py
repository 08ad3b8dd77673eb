"""A detector in, forms that are smaller or faster out, in one honest table: ``spooflab compress``."""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, redirect_stdout
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from datamodules.digests import file_sha256
from datamodules.manifest import Manifest, Trial
from experiments import form_run, registration, registry, tracking
from experiments.candidate import open_candidate, version_tags
from experiments.data_config import read_corpus
from experiments.deployed_trial import recordings
from experiments.distil import distil
from experiments.evaluate import evaluate
from experiments.form_show import show
from experiments.form_table import Compared, Row, tabulate
from experiments.fusion_members import Member, open_member
from experiments.inference import NOT_CALIBRATED, Countermeasure, OperatingPoint, facts
from experiments.known_model import evaluated_countermeasure
from experiments.model_card import model_card
from experiments.prune import Plan, prune
from experiments.train import quieten
from experiments.train_for_int8 import train_for_int8
from lightning_modules.export.form import Form
from lightning_modules.export.forms import FORMS, STATIC
from lightning_modules.metrics.calibration import Calibration

DEFAULT = ("torchscript", "onnx", "onnx-fp16", "onnx-int8-dynamic", "onnx-int8-static-minmax")
ALL = "all"
_DEAR = 0.005  # EER that a static int8 form may cost before training for it is worth a try
_FOLDER, _TABLE = "compress", "table.json"


def corpus_for(member: Member, config: Path | None) -> Manifest:
    """Return the corpus whose trials tell what a form costs in errors.

    Raises:
        ValueError: the model is a checkpoint alone, and no config is named.
    """
    if config is not None:
        return read_corpus(config)
    if member.run_id is None:
        raise ValueError(f"{member.name} is a checkpoint, which has no data of its own: name a config with --config")
    return read_corpus(tracking.fetch(member.run_id, tracking.CONFIG_ARTIFACT))


def operating_point(member: Member) -> OperatingPoint:
    """Return a model's calibration and threshold, which its forms take over until one is evaluated itself."""
    if member.run_id is not None:
        try:
            return Countermeasure.load(evaluated_countermeasure(member.run_id)).operating_point
        except FileNotFoundError:
            pass
    return OperatingPoint(Calibration(1.0, 0.0), 0.0, NOT_CALIBRATED)


def some(trials: Sequence[Trial], most: int | None) -> list[Trial]:
    """Return at most so many trials, from all over them, of each class as many as its share."""
    if most is None or most >= len(trials):
        return list(trials)
    chosen = []
    for label in (1, 0):
        of_class = [trial for trial in trials if trial.label == label]
        number = min(len(of_class), max(2, round(most * len(of_class) / len(trials))))
        chosen += of_class[:: max(1, len(of_class) // number)][:number]
    return chosen


def smaller(model: str, amount: float | None, student: Sequence[Path], for_int8: bool = False) -> str:
    """Remove channels of a model, teach a student what is left, train it for int8, each where it is asked for.

    Args:
        model: id of a run, ``models:/NAME@ALIAS``, or path of a checkpoint.
        amount: share of each layer's channels that is removed; none for no pruning.
        student: configs of the training that distils; none for no distillation.
        for_int8: whether it is trained under the rounding of static quantization.

    Returns:
        The model that is left.
    """
    if amount is not None:
        model = prune(model, Plan(amount, structured=True)).run_id
    if student:
        model = distil(model, [word for config in student for word in ("--config", str(config))]).run_id
    if for_int8:
        model = train_for_int8(model).run_id
    return model


def log_table(member: Member, compared: Compared, corpus: Manifest, partition: str) -> str:
    """Make a run of a table and its files, nested under the model's where it has one; return its id."""
    tags = {
        "compress.model": member.origin,
        "compress.partition": partition,
        "mlflow.loggedArtifacts": json.dumps([{"path": f"{_FOLDER}/{_TABLE}", "type": "table"}]),
    }
    name = f"compress {member.name}"
    with tracking.run(name, parent=member.run_id, tags=tags) as run_id, tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        table = pd.DataFrame([asdict(row) for row in compared.rows])
        (folder / _TABLE).write_text(table.to_json(orient="split", index=False))
        (folder / "rows.json").write_text(json.dumps([asdict(row) for row in compared.rows], indent=1))
        tracking.log_files(run_id, folder, _FOLDER)
        for form in compared.forms.values():
            tracking.log_files(run_id, form.path, f"{_FOLDER}/forms")
        tracking.log_dataset(run_id, corpus, partition)
    return run_id


def register(member: Member, form: Form, row: Row, corpus: Manifest, name: str, version: str | None) -> tuple[str, str]:
    """Make a run of a form, evaluate it as any other, and register it beside its parent.

    Args:
        member: whose form it is.
        form: of ONNX.
        row: of the table.
        corpus: that it is evaluated on.
        name: of the registered model.
        version: of the parent, where it is one.

    Returns:
        The form's run, and its version's number.

    Raises:
        ValueError: the form is none of ONNX, or its model has no run.
    """
    if member.run_id is None:
        raise ValueError(f"{member.name} is a checkpoint alone: only what a run keeps can be registered")
    if form.path.suffix != ".onnx":
        raise ValueError(
            f"found --register {form.name}, expected a form of ONNX: the others hold code, which the gate refuses"
        )
    told = {
        "form.opset": str(form.opset),
        "form.sha256": file_sha256(form.path),
        "form.score_difference": f"{row.max_delta:.3g}",
        "form.eer_difference": f"{row.eer_difference:.6g}",
    }
    if version is not None:
        told[form_run.VERSION_TAG] = version
    run_id = form_run.make_run(member.run_id, form.name, form.path, told)
    metrics = evaluate(run_id, corpus)
    candidate = open_candidate(run_id, metrics, corpus)
    example = recordings(corpus)[0].path
    made = registration.register(run_id, model_card(candidate, name), version_tags(candidate), example, name)
    return run_id, made


def main(arguments: list[str]) -> int:
    """Compress from the command line."""
    options = _options(arguments)
    quieten()
    with redirect_stdout(sys.stderr) if options.json else nullcontext():
        options.model = smaller(options.model, options.prune, options.distil, options.quantization_aware)
    member = open_member(options.model)
    corpus = corpus_for(member, options.config)
    trials = some(corpus.partition(options.partition), options.trials)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.out or Path(scratch)
        point = operating_point(member)
        compared = tabulate(
            member.detector,
            options.formats,
            trials,
            corpus.partition("train"),
            folder,
            turns=options.turns,
            errors=not options.untrained,
            facts=facts(member.detector.specifications, point),
            calibration_scale=point.calibration.scale,
        )
        run_id = log_table(member, compared, corpus, options.partition)
        registered = _registered(options, member, compared, corpus) if options.register else None
    if options.json:
        told = {"run": run_id, "model": member.origin, "trials": compared.trials, "windows": compared.windows}
        rows = [asdict(row) for row in compared.rows]
        print(json.dumps({**told, "rows": rows, "registered": registered}))
        return 0
    show(compared, member, f"{options.partition} of {corpus.name}")
    if dear := dear_forms(compared.rows):
        print(f"{', '.join(dear)}: more than {100 * _DEAR:g} points of EER; training for it is --quantization-aware")
    print(f"run {run_id}{f'; files in {options.out}' if options.out else ''}")
    if registered:
        print(f"{registered['uri']} is {options.register} of {member.name}, run {registered['run']}")
        print(f"next: spooflab promote --model {registered['uri']}")
    return 0


def dear_forms(rows: Sequence[Row]) -> list[str]:
    """Return the static int8 forms that cost so much EER that training for them is worth a try."""
    return [row.form for row in rows if row.form.startswith(STATIC) and (row.eer_difference or 0.0) > _DEAR]


def _registered(options: argparse.Namespace, member: Member, compared: Compared, corpus: Manifest) -> Mapping[str, str]:
    if options.register not in compared.forms:
        refused = next((row.refused for row in compared.rows if row.form == options.register), "it was not asked for")
        raise ValueError(f"--register {options.register}: there is no such form: {refused}")
    model = str(options.model)
    parent = registry.version_of(model) if model.startswith("models:/") else None
    name = options.name or (str(parent.name) if parent else registry.MODEL_NAME)
    row = next(row for row in compared.rows if row.form == options.register)
    version = f"{parent.name}/{parent.version}" if parent else None
    run_id, number = register(member, compared.forms[options.register], row, corpus, name, version)
    return {"run": run_id, "version": number, "uri": f"models:/{name}/{number}"}


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="spooflab compress", description="Make smaller and faster forms of a model.")
    parser.add_argument("--model", required=True, help="id of a run, models:/NAME@ALIAS, or a checkpoint")
    parser.add_argument("--formats", type=_formats, default=DEFAULT, help=f"with commas: {', '.join(FORMS)}; or {ALL}")
    parser.add_argument(
        "--prune", type=float, metavar="SHARE", help="first remove this share of the channels; see prune"
    )
    parser.add_argument(
        "--distil",
        type=Path,
        action="append",
        default=[],
        metavar="CONFIG",
        help="first teach a student: configs of its data, its network and distil.yaml; repeat",
    )
    parser.add_argument(
        "--quantization-aware", action="store_true", help="first train it under the rounding of static quantization"
    )
    parser.add_argument("--config", type=Path, help="whose data to judge on; the run's own when not given")
    parser.add_argument("--partition", choices=["dev", "eval"], default="eval")
    parser.add_argument("--trials", type=int, help="at most so many; all when not given")
    parser.add_argument("--turns", type=int, default=30, help="that latencies are of")
    parser.add_argument("--untrained", action="store_true", help="of random weights: error rates mean nothing")
    parser.add_argument("--out", type=Path, help="folder for the files; they are on the run in any case")
    parser.add_argument("--register", metavar="FORM", help="make a version of a form, beside its parent")
    parser.add_argument("--name", help=f"of the registered model; that of --model, or {registry.MODEL_NAME}")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    if options.register and options.register not in options.formats:
        options.formats = (*options.formats, options.register)
    if options.register and options.untrained:
        raise ValueError("found --register with --untrained, expected a model that was trained")
    return options


def _formats(word: str) -> tuple[str, ...]:
    names = FORMS if word == ALL else tuple(name.strip() for name in word.split(",") if name.strip())
    for name in names:
        if name not in FORMS:
            raise argparse.ArgumentTypeError(f"found {name!r}, expected some of {', '.join(FORMS)}, or {ALL}")
    return names
