"""Queued trials in, each as a task on a Ray cluster out: what a lost node was at is queued again."""

import socket
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import optuna
from optuna.trial import TrialState

from experiments import tracking
from experiments.ray_cluster import Cluster, Needs, Task, connected, refuse_local_stores
from sweeps.crew import run_crew
from sweeps.deaths import Death
from sweeps.study import TASK, TOTAL, own_trials, settled, stable_hash
from sweeps.worker import Job, work


@dataclass(frozen=True)
class OnRay:
    """Tasks on a Ray cluster, one a trial.

    Attributes:
        address: of a running cluster; without one, one of this machine alone is started.
        needs: of a trial.
        most: trials at a time; without it as many as there is room for, and an autoscaler sees all that wait.
    """

    address: str | None = None
    needs: Needs = field(default_factory=Needs)
    most: int | None = None

    def run(self, study: optuna.Study, storage: str, update: Callable[[], None]) -> None:
        """Run the trials of a study on the cluster until it has its total, or was stopped.

        Raises:
            KeyboardInterrupt: Ctrl-C, once every task has put its trial back.
            ValueError: a database is a file, and the cluster has other machines.
        """
        with connected(self.address) as cluster:
            if not cluster.has_room_for(self.needs):
                print(
                    f"no node has {self.needs.cpus:g} CPUs and {self.needs.gpus:g} GPUs for a trial yet: waiting until "
                    "one joins (Ctrl-C, then --cpus-per-trial and --gpus-per-trial ask for less)",
                    file=sys.stderr,
                )
            job = Job(study.study_name, storage, self.needs.threads, most=1)
            tasks = Tasks(cluster, study, job, self)
            try:
                run_crew(tasks, study, update=update)
            except Exception:
                tasks.stop()
                raise

    def __str__(self) -> str:
        return "on Ray"


class Tasks:
    """Tasks on a cluster, each of which runs one trial of a study and ends; a crew whose members are hired by the day.

    Args:
        cluster: to run on.
        study: that they work at.
        job: of each.
        plan: how many at a time, and what each needs.
    """

    def __init__(self, cluster: Cluster, study: optuna.Study, job: Job, plan: OnRay) -> None:
        self._cluster, self._study, self._job, self._plan = cluster, study, job, plan
        self._tasks: dict[str, Task] = {}
        self._launch, self._started = uuid.uuid4().hex[:8], 0

    def __len__(self) -> int:
        return len(self._tasks)

    def hire(self, wanted: int) -> None:
        """Start a task for each waiting trial, less those that have not taken one yet.

        Raises:
            ValueError: a database is a file, and the cluster has, or has got, other machines.
        """
        refuse_local_stores([self._job.storage, tracking.store()], self._cluster.hosts, socket.gethostname())
        at_work = sum(
            trial.state is TrialState.RUNNING and trial.user_attrs.get(TASK) in self._tasks
            for trial in own_trials(self._study)
        )
        unfinished = self._study.user_attrs[TOTAL] - len(settled(self._study))
        room = min(unfinished, unfinished if self._plan.most is None else self._plan.most) - len(self)
        for _ in range(min(wanted - (len(self) - at_work), room)):
            name = f"{self._job.name} {self._launch}-{self._started}"
            job = replace(self._job, task=name, index=stable_hash(name))
            self._tasks[name] = self._cluster.start(name, work, job, self._plan.needs)
            self._started += 1

    def dead(self) -> list[Death]:
        """Strike off the tasks that ended, and return how those were lost that did not mean to."""
        ended = self._cluster.ended(self._tasks.values())
        for task in ended:
            del self._tasks[task.name]
        return [
            Death(f"on Ray, {loss.why}", task.name, alone=not loss.with_node)
            for task, loss in ended.items()
            if loss is not None
        ]

    def wait(self, seconds: float) -> None:
        """Wait so long, or until one of them ends."""
        if self._tasks:
            self._cluster.wait(self._tasks.values(), seconds)
        else:
            time.sleep(seconds)

    def stop(self) -> None:
        """Have each put its trial back, and wait until it did."""
        for task, loss in self._cluster.cancel(self._tasks.values()).items():
            print(f"task {task.name}: {loss.why}; its trial is put back by the next launch", file=sys.stderr)

    def kill(self) -> None:
        """Leave them to Ray, which ends what has lost its driver; the next launch puts their trials back."""
