"""A config in, one tracked run with its best checkpoint out: ``spooflab train``."""

import argparse
import importlib
import logging
import os
import shutil
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytorch_lightning as pl
import torch
import yaml
from pytorch_lightning.callbacks import Callback, EarlyStopping, ModelCheckpoint
from pytorch_lightning.cli import LightningArgumentParser, LightningCLI

from datamodules.datamodule import DeepfakeDataModule
from datamodules.datasets import FeatureExtractor
from experiments import tracking
from experiments.allocator import keep_freed_memory
from experiments.data_config import read_sections
from experiments.interrupts import deferred
from experiments.threads import share, use
from lightning_modules.detector import Detector
from lightning_modules.losses import WeightedCrossEntropy
from lightning_modules.specifications import describe

SCRATCH = Path("checkpoints")
MONITOR = "dev/eer"
LAST = "last"
CONFIG_TAG = "config.sha256"
SUMMARY_OPTION = "--print-summary"
_PROCESSES, _RANK = "LOCAL_WORLD_SIZE", "LOCAL_RANK"  # where torchrun tells how many it started here, and which this is
_NO_PART = ("ckpt", "print_summary", "json")  # how a run is continued or shown is no part of what it is

KeepGoing = Callable[[int, float], bool]


@dataclass(frozen=True)
class Outcome:
    """What a training came to.

    Attributes:
        run_id: its MLflow run; empty in all but the first process of a distributed training.
        dev_eer: the lowest EER on dev, a fraction.
        stopped: ``keep_going`` ended it.
    """

    run_id: str
    dev_eer: float
    stopped: bool


