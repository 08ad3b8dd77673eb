"""Processes that promote and roll back at once, or are killed after any of their writes to the registry.

They are forked from a server that has imported everything and opened no store, so each costs a fraction of a second.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from typing import Any

import mlflow

from experiments.promotion import Decision, OvertakenError, promote, rollback

WRITES = (
    *("log_param", "set_registered_model_tag", "set_model_version_tag"),
    *("set_registered_model_alias", "delete_registered_model_alias"),
)
PATIENCE_S = 120
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["experiments.promotion", "tests.promoters"])


def promotion(name: str, version: str, instead_of: str | None) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    return _promote, (name, version, instead_of)


def undoing(name: str) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    return rollback, (name,)


def kill_after(writes: int, job: tuple[Callable[..., Any], tuple[Any, ...]]) -> bool:
    """Do a job, killed right after so many writes; return whether it came that far."""
    process = _CONTEXT.Process(target=_until_killed, args=(mlflow.get_tracking_uri(), writes, *job))
    process.start()
    process.join(PATIENCE_S)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def at_once(jobs: Sequence[tuple[Callable[..., Any], tuple[Any, ...]]]) -> list[str]:
    """Do jobs at once; return what became of each: `done`, `was so already`, or why it was not done."""
    start, answers = _CONTEXT.Barrier(len(jobs)), _CONTEXT.SimpleQueue()
    where = mlflow.get_tracking_uri()
    processes = [
        _CONTEXT.Process(target=_answer, args=(where, start, answers, number, *job)) for number, job in enumerate(jobs)
    ]
    for process in processes:
        process.start()
    found = dict(answers.get() for _ in processes)
    for process in processes:
        process.join(PATIENCE_S)
    return [found[number] for number in range(len(jobs))]


def _promote(name: str, version: str, instead_of: str | None) -> Any:
    return promote(version, Decision("passed all limits"), name, instead_of=instead_of)


def _until_killed(where: str, writes: int, job: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    os.environ["MLFLOW_TRACKING_URI"] = where
    left = writes

    def counted(write: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **options: Any) -> Any:
            nonlocal left
            answer = write(*args, **options)
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return wrapped

    for name in WRITES:
        setattr(mlflow.MlflowClient, name, counted(getattr(mlflow.MlflowClient, name)))
    job(*arguments)


def _answer(
    where: str, start: Any, answers: Any, number: int, job: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    os.environ["MLFLOW_TRACKING_URI"] = where
    start.wait(PATIENCE_S)
    try:
        done = job(*arguments)
    except OvertakenError as error:
        answers.put((number, str(error)))
    except BaseException as error:  # or whoever waits for an answer would wait for ever
        answers.put((number, f"{type(error).__name__}: {error}"))
        raise
    else:
        answers.put((number, "done" if done.changed else "was so already"))
