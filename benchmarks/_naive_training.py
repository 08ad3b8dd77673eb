"""A config in, the lowest dev EER out: a training script as a loop over trials would call it, for benchmarks/sweeps.py.

A process of its own: imports, decodes the corpus, computes features in every step of every epoch, and tracks nothing.
"""

import sys
import tempfile

import pytorch_lightning as pl

from experiments.selection import EER
from experiments.threads import cores, use
from experiments.train import quieten
from experiments.training_config import parse


class Lowest(pl.Callback):
    """The lowest dev EER so far."""

    def __init__(self) -> None:
        self.eer = 1.0

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Look at an epoch."""
        if not trainer.sanity_checking:
            self.eer = min(self.eer, float(trainer.callback_metrics[EER]))


def main(arguments: list[str]) -> None:
    """Train and print."""
    quieten()
    use(cores(), tell=False)
    lowest = Lowest()
    with tempfile.TemporaryDirectory() as folder:
        cli = parse([*arguments, f"--data.cache_dir={folder}/cache"], [lowest])
        cli.checkpoint.dirpath = cli.last.dirpath = f"{folder}/checkpoints"
        cli.trainer.fit(cli.model, datamodule=cli.datamodule)
    print(lowest.eer)


if __name__ == "__main__":
    main(sys.argv[1:])
