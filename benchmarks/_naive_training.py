"""A config in, the lowest dev EER out: a training script as a loop over trials would call it, for benchmarks/sweeps.py.

A process of its own: it imports, decodes the corpus and computes its features anew, and tracks nothing. It has the
threads of a sweep's worker, so that both round alike and an error is the same as that of the whole trial; on two
threads such a training was no faster.
"""

import sys
import tempfile

import pytorch_lightning as pl

from experiments.selection import EER
from experiments.threads import share, use
from experiments.train import hand_over_frontend, quieten
from experiments.training_config import parse


class Lowest(pl.Callback):
    """The lowest dev EER so far."""

    def __init__(self) -> None:
        self.eer = 1.0

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Look at an epoch."""
        if not trainer.sanity_checking:
            self.eer = min(self.eer, float(trainer.callback_metrics[EER]))


def main(workers: int, arguments: list[str]) -> None:
    """Train and print."""
    quieten()
    use(share(workers), tell=False)
    lowest = Lowest()
    with tempfile.TemporaryDirectory() as folder:
        cli = parse([*arguments, f"--data.cache_dir={folder}/cache"], [lowest])
        cli.checkpoint.dirpath = cli.last.dirpath = f"{folder}/checkpoints"
        hand_over_frontend(cli.model, cli.datamodule)
        cli.trainer.fit(cli.model, datamodule=cli.datamodule)
    print(lowest.eer)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
