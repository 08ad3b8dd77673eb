"""A trial in, its draw out if it violates no constraint; in the place of one that does, another is drawn."""

from typing import Final

import optuna
from optuna.trial import FrozenTrial

from sweeps.constraints import BaseConfigs, find_valid, violated
from sweeps.settings import SpaceError
from sweeps.space import Draw, Space
from sweeps.study import ENQUEUED, VIOLATES, own_trials, queue_another, stable_hash

MOST_IN_A_ROW: Final = 20  # draws of a sampler that has not learnt where it may go


class ViolationError(RuntimeError):
    """The values that a trial drew violate a constraint: it is no failure of the training, which does not begin."""


def valid_draw(trial: optuna.Trial, space: Space) -> Draw:
    """Ask a trial for its values.

    Raises:
        ViolationError: they violate a constraint, which the trial notes.
    """
    draw = space.draw(trial)
    broken = violated(draw, BaseConfigs())
    if broken is not None:
        trial.set_user_attr(VIOLATES, broken)
        raise ViolationError(f"violates the constraint {broken}")
    return draw


def draw_another(study: optuna.Study, trial: FrozenTrial, space: Space) -> None:
    """Queue another trial in the place of one that violates a constraint.

    The sampler draws again; where it has not met the constraints for long, values that do are drawn at random for it.

    Raises:
        SpaceError: no values do.
    """
    if _violations_in_a_row(study) < MOST_IN_A_ROW:
        queue_another(study, trial)
        return
    seed = stable_hash(study.study_name, "violations", trial.number)
    found = find_valid(space, seed, BaseConfigs(), trial.user_attrs.get(ENQUEUED))
    if found is None:
        raise SpaceError(f"no values satisfy the constraints, such as {trial.user_attrs[VIOLATES]}: loosen them")
    queue_another(study, trial, found.params)


def _violations_in_a_row(study: optuna.Study) -> int:
    count = 0
    for trial in reversed([trial for trial in own_trials(study) if trial.state.is_finished()]):
        if VIOLATES not in trial.user_attrs:
            break
        count += 1
    return count
