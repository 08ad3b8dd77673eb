"""Workers in, the seconds that a trial takes which trains nothing, the usual way; for benchmarks/sweeps.py.

The usual way is Optuna's own storage on SQLite and `mlflow.log_metrics` at the end of every epoch, as examples of both
have it: no config is read, no trainer made, no checkpoint kept. All processes have begun before the first trial counts.
"""

import multiprocessing
import statistics
import time
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier

import mlflow
import optuna
from _measured import METRICS

STORAGE = "sqlite:///usual.db"
_LEFT_OUT = 1  # trials of each worker: the first one makes connections


def trial_s(workers: int, trials: int, epochs: int) -> float:
    """Median seconds of a trial, all workers busy."""
    name = f"usual {workers}"
    optuna.create_study(study_name=name, storage=STORAGE)
    mlflow.set_experiment("usual")
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(workers)
    told = context.SimpleQueue()
    each = [name, trials // workers, epochs, together, told]
    processes = [context.Process(target=_work, args=each) for _ in range(workers)]
    for process in processes:
        process.start()
    seconds = [seconds for _ in processes for seconds in told.get()]
    for process in processes:
        process.join()
    return statistics.median(seconds)


def _work(name: str, trials: int, epochs: int, together: Barrier, told: SimpleQueue[list[float]]) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.load_study(study_name=name, storage=STORAGE)
    mlflow.set_experiment("usual")

    def objective(trial: optuna.Trial) -> float:
        rate = trial.suggest_float("learning_rate", 0.001, 0.02, log=True)
        with mlflow.start_run():
            mlflow.log_params(trial.params)
            for epoch in range(epochs):
                mlflow.log_metrics({f"metric/{number}": rate * epoch for number in range(METRICS)}, epoch)
                trial.report(rate, epoch)
                trial.should_prune()
        return rate

    together.wait()
    seconds = []
    for _ in range(trials + _LEFT_OUT):
        begin = time.perf_counter()
        study.optimize(objective, n_trials=1)
        seconds.append(time.perf_counter() - begin)
    told.put(seconds[_LEFT_OUT:])
