"""A space and a total in, a finished sweep out; launched again, it goes on where it stopped."""

import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from pathlib import Path

import optuna

from experiments import sweep_runs, tracking
from sweeps.answer import as_json
from sweeps.check import check
from sweeps.constraints import BaseConfigs
from sweeps.engine import Engine, Local
from sweeps.grid import points
from sweeps.identity import Identity, claim, identify, numbered_name
from sweeps.monitor import Form
from sweeps.reconcile import adopt
from sweeps.reseed import Wish, reseed, verdict
from sweeps.retention import KEPT
from sweeps.samplers import Grid
from sweeps.seed_queue import study_over_seeds
from sweeps.space import Params, Space
from sweeps.space_file import read_space
from sweeps.storage import open_storage
from sweeps.streak import SweepStoppedError
from sweeps.study import DATA, DEFAULT_STORAGE, FINGERPRINT, SPACE, open_study, queue
from sweeps.team import Team
from sweeps.upkeep import Upkeep

USUAL_TRIALS = 20


def launch(
    path: Path,
    name: str,
    asked: int | None = None,
    storage: str = DEFAULT_STORAGE,
    engine: Engine = Local(),  # noqa: B008 - frozen
    form: Form = "auto",
    keep: int = KEPT,
    wish: Wish | None = None,
    new: bool = False,
) -> optuna.Study:
    """Bring a sweep to a total of trials, and publish what it found on its MLflow run.

    Args:
        path: YAML of the search space.
        name: of the study and of the MLflow run.
        asked: trials in all, those of earlier launches included; the whole of a grid, else 20, when not given.
        storage: URL of Optuna's database.
        engine: what runs the trials.
        form: of what is told while it runs; as ``json``, standard output has nothing else.
        keep: checkpoints of how many trials, the best ones.
        wish: train the best anew over several seeds; none for not.
        new: number the name where it stands for another space.

    Raises:
        ValueError: the space cannot be searched, or is not the one that the name stands for.
        SweepStoppedError: trial after trial failed of the same cause.
    """
    tracking.require_findable(name)
    space, bases, out = read_space(path), BaseConfigs(), sys.stdout
    checked = check(space, bases)
    first = first_trials(space, bases)
    total = total_of(space, first, asked)
    study = _claimed(name, storage, space, identify(space, checked), new)
    name = study.study_name
    corpora = [part.training.datamodule.corpus for part in checked]
    told = {SPACE: space.text, DATA: corpora[0].digest}
    team = Team(space, checked, told, storage, engine, form, out)
    earlier = tracking.find({sweep_runs.SWEEP_TAG: name})
    resume = earlier[0].info.run_id if earlier else None
    tags = {sweep_runs.SWEEP_TAG: name, "sweep.fingerprint": study.user_attrs[FINGERPRINT]}
    silence = redirect_stdout(sys.stderr) if form == "json" else nullcontext()
    with silence, tracking.run(name, resume=resume, tags=tags) as parent:
        for corpus in {corpus.digest: corpus for corpus in corpora}.values():
            tracking.log_dataset(parent, corpus, "train and dev")
        adopt(study, parent)
        queue(study, total, first)
        upkeep = Upkeep(study, parent, told[SPACE], space.objective.measures, list(space.root.branches), keep)
        beside = study_over_seeds(name)
        if beside in optuna.get_all_study_names(open_storage(storage)):
            upkeep.judged = verdict(open_study(beside, storage, space), upkeep.found)
        try:
            team.bring(study, parent, total, upkeep.after_trials)
            if wish is not None and upkeep.found.ranking:
                upkeep.publish()
                upkeep.judged = reseed(open_study(beside, storage, space), upkeep.found, wish, parent, team.bring)
        except SweepStoppedError as stopped:
            upkeep.publish(str(stopped).splitlines()[0])
            raise
        upkeep.publish()
        if upkeep.judged is not None:
            print(f"over {upkeep.judged.seeds} seeds: {upkeep.judged.sentence()}")
        if form == "json":
            print(json.dumps(as_json(upkeep.found, upkeep.judged)), file=out, flush=True)
    return study


def _claimed(name: str, storage: str, space: Space, identity: Identity, new: bool) -> optuna.Study:
    """Open the study of a name, or of that name numbered, that stands for a space."""
    if new and (numbered := numbered_name(name, storage, identity)) != name:
        print(f"{name!r} is another sweep's name: this one is {numbered!r}", file=sys.stderr)
        name = numbered
    study = open_study(name, storage, space)
    claim(study, space, identity)
    return study


def first_trials(space: Space, bases: BaseConfigs) -> list[Params]:
    """Return the values of the trials that are run first: all points of a grid, else what the space enqueues."""
    return points(space, bases) if isinstance(space.sampler, Grid) else list(space.enqueued)


def total_of(space: Space, first: Sequence[Params], asked: int | None) -> int:
    """Return how many trials a sweep has: a grid never more than its points."""
    if isinstance(space.sampler, Grid):
        return min(len(first), asked or len(first))
    return asked or USUAL_TRIALS
