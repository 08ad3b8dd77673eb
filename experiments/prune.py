"""A trained model in, a run of one with fewer weights out, pruned in steps that are each trained after: ``prune``."""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml
from rich.table import Table

from experiments import tracking
from experiments.console import console
from experiments.heard import inherit_heard
from experiments.inference_cost import side_by_side_ms
from experiments.known_model import checkpoint_of, origin_of, run_behind
from experiments.model_summary import summarise
from experiments.ready_made import write_checkpoint
from experiments.threads import share, use
from experiments.train import SCRATCH, quieten, train
from lightning_modules.detector import Detector
from lightning_modules.pruning.schedule import shares
from lightning_modules.pruning.structured import IMPORTANCES, Importance, layer_widths, prune_channels
from lightning_modules.pruning.unstructured import prune_weights, zero_share
from lightning_modules.specifications import describe

STEPS, EPOCHS = 3, 4


@dataclass(frozen=True)
class Plan:
    """How a model is pruned.

    Attributes:
        amount: share that is gone in the end, of each layer's channels or of all weights, from 0 to 1.
        structured: remove channels, which makes it faster; else weights become zero, which makes files compress.
        steps: prunings, each of the same share of what is left, and each followed by a training.
        epochs: of each training.
        importance: of channels.
    """

    amount: float
    structured: bool = False
    steps: int = STEPS
    epochs: int = EPOCHS
    importance: Importance = "scale"


@dataclass(frozen=True)
class Size:
    """What a detector is and costs for its crop.

    Attributes:
        parameters: learnt numbers.
        zero_share: share of zeros among the network's weights.
        macs: multiply-accumulates for a crop.
        size_mb: of the weights, in millions of bytes, zeros counted.
        latency_ms: for 4 s as deployed, on one thread, both models in turns.
    """

    parameters: int
    zero_share: float
    macs: int
    size_mb: float
    latency_ms: float


@dataclass(frozen=True)
class Step:
    """A pruning and the training after it.

    Attributes:
        share: that is gone by then.
        run_id: of the training.
        dev_eer: after it, a fraction.
    """

    share: float
    run_id: str
    dev_eer: float


@dataclass(frozen=True)
class Pruned:
    """A pruned model.

    Attributes:
        run_id: of the last training; its best checkpoint is the model.
        origin: what was pruned: its run, or its checkpoint's digest.
        plan: how.
        steps: in order.
        before: what was pruned.
        after: the model.
    """

    run_id: str
    origin: str
    plan: Plan
    steps: list[Step]
    before: Size
    after: Size


def prune(model: str, plan: Plan, arguments: Sequence[str] = (), name: str | None = None) -> Pruned:
    """Prune a model step by step, train it after each, and leave what a training leaves: a run like any other.

    Args:
        model: id of a run, ``models:/NAME@ALIAS``, or path of a checkpoint.
        plan: how.
        arguments: of the trainings, as for ``spooflab train``; without a config among them, the model's own is taken.
        name: of the run; the model's, and how much was pruned, when not given.

    Raises:
        ValueError: the plan cannot be, or the config is of another model.
        LookupError: there is no such model.
        FileNotFoundError: its run has no checkpoint, or none tells its config.
    """
    schedule = shares(plan.amount, plan.steps)
    source, origin = run_behind(model), origin_of(model)
    checkpoint = checkpoint_of(model, "--model")
    parent, detector = Detector.from_file(checkpoint), Detector.from_file(checkpoint)
    widths = layer_widths(parent.network) if plan.structured else []
    words = [*_own_config(source, arguments), *arguments, f"--trainer.max_epochs={plan.epochs}"]
    tags = {"pruned.from": origin, "pruned.share": f"{plan.amount:g}", "pruned.of": _kind(plan)}
    steps: list[Step] = []
    with tracking.run(name or _name(source, model, plan), tags=tags) as run_id:
        for number, gone in enumerate(schedule, start=1):
            _shrink(detector, gone, widths, plan)
            overlay = _overlay(detector, parent, SCRATCH / run_id / f"pruned-{number}", plan)
            last = number == plan.steps  # is the run itself, the others are nested under it
            outcome = train(
                [*words, "--config", str(overlay)],
                name=f"{gone:.0%} pruned" if not last else name or _name(source, model, plan),
                parent=None if last else run_id,
                run_id=run_id if last else None,
                tags=tags,
            )
            steps.append(Step(gone, outcome.run_id, outcome.dev_eer))
            detector = Detector.from_file(tracking.fetch(outcome.run_id, tracking.CHECKPOINT_ARTIFACT))
        inherit_heard(run_id, {"start": source})
        pruned = Pruned(run_id, origin, plan, steps, *_sizes(parent, detector))
        tracking.describe(run_id, model_card(pruned))
        with tempfile.TemporaryDirectory() as folder:
            told = Path(folder) / "pruning.json"
            told.write_text(json.dumps(asdict(pruned), indent=1))
            tracking.log_files(run_id, told)
    return pruned