class TrainingCLI(LightningCLI):
    """The typed config of a training: what ``Detector`` and ``DeepfakeDataModule`` accept, and nothing else."""

    def __init__(self, arguments: Sequence[str], callbacks: Sequence[Callback] = ()) -> None:
        self.checkpoint = ModelCheckpoint(filename="best", monitor=MONITOR, enable_version_counter=False)
        # A callback of its own: `save_last` of the other would be as old as the best.
        self.last = ModelCheckpoint(filename=LAST, enable_version_counter=False)
        super().__init__(
            Detector,
            DeepfakeDataModule,
            save_config_callback=None,
            seed_everything_default=42,
            trainer_defaults={
                "logger": False,
                "use_distributed_sampler": False,  # the data deals its draws out to the processes itself
                "enable_model_summary": False,
                "callbacks": [_StepSeed(), *callbacks, self.checkpoint, self.last],
            },
            parser_kwargs={"exit_on_error": False, "prog": "spooflab train"},
            args=list(arguments),
            run=False,
        )

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add what is neither model, data nor trainer, and tie values that must agree."""
        parser.add_argument("--name", type=str | None, default=None, help="name of the run in MLflow")
        parser.add_argument(
            "--ckpt",
            type=Literal["last"] | None,
            default=None,
            help="go on from the last checkpoint of this very config",
        )
        parser.add_argument("--compile", type=bool, default=False, help="compile the network: worth it on a GPU")
        parser.add_argument(
            SUMMARY_OPTION, action="store_true", help="print what the detector is and costs; no training"
        )
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")
        parser.add_lightning_class_args(EarlyStopping, "early_stopping")
        parser.set_defaults({"early_stopping.monitor": MONITOR, "early_stopping.patience": 8})
        parser.link_arguments("data.sample_rate_hz", "model.frontend.init_args.sample_rate_hz")
        parser.link_arguments("data.sample_rate_hz", "model.network.init_args.sample_rate_hz")
        parser.link_arguments("data.sample_rate_hz", "model.enhancement.init_args.sample_rate_hz")
        parser.link_arguments("data.crop_s", "model.crop_s")

    @property
    def resolved(self) -> dict[str, Any]:
        """The whole config as plain values, defaults included."""
        values = dict(yaml.safe_load(self.parser.dump(self.config, skip_none=False)))
        for word in _NO_PART:
            del values[word]
        return values


class _StepSeed(Callback):
    """Seeds every step by its number, so that a resumed run draws the dropout that an uninterrupted one would.

    Each process of a distributed training draws its own.
    """

    def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:  # noqa: ANN401 - Lightning's signature
        seed = int(os.environ["PL_GLOBAL_SEED"]) * 1_000_003 + trainer.global_step
        torch.manual_seed(seed + trainer.global_rank * 1_000_000_007)


class _Interruption(Callback):
    """Ends the training between two batches once Ctrl-C was pressed: in all processes, or some would wait for ever."""

    def __init__(self, interrupted: Callable[[], bool]) -> None:
        self._interrupted = interrupted

    def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:  # noqa: ANN401 - Lightning's signature
        self._stop(trainer)

    def on_validation_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:  # noqa: ANN401 - Lightning's signature
        self._stop(trainer)

    def _stop(self, trainer: pl.Trainer) -> None:
        if trainer.strategy.reduce_boolean_decision(self._interrupted(), all=False):
            raise KeyboardInterrupt


class _EpochReport(Callback):
    """Tells ``keep_going`` the dev EER of each epoch and stops the training when it says no."""

    def __init__(self, keep_going: KeepGoing) -> None:
        self._keep_going = keep_going
        self.stopped = False

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        if not trainer.sanity_checking and not self._keep_going(
            trainer.current_epoch, float(trainer.callback_metrics[MONITOR])
        ):
            self.stopped = trainer.should_stop = True


def parse(arguments: Sequence[str], callbacks: Sequence[Callback] = ()) -> TrainingCLI:
    """Read configs and overrides, and make the detector, the data and the trainer they describe.

    Raises:
        ValueError: an unknown key, a value of the wrong type, or options that contradict each other.
    """
    try:
        with warnings.catch_warnings():
            # Lightning warns of `args` beside `sys.argv`, which here is this very command's.
            warnings.filterwarnings("ignore", message="LightningCLI's args parameter")
            cli = TrainingCLI(arguments, callbacks)
    except argparse.ArgumentError as error:
        _refuse_no_yaml(arguments)
        raise ValueError(f"the config is not usable: {error}") from error
    loss = cli.model.loss
    if cli.datamodule.balanced and isinstance(loss, WeightedCrossEntropy) and loss.weight_spoof != loss.weight_bonafide:
        raise ValueError(
            "data.balanced together with unequal class weights corrects the imbalance twice: "
            "set model.loss weights equal, or data.balanced to false"
        )
    return cli


def _refuse_no_yaml(arguments: Sequence[str]) -> None:
    """Name the config that is no YAML: the parser tells the line, and not of which of the files."""
    words = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    words.add_argument("-c", "--config", action="append", type=Path, default=[])
    for config in words.parse_known_args(arguments)[0].config:
        if config.is_file():
            read_sections(config)


def train(
    arguments: Sequence[str],
    *,
    name: str | None = None,
    parent: str | None = None,
    tags: dict[str, str] | None = None,
    resume: bool = False,
    keep_going: KeepGoing = lambda epoch, dev_eer: True,  # noqa: ARG005
    on_start: Callable[[str], None] = lambda run_id: None,  # noqa: ARG005
    interrupted: Callable[[], bool] = lambda: False,
    keep_scratch: bool = True,
) -> Outcome:
    """Train as the configs and overrides say, on one MLflow run.

    Args:
        arguments: as on the command line: ``--config C``, ``--model.learning_rate 3e-4``, …
        name: of the run; the network's class when not given.
        parent: id of the run to nest under.
        tags: put on the run.
        resume: go on from the last checkpoint of the newest unfinished run of the same config.
        keep_going: told the epoch and its dev EER; answering no ends the run as KILLED.
        on_start: told the id of the run.
        interrupted: asked between batches whether to stop as after Ctrl-C.
        keep_scratch: leave the local checkpoints after the best one is logged.

    Raises:
        ValueError: the config is not usable.
        FileNotFoundError: there is nothing to resume.
    """
    keep_freed_memory()
    report = _EpochReport(keep_going)
    cli = parse(arguments, [report, _Interruption(interrupted)])
    config = cli.resolved
    digest = tracking.config_digest(config)
    resumed = _last_run(digest) if resume or cli.config.ckpt else None
    if not cli.trainer.is_global_zero:
        return _follow(cli, resumed)
    name = name or cli.config.name or type(cli.model.network).__name__
    with tracking.run(name, parent=parent, resume=resumed, tags={CONFIG_TAG: digest, **(tags or {})}) as run_id:
        on_start(run_id)
        tracking.log_config(run_id, config)
        tracking.log_dataset(run_id, cli.datamodule.corpus, "train and dev")
        tracking.log_params(run_id, {"parameters": sum(p.numel() for p in cli.model.network.parameters())})
        cli.checkpoint.dirpath = cli.last.dirpath = str(SCRATCH / run_id)
        cli.trainer.logger = tracking.lightning_logger(run_id)
        _prepare(cli)
        recipes = {name: augmentation.recipe for name, augmentation in cli.datamodule.augmentations.items()}
        tracking.log_augmentation(run_id, recipes)
        _fit(cli, resumed)
        dev_eer = _lowest_dev_eer(cli)
        tracking.log_metrics(run_id, {"best/dev_eer": dev_eer, **_at_best(run_id)})
        tracking.log_files(run_id, Path(cli.checkpoint.best_model_path), str(Path(tracking.CHECKPOINT_ARTIFACT).parent))
        if report.stopped:
            tracking.kill(run_id, {"stopped_by": "pruner"})
    if not keep_scratch:
        shutil.rmtree(SCRATCH / run_id)
    return Outcome(run_id, dev_eer, report.stopped)


def _fit(cli: TrainingCLI, resumed: str | None) -> None:
    if cli.config.compile:
        cli.model.network.compile()  # in place: a checkpoint is the same
    try:
        cli.trainer.fit(
            cli.model,
            datamodule=cli.datamodule,
            ckpt_path=SCRATCH / resumed / f"{LAST}.ckpt" if resumed else None,
            weights_only=True,
        )
    except SystemExit as stop:  # Lightning's answer to Ctrl-C
        raise KeyboardInterrupt from stop


def _follow(cli: TrainingCLI, resumed: str | None) -> Outcome:
    """Take part in a training that the first of several processes tracks and keeps checkpoints of."""
    cli.checkpoint.dirpath = cli.last.dirpath = str(SCRATCH)  # Lightning tells it the first process's
    _prepare(cli)
    _fit(cli, resumed)
    return Outcome("", _lowest_dev_eer(cli), stopped=False)


def _lowest_dev_eer(cli: TrainingCLI) -> float:
    if cli.checkpoint.best_model_score is None:
        raise RuntimeError("training ended before its first epoch did: raise trainer.max_epochs")
    return float(cli.checkpoint.best_model_score)


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
        cli.model.normalisation.fit(
            batch["features"] if "features" in batch else cli.model.extract(batch["waveform"]) for batch in batches
        )


def _at_best(run_id: str) -> dict[str, float]:
    """The epoch of the lowest dev EER, counted from 0, and the minDCF it had then."""
    eers, costs = tracking.history(run_id, MONITOR), tracking.history(run_id, "dev/min_dcf")
    epoch = int(np.argmin(eers))
    return {"best/dev_min_dcf": costs[epoch], "best/epoch": float(epoch)}


def _last_run(digest: str) -> str:
    for found in tracking.find({CONFIG_TAG: digest}):
        if (SCRATCH / found.info.run_id / f"{LAST}.ckpt").exists():
            return str(found.info.run_id)
    raise FileNotFoundError(
        f"no run of this very config left a checkpoint in {SCRATCH}/: leave out --ckpt to train from the start"
    )


def main(arguments: list[str]) -> int:
    """Train from the command line, or print what would be trained."""
    quieten()
    if SUMMARY_OPTION in arguments:
        return int(importlib.import_module("experiments.model_summary").main(arguments))  # which imports this file
    use(share(int(os.environ.get(_PROCESSES, "1"))), tell=os.environ.get(_RANK, "0") == "0")
    with deferred() as interrupted:
        outcome = train(arguments, interrupted=interrupted)
    if not outcome.run_id:
        return 0
    print(f"dev EER {100 * outcome.dev_eer:.2f} % (legacy)   run {outcome.run_id}", file=sys.stdout)
    print(f"next: spooflab evaluate --model {outcome.run_id}")
    return 0
