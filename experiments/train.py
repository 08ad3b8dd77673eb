"""A config in, one tracked run with its best checkpoint out: ``spooflab train``."""

import logging
import math
import os
import shutil
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datamodules.datamodule import DeepfakeDataModule
from datamodules.datasets import FeatureExtractor
from experiments import model_summary, selection, tracking
from experiments.allocator import keep_freed_memory
from experiments.interrupts import deferred
from experiments.threads import share, use
from experiments.training_callbacks import EpochReport, Interruption, KeepGoing
from experiments.training_config import LAST, SUMMARY_OPTION, TrainingCLI, parse
from lightning_modules.detector import Detector
from lightning_modules.lengths import trimmed
from lightning_modules.specifications import describe

SCRATCH = Path("checkpoints")
CONFIG_TAG = "config.sha256"
_PROCESSES, _RANK = "LOCAL_WORLD_SIZE", "LOCAL_RANK"  # where torchrun tells how many it started here, and which this is


@dataclass(frozen=True)
class Outcome:
    """What a training came to.

    Attributes:
        run_id: its MLflow run; empty in all but the first process of a distributed training.
        dev_eer: EER on dev of the epoch that was kept, a fraction; told by the first process alone.
        stopped: ``keep_going`` ended it.
        measures: of dev at the epoch that was kept; told by the first process alone.
    """

    run_id: str
    dev_eer: float
    stopped: bool
    measures: dict[str, float] = field(default_factory=dict)


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
    config = cli.resolved
    digest = tracking.config_digest(config)
    resumed = _last_run(digest) if resume or cli.config.ckpt else run_id
    checkpoint = _last_checkpoint(resumed)
    if not cli.trainer.is_global_zero:
        return _follow(cli, checkpoint)
    name = name or cli.config.name or type(cli.model.network).__name__
    with tracking.run(name, parent=parent, resume=resumed, tags={CONFIG_TAG: digest, **(tags or {})}) as active:
        run_id = active
        on_start(run_id)
        tracking.log_config(run_id, config)
        tracking.log_dataset(run_id, cli.datamodule.corpus, "train and dev")
        tracking.log_params(run_id, {"parameters": sum(p.numel() for p in cli.model.network.parameters())})
        cli.checkpoint.dirpath = cli.last.dirpath = str(SCRATCH / run_id)
        cli.trainer.logger = tracking.lightning_logger(run_id)
        _prepare(cli)
        recipes = {name: augmentation.recipe for name, augmentation in cli.datamodule.augmentations.items()}
        tracking.log_augmentation(run_id, recipes)
        _fit(cli, checkpoint)
        best = selection.at_best(run_id, cli.selection)
        tracking.log_metrics(run_id, best)
        tracking.log_files(run_id, Path(cli.checkpoint.best_model_path), str(Path(tracking.CHECKPOINT_ARTIFACT).parent))
        if report.stopped:
            tracking.kill(run_id, {"stopped_by": "pruner"})
    measures = selection.measures_at(run_id, int(best["best/epoch"]))
    return Outcome(run_id, best["best/dev_eer"], report.stopped, measures)


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
    if cli.checkpoint.best_model_score is None:
        raise RuntimeError("training ended before its first epoch did: raise trainer.max_epochs")


def _follow(cli: TrainingCLI, checkpoint: Path | None) -> Outcome:
    """Take part in a training that the first of several processes tracks and keeps checkpoints of."""
    cli.checkpoint.dirpath = cli.last.dirpath = str(SCRATCH)  # Lightning tells it the first process's
    _prepare(cli)
    _fit(cli, checkpoint)
    return Outcome("", math.nan, stopped=False)


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
    if not model.frontend.cacheable:
        return
    key: dict[str, Any] = {**describe(model.frontend), "version": model.frontend.version}
    if model.enhancement is not None:
        key["enhancement"] = {**describe(model.enhancement), "version": model.enhancement.version}
    data.extractor = FeatureExtractor(model.extract, key)


def _prepare(cli: TrainingCLI) -> None:
    """Hand the data its frontend, and fit a corpus-wide normalisation on train."""
    hand_over_frontend(cli.model, cli.datamodule)
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
    if SUMMARY_OPTION in arguments:
        return model_summary.main(arguments)
    use(share(int(os.environ.get(_PROCESSES, "1"))), tell=os.environ.get(_RANK, "0") == "0")
    with deferred() as interrupted:
        outcome = train(arguments, interrupted=interrupted)
    if not outcome.run_id:
        return 0
    print(f"dev EER {100 * outcome.dev_eer:.2f} % (legacy)   run {outcome.run_id}", file=sys.stdout)
    print(f"next: spooflab evaluate --model {outcome.run_id}")
    return 0
