"""A config in, one tracked run with its best checkpoint out: ``spooflab train``."""

import logging
import os
import shutil
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from datamodules.datamodule import DeepfakeDataModule
from datamodules.datasets import FeatureExtractor
from experiments import model_summary, selection, tracking
from experiments.allocator import keep_freed_memory
from experiments.console import with_bar
from experiments.from_trial import reproduce
from experiments.heard import inherit_heard, log_augmentation
from experiments.interrupts import deferred
from experiments.known_model import origin_of, run_behind
from experiments.metric_log import MetricLog
from experiments.outcome import Outcome
from experiments.process_group import Asker, Order, train_as_group
from experiments.provenance import config_digest
from experiments.threads import VARIABLE, share, use
from experiments.training_callbacks import EpochReport, Interruption, KeepGoing
from experiments.training_config import LAST, SUMMARY_OPTION, TrainingCLI, parse
from lightning_modules.detector import Detector
from lightning_modules.lengths import trimmed
from lightning_modules.specifications import describe

SCRATCH = Path("checkpoints")
CONFIG_TAG = "config.sha256"
_PROCESSES, _RANK = "LOCAL_WORLD_SIZE", "LOCAL_RANK"  # where torchrun tells how many it started here, and which this is


def train(
    arguments: Sequence[str],
    *,
    name: str | None = None,
    parent: str | None = None,
    tags: dict[str, str] | None = None,
    resume: bool = False,
    keep_going: KeepGoing = lambda epoch, measures: True,  # noqa: ARG005
    on_start: Callable[[str], None] = lambda run_id: None,  # noqa: ARG005
    interrupted: Callable[[], bool] = lambda: False,
    run_id: str | None = None,
) -> Outcome:
    """Train as the configs and overrides say, on one MLflow run.

    Args:
        arguments: as on the command line: ``--config C``, ``--model.learning_rate 3e-4``, …
        name: of the run; the network's class when not given.
        parent: id of the run to nest under.
        tags: put on the run.
        resume: go on from the last checkpoint of the newest unfinished run of the same config.
        keep_going: told the epoch and its measures of dev; answering no ends the run as KILLED.
        on_start: told the id of the run.
        interrupted: asked between batches whether to stop as after Ctrl-C.
        run_id: of a run to go on with, from its own last checkpoint where this machine has it, else from the start.

    Raises:
        ValueError: the config is not usable.
        FileNotFoundError: there is nothing to resume.
    """
    keep_freed_memory()
    report = EpochReport(keep_going)
    cli = parse(arguments, [report, Interruption(interrupted)])
    if cli.lacks_processes:
        threads = max(1, torch.get_num_threads() // cli.trainer.world_size)
        order = Order(arguments, name, parent, tags or {}, resume, run_id, threads)
        return train_as_group(order, cli.trainer.world_size, Asker(keep_going, on_start, interrupted))
    config = cli.resolved
    digest = config_digest(config)
    resumed = _last_run(digest) if resume or cli.config.ckpt else run_id
    checkpoint = _last_checkpoint(resumed)
    if not cli.trainer.is_global_zero:
        return _follow(cli, checkpoint, report)
    name = name or cli.config.name or type(cli.model.network).__name__
    made_from = _origins(cli)
    tags = {CONFIG_TAG: digest, tracking.THREADS_TAG: str(torch.get_num_threads()), **made_from, **(tags or {})}
    with tracking.run(name, parent=parent, resume=resumed, tags=tags) as active:
        run_id = active
        on_start(run_id)
        tracking.log_config(run_id, config, {"parameters": sum(p.numel() for p in cli.model.network.parameters())})
        tracking.log_dataset(run_id, cli.datamodule.corpus, "train and dev")
        cli.checkpoint.dirpath = cli.last.dirpath = str(SCRATCH / run_id)
        _prepare(cli)
        recipes = {name: augmentation.recipe for name, augmentation in cli.datamodule.augmentations.items()}
        log_augmentation(run_id, recipes)
        if cli.config.start is not None:
            inherit_heard(run_id, {"start": run_behind(cli.config.start.model)})
        with MetricLog(run_id, SCRATCH / run_id) as metrics:
            cli.trainer.logger = metrics
            _fit(cli, checkpoint)
            outcome = _outcome(run_id, report, cli.selection)
            metrics.log_metrics(selection.columns(report.epochs, cli.selection))
        tracking.log_files(run_id, Path(cli.checkpoint.best_model_path), str(Path(tracking.CHECKPOINT_ARTIFACT).parent))
        if report.stopped:
            tracking.kill(run_id, {"stopped_by": "pruner"})
    return outcome


def drop_scratch(run_id: str) -> None:
    """Remove the local checkpoints of a run that nobody will go on with: its best one is logged."""
    shutil.rmtree(SCRATCH / run_id, ignore_errors=True)  # another machine's run has none here


def _fit(cli: TrainingCLI, checkpoint: Path | None) -> None:
    if cli.config.compile:
        cli.model.network.compile()  # in place: a checkpoint is the same
    try:
        cli.trainer.fit(
            cli.model,
            datamodule=cli.datamodule,
            ckpt_path=checkpoint,
            weights_only=True,
        )
    except SystemExit as stop:  # Lightning's answer to Ctrl-C
        raise KeyboardInterrupt from stop
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()  # its threads abort a process that ends while they run
    if cli.checkpoint.best_model_score is None:
        raise RuntimeError("training ended before its first epoch did: raise trainer.max_epochs")


def _follow(cli: TrainingCLI, checkpoint: Path | None, report: EpochReport) -> Outcome:
    """Take part in a training that the first of several processes tracks and keeps checkpoints of."""
    cli.checkpoint.dirpath = cli.last.dirpath = str(SCRATCH)  # Lightning tells it the first process's
    _prepare(cli)
    _fit(cli, checkpoint)
    return _outcome("", report, cli.selection)


def _origins(cli: TrainingCLI) -> dict[str, str]:
    """Which models it is made from, told so that nothing that a name stands for later can change it."""
    start, distillation = cli.config.start, cli.config.distillation
    named = {"start.from": start and start.model, "distilled.from": distillation and distillation.teacher}
    return {tag: origin_of(model) for tag, model in named.items() if model}


def _outcome(run_id: str, report: EpochReport, chosen_by: str) -> Outcome:
    measures = report.epochs[selection.kept(report.epochs, chosen_by)]
    return Outcome(run_id, measures[selection.EER], report.stopped, measures)


def quieten() -> None:
    """Keep Lightning's advice out of the output; warnings and errors stay."""
    for name in ("pytorch_lightning", "pytorch_lightning.utilities.rank_zero", "lightning_fabric", "mlflow", "optuna"):
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    warnings.filterwarnings("ignore", message=".*LeafSpec.*")
    warnings.filterwarnings("ignore", message=r"Found .* module\(s\) in eval mode")  # a frozen frontend is meant to be
    warnings.filterwarnings("ignore", message="Checkpoint directory .* exists and is not empty")  # it is gone on from
    warnings.filterwarnings("ignore", message="Argument ``group`` is an experimental feature")


def hand_over_frontend(model: Detector, data: DeepfakeDataModule) -> None:
    """Give the data the model's frontend, so that features are cached."""
    if not model.cacheable:
        return
    key: dict[str, Any] = {**describe(model.frontend), "version": model.frontend.version}
    if model.enhancement is not None:
        key["enhancement"] = {**describe(model.enhancement), "version": model.enhancement.version}
    data.extractor = FeatureExtractor(model.extract, key)


def _prepare(cli: TrainingCLI) -> None:
    """Hand the data its frontend, and fit a corpus-wide normalisation on train."""
    hand_over_frontend(cli.model, cli.datamodule)
    if cli.trainer.progress_bar_callback is not None and cli.trainer.is_global_zero:
        cli.datamodule.progress = with_bar
    if cli.trainer.world_size > 1:  # each process must know which audio is bad; the first that comes fills the caches
        cli.datamodule.prepare_data()
    if cli.model.normalisation.mode == "corpus":
        cli.datamodule.prepare_data()
        batches = cli.datamodule.train_dataloader()
        cli.model.normalisation.fit(part for batch in batches for part in trimmed(*cli.model.features(batch)))


def _last_run(digest: str) -> str:
    for found in tracking.find({CONFIG_TAG: digest}):
        if _last_checkpoint(found.info.run_id):
            return str(found.info.run_id)
    raise FileNotFoundError(
        f"no run of this very config left a checkpoint in {SCRATCH}/: leave out --ckpt to train from the start"
    )


def _last_checkpoint(run_id: str | None) -> Path | None:
    path = SCRATCH / (run_id or "") / f"{LAST}.ckpt"
    return path if run_id and path.exists() else None


def main(arguments: list[str]) -> int:
    """Train from the command line, or print what would be trained."""
    quieten()
    arguments, threads, tags = reproduce(arguments)
    if SUMMARY_OPTION in arguments:
        return model_summary.main(arguments)
    processes, first = int(os.environ.get(_PROCESSES, "1")), os.environ.get(_RANK, "0") == "0"
    use(share(processes) if threads is None or VARIABLE in os.environ else threads, tell=first)
    with deferred() as interrupted:
        outcome = train(arguments, tags=tags, interrupted=interrupted)
    if not outcome.run_id:
        return 0
    print(f"dev EER {100 * outcome.dev_eer:.2f} % (legacy)   run {outcome.run_id}", file=sys.stdout)
    print(f"next: spooflab evaluate --model {outcome.run_id}")
    return 0
