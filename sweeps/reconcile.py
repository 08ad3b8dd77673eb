"""What a crash left in, a truthful study and truthful runs out; done at the start of every launch."""

import os
import socket
from collections.abc import Mapping
from types import MappingProxyType

import optuna
import psutil
from optuna.trial import FrozenTrial, TrialState

from experiments import tracking
from sweeps.objective import mirror
from sweeps.study import INTERRUPTED, RETRY, RUN_ID, TASK, WORKER, own_trials, queue_again, without_replaced

MOST_RETRIES = 2
_DIED = "the worker died in the middle of the trial (killed, out of memory, or a reboot)"

_NONE: Mapping[str, str] = MappingProxyType({})


def this_worker() -> str:
    """Return a name for this process that no other process has, now or later."""
    return _worker_name(os.getpid())


def reconcile(study: optuna.Study, lost: Mapping[str, str] = _NONE) -> list[int]:
    """End trials whose worker is dead, and queue them and the interrupted ones again.

    A trial is tried again at most ``MOST_RETRIES`` times after deaths; Ctrl-C does not count against it.

    Args:
        study: with any number of trials.
        lost: tasks of a cluster that are known to be dead, and why.

    Returns:
        Numbers of the trials that were queued again.
    """
    again = []
    for trial in without_replaced(own_trials(study)):
        why = lost.get(trial.user_attrs.get(TASK, ""))
        if trial.state is TrialState.RUNNING and (why or _is_dead(trial.user_attrs.get(WORKER))):
            study.tell(trial.number, state=TrialState.FAIL)
            _end_run(study, trial, why or _DIED)
            if trial.user_attrs.get(RETRY, 0) < MOST_RETRIES:
                queue_again(study, trial)
                again.append(trial.number)
        elif trial.state is TrialState.FAIL and INTERRUPTED in trial.user_attrs:
            mirror(study, trial)
            queue_again(study, trial)
            again.append(trial.number)
    return again


def _end_run(study: optuna.Study, trial: FrozenTrial, why: str) -> None:
    if RUN_ID in trial.user_attrs:
        tracking.fail(trial.user_attrs[RUN_ID], why)
    mirror(study, study.trials[trial.number])


def _is_dead(worker: str | None) -> bool:
    """Tell whether a worker of this machine has gone; one of another machine is left to that machine."""
    if worker is None:  # killed between taking the trial and signing it
        return True
    host, pid, _ = worker.rsplit(":", 2)
    return host == socket.gethostname() and worker != _worker_name(int(pid))


def _worker_name(pid: int) -> str:
    """Name a process by host, number and start, because numbers are used again."""
    try:
        process = psutil.Process(pid)
        # A killed process that nobody waited for is still listed, as a zombie.
        return (
            ""
            if process.status() == psutil.STATUS_ZOMBIE
            else f"{socket.gethostname()}:{pid}:{process.create_time():.2f}"
        )
    except psutil.NoSuchProcess:
        return ""
