"""Queued trials in, each as a task on a Ray cluster out: what a lost node was at is queued again."""

import socket
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import optuna
from optuna.trial import TrialState

from experiments import tracking
from experiments.interrupts import deferred
from experiments.ray_cluster import Cluster, Loss, Needs, Task, connected, refuse_local_stores
from sweeps.reconcile import reconcile
from sweeps.space import read_space
from sweeps.study import TASK, open_study, own_trials, settled, waiting
from sweeps.worker import Job, announce, work

_POLL_S = 1.0
_MOST_CRASHES = 3


@dataclass(frozen=True)
class Plan:
    """How trials are laid over a cluster.

    Attributes:
        address: of a running cluster; without one, one of this machine alone is started.
        needs: of a trial.
        most: trials at a time; without it as many as there is room for, and an autoscaler sees all that is left.
    """

    address: str | None = None
    needs: Needs = field(default_factory=Needs)
    most: int | None = None


def run_on_ray(job: Job, plan: Plan) -> None:
    """Run queued trials on a cluster until none is left.

    Raises:
        KeyboardInterrupt: Ctrl-C, once every task has put its trial back.
        RuntimeError: tasks crash one after the other.
        ValueError: a database is a file, and the cluster has other machines.
    """
    with connected(plan.address) as cluster:
        refuse_local_stores([job.storage, tracking.store()], cluster.hosts, socket.gethostname())
        if not cluster.has_room_for(plan.needs):
            print(
                f"no node has {plan.needs.cpus:g} CPUs and {plan.needs.gpus:g} GPUs for a trial yet: waiting until one "
                "joins (Ctrl-C, then --cpus-per-trial and --gpus-per-trial ask for less)",
                file=sys.stderr,
            )
        study = open_study(job.name, job.storage, read_space(job.space))
        drive(cluster, study, replace(job, threads=plan.needs.threads), plan)


def drive(cluster: Cluster, study: optuna.Study, job: Job, plan: Plan) -> None:
    """Keep as many tasks on the cluster as there are trials to run, and put back those of lost ones."""
    launch = uuid.uuid4().hex[:8]
    tasks: dict[str, Task] = {}
    started = crashes = 0
    told = {trial.number for trial in settled(study)}
    with deferred() as interrupted:
        while not interrupted():
            for _ in range(wanted(study, tasks, job.total, plan.most)):
                name = f"{job.name} {launch}-{started}"
                tasks[name] = cluster.start(name, work, replace(job, task=name, index=started), plan.needs)
                started += 1
            if not tasks:
                return
            ended = cluster.ended(tasks.values(), _POLL_S)
            for task in ended:
                del tasks[task.name]
            lost = {task.name: loss for task, loss in ended.items() if loss is not None}
            put_back(study, lost)
            new = [trial for trial in settled(study) if trial.number not in told]
            for trial in new:
                announce(study, trial)
            told |= {trial.number for trial in new}
            crashes = 0 if new else crashes + sum(not loss.with_node for loss in lost.values())
            if crashes >= _MOST_CRASHES:
                cluster.cancel(tasks.values())
                raise RuntimeError(
                    f"{crashes} processes died with no trial ended in between ({next(iter(lost.values())).why}): where "
                    "memory is short, fewer trials at a time need less of it (--workers, or more --cpus-per-trial)"
                )
        cluster.cancel(tasks.values())
    raise KeyboardInterrupt


def wanted(study: optuna.Study, tasks: Mapping[str, Task], total: int, most: int | None) -> int:
    """Return how many tasks are to be started: one for each waiting trial, less those that have not taken one yet."""
    at_work = sum(
        trial.state is TrialState.RUNNING and trial.user_attrs.get(TASK) in tasks for trial in own_trials(study)
    )
    missing = len(waiting(study)) - (len(tasks) - at_work)
    room = min(total - len(settled(study)), total if most is None else most) - len(tasks)
    return max(0, min(missing, room))


def put_back(study: optuna.Study, lost: Mapping[str, Loss]) -> None:
    """Queue again what lost tasks were at, and say so."""
    if not lost:
        return
    again = reconcile(study, {name: loss.why for name, loss in lost.items()})
    for name, loss in lost.items():
        print(f"lost a task ({name}): {loss.why}", file=sys.stderr)
    if again:
        print(f"queued again: trial {', '.join(map(str, again))}", file=sys.stderr)