def model_card(pruned: Pruned) -> str:
    """Return the Markdown that the run's page shows."""
    steps = ", ".join(f"{step.share:.0%} gone: {100 * step.dev_eer:.2f} %" for step in pruned.steps)
    rows = "\n".join(f"| {name} | {before} | {after} |" for name, before, after in _rows(pruned))
    return f"""`{pruned.origin}` with {pruned.plan.amount:.0%} of its {_kind(pruned.plan)} pruned.

| | before | after |
|---|---|---|
{rows}

EER on dev after each step's training of {pruned.plan.epochs} epochs: {steps}.
"""


def _shrink(detector: Detector, gone: float, widths: Sequence[int], plan: Plan) -> None:
    if plan.structured:
        kept = [max(1, round((1 - gone) * width)) for width in widths]
        detector.network = prune_channels(detector.network, kept, plan.importance)
    else:
        prune_weights(detector.network, gone)


def _overlay(detector: Detector, parent: Detector, folder: Path, plan: Plan) -> Path:
    """Write a pruned detector, and the config that a training begins with it by."""
    folder.mkdir(parents=True)
    write_checkpoint(detector, folder / "pruned.ckpt")
    now, before = (describe(each.network)["init_args"] for each in (detector, parent))
    changed = {name: value for name, value in now.items() if value != before[name]}
    config: dict[str, Any] = {"start": {"model": str(folder / "pruned.ckpt"), "keep_zeros": not plan.structured}}
    if changed:
        config["model"] = {"network": {"class_path": describe(parent.network)["class_path"], "init_args": changed}}
    path = folder / "pruned.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def _own_config(source: str | None, arguments: Sequence[str]) -> list[str]:
    if any(word.partition("=")[0] in ("--config", "-c") for word in arguments):
        return []
    if source is None:
        raise ValueError("--model: found a checkpoint alone, expected --config with the config that it was trained by")
    return ["--config", str(tracking.fetch(source, tracking.CONFIG_ARTIFACT))]


def _name(source: str | None, model: str, plan: Plan) -> str:
    return f"{Path(model).stem if source is None else tracking.name_of(source)}, {plan.amount:.0%} pruned"


def _kind(plan: Plan) -> str:
    return "channels" if plan.structured else "weights"


def _sizes(*detectors: Detector) -> list[Size]:
    latencies = side_by_side_ms(detectors)
    summaries = [summarise(detector) for detector in detectors]
    return [
        Size(summary.parameters.total, zero_share(detector.network), summary.macs, summary.size_mb, latency)
        for detector, summary, latency in zip(detectors, summaries, latencies, strict=True)
    ]


def _rows(pruned: Pruned) -> list[tuple[str, str, str]]:
    def row(name: str, form: str) -> tuple[str, str, str]:
        attribute = name.replace(" ", "_")
        return name, format(getattr(pruned.before, attribute), form), format(getattr(pruned.after, attribute), form)

    forms = {"parameters": ",", "zero share": ".1%", "macs": ",", "size mb": ".3f", "latency ms": ".2f"}
    return [row(name, form) for name, form in forms.items()]


def show(pruned: Pruned) -> None:
    """Print what was and what is."""
    steps = ", ".join(f"{step.share:.0%} gone {100 * step.dev_eer:.2f} %" for step in pruned.steps)
    table = Table("", caption=f"EER on dev, on crops, after each step: {steps}")
    for heading in ("before", "after"):
        table.add_column(heading, justify="right")
    for row in _rows(pruned):
        table.add_row(*row)
    console().print(table)


def main(arguments: list[str]) -> int:
    """Prune from the command line."""
    parser = argparse.ArgumentParser(
        prog="spooflab prune",
        description="Prune a model in steps, each followed by a training.",
        epilog="Further options are those of `spooflab train`, such as --config C or --model.learning_rate 1e-3.",
        allow_abbrev=False,
    )
    parser.add_argument("--model", required=True, help="run, models:/NAME@ALIAS, or checkpoint")
    parser.add_argument("--amount", type=float, required=True, help="share that is gone in the end, such as 0.5")
    parser.add_argument("--structured", action="store_true", help="remove channels: faster; else zero weights")
    parser.add_argument("--steps", type=int, default=STEPS, help="prunings, each followed by a training")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="of each training")
    parser.add_argument("--importance", choices=IMPORTANCES, default="scale", help="of a channel: what removes least")
    parser.add_argument("--name", help="of the run")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options, words = parser.parse_known_args(arguments)
    quieten()
    use(share())
    plan = Plan(options.amount, options.structured, options.steps, options.epochs, options.importance)
    pruned = prune(options.model, plan, words, options.name)
    if options.json:
        print(json.dumps(asdict(pruned)))
        return 0
    show(pruned)
    print(f"run {pruned.run_id}")
    print(f"next: spooflab evaluate --model {pruned.run_id}")
    return 0
