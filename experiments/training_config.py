"""Configs and overrides in, the detector, the data and the trainer that they describe out."""

import argparse
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from pytorch_lightning.callbacks import Callback, EarlyStopping, ModelCheckpoint, WeightAveraging
from pytorch_lightning.cli import LightningArgumentParser, LightningCLI
from pytorch_lightning.strategies import ParallelStrategy

from datamodules.datamodule import DeepfakeDataModule
from experiments import selection
from experiments.data_config import read_sections
from experiments.known_model import checkpoint_of
from experiments.starting import Start, begin
from experiments.training_callbacks import EndedBefore, EpochLines, StepSeed
from lightning_modules.detector import Detector
from lightning_modules.distillation import Distillation, DistilledDetector

LAST = "last"
SUMMARY_OPTION = "--print-summary"
SHORT = {"--leave-attack-out": "--data.leave_attack_out+", "--selection": "--early_stopping.monitor"}
SHORT_HELP = f"""--leave-attack-out ATTACK, as often as there are, is one more of data.leave_attack_out;
--selection MEASURE is early_stopping.monitor, which picks the epoch that is kept: {", ".join(selection.MEASURES)};
--from-trial SWEEP:NUMBER is the config of that trial, its seed included: what follows it changes it"""
_NO_PART = ("ckpt", "print_summary", "json")  # how a run is continued or shown is no part of what it is
_IF_SET = ("start", "distillation")  # a config without them is the one that it was before there were any


class TrainingCLI(LightningCLI):
    """The typed config of a training: what ``Detector`` and ``DeepfakeDataModule`` accept, and nothing else."""

    _made: ClassVar[LightningArgumentParser | None] = None

    def __init__(self, arguments: Sequence[str], callbacks: Sequence[Callback] = ()) -> None:
        self.checkpoint = ModelCheckpoint(filename="best", monitor=selection.EER, enable_version_counter=False)
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
                "callbacks": [StepSeed(), EndedBefore(), EpochLines(), *callbacks, self.checkpoint, self.last],
            },
            parser_kwargs={"exit_on_error": False, "prog": "spooflab train", "epilog": SHORT_HELP},
            args=_spelled_out(arguments),
            run=False,
            auto_configure_optimizers=False,  # the detector makes its own
            load_from_checkpoint_support=False,  # a checkpoint has its `Specifications`
        )
        self.checkpoint.monitor = self.selection  # what ends the training picks the epoch that is kept, too

    def setup_parser(
        self, add_subcommands: bool, main_kwargs: dict[str, Any], subparser_kwargs: dict[str, Any]
    ) -> None:
        """Make the parser once a process: it is the same for all trials of a worker, and slower to make than to use."""
        if TrainingCLI._made is None:
            super().setup_parser(add_subcommands, main_kwargs, subparser_kwargs)
            TrainingCLI._made = self.parser
        self.parser = TrainingCLI._made

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
        parser.add_argument("--start", type=Start | None, default=None, help="weights to begin with: a model's")
        parser.add_argument("--distillation", type=Distillation | None, default=None, help="a teacher to learn from")
        parser.add_lightning_class_args(EarlyStopping, "early_stopping")
        parser.set_defaults({"early_stopping.monitor": selection.EER, "early_stopping.patience": 8})
        parser.link_arguments("data.sample_rate_hz", "model.frontend.init_args.sample_rate_hz")
        parser.link_arguments("data.sample_rate_hz", "model.network.init_args.sample_rate_hz")
        parser.link_arguments("data.sample_rate_hz", "model.enhancement.init_args.sample_rate_hz")
        parser.link_arguments("data.crop_s", "model.crop_s")
        parser.link_arguments("data.shorter", "model.shorter")

    def instantiate_classes(self) -> None:
        """Make detector, data and trainer, then give the detector its first weights and its teacher, if any."""
        super().instantiate_classes()
        made = self.config_init
        if made.start is not None:
            begin(self.model, made.start)
        if made.distillation is not None:
            checkpoint = checkpoint_of(made.distillation.teacher, "distillation.teacher")
            self.model = DistilledDetector(self.model, checkpoint, made.distillation)

    @property
    def selection(self) -> str:
        """The measure of dev that picks the epoch."""
        return str(self.config.early_stopping.monitor)

    @property
    def lacks_processes(self) -> bool:
        """Whether the config asks for more processes of this machine than whoever started this one has started."""
        strategy = self.trainer.strategy
        if not isinstance(strategy, ParallelStrategy) or self.trainer.world_size == 1 or self.trainer.num_nodes > 1:
            return False
        environment = strategy.cluster_environment
        return environment is None or not environment.creates_processes_externally

    @property
    def resolved(self) -> dict[str, Any]:
        """The whole config as plain values, defaults included."""
        values = dict(json.loads(self.parser.dump(self.config, skip_none=False, skip_validation=True, format="json")))
        for word in (*_NO_PART, *(word for word in _IF_SET if values[word] is None)):
            del values[word]
        return values


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
    if cli.datamodule.balanced and cli.model.loss.weighs_classes:
        raise ValueError(
            f"data.balanced together with the unequal class weights of {type(cli.model.loss).__name__} corrects the "
            "imbalance twice: set model.loss weights equal, or data.balanced to false"
        )
    averages = [callback for callback in cli.trainer.callbacks if isinstance(callback, WeightAveraging)]  # type: ignore[attr-defined]
    if len(averages) > 1:
        raise ValueError(
            "trainer.callbacks: found two averages of the weights, expected one, since one is what dev is measured on "
            "and what is kept: leave out one of them"
        )
    if cli.config.json and not cli.config.print_summary:
        raise ValueError(f"--json is the form of {SUMMARY_OPTION}: add it, or leave out --json")
    selection.refuse_all_but_dev(
        cli.selection, [*cli.trainer.checkpoint_callbacks, *cli.trainer.early_stopping_callbacks]
    )
    return cli


class _ConfigOnly(TrainingCLI):
    """A training's config, with nothing made of it: no corpus is read."""

    def instantiate_classes(self) -> None:
        """Make nothing."""


def read_only(arguments: Sequence[str]) -> TrainingCLI:
    """Read configs and overrides, and make nothing of them: no corpus is read.

    Raises:
        ValueError: an unknown key, or a value of the wrong type.
    """
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="LightningCLI's args parameter")  # as in `parse`
            return _ConfigOnly(arguments)
    except argparse.ArgumentError as error:
        raise ValueError(f"the config is not usable: {error}") from error


def read_config(arguments: Sequence[str]) -> dict[str, Any]:
    """Return the whole config of a training as plain values, defaults included; nothing is made of it.

    Raises:
        ValueError: an unknown key, or a value of the wrong type.
    """
    return read_only(arguments).resolved


def _spelled_out(arguments: Sequence[str]) -> list[str]:
    """Write short options out as those of the config that they stand for."""
    words = list(arguments)
    for place, word in enumerate(words):
        option, equals, value = word.partition("=")
        words[place] = SHORT.get(option, option) + equals + value
    return words


def _refuse_no_yaml(arguments: Sequence[str]) -> None:
    """Name the config that is no YAML: the parser tells the line, and not of which of the files."""
    words = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    words.add_argument("-c", "--config", action="append", type=Path, default=[])
    for config in words.parse_known_args(arguments)[0].config:
        if config.is_file():
            read_sections(config)
