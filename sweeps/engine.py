"""A study whose trials wait in, all of them run out: by processes of this machine, or another engine of this form."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import optuna

from experiments.threads import share
from sweeps.crew import run_crew
from sweeps.members import Members
from sweeps.worker import Job


class Engine(Protocol):
    """What runs trials."""

    def run(self, study: optuna.Study, storage: str, update: Callable[[], None]) -> None:
        """Run the trials of a study until it has its total, or was stopped.

        Args:
            study: that they are queued in.
            storage: URL of its database.
            update: to be called about twice a second.

        Raises:
            KeyboardInterrupt: Ctrl-C, once every trial was put back.
        """

    def __str__(self) -> str: ...


@dataclass(frozen=True)
class Local:
    """Processes of this machine.

    Attributes:
        workers: that share the trials.
        gpus_each: GPUs that each worker sees, where there are any.
    """

    workers: int = 1
    gpus_each: int = 1

    def run(self, study: optuna.Study, storage: str, update: Callable[[], None]) -> None:
        """Run the trials of a study until it has its total, or was stopped."""
        members = Members(Job(study.study_name, storage, share(self.workers)), self.workers, self.gpus_each)
        run_crew(members, study, update=update)

    def __str__(self) -> str:
        return f"{self.workers} worker(s) of {share(self.workers)} thread(s)"
