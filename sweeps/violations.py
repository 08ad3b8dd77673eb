"""A trial in, its draw out if it violates no constraint; in the place of one that does, another is queued."""

from typing import Final

import optuna

from sweeps.constraints import BaseConfigs, find_valid, violated
from sweeps.space import Draw, Params, Space
from sweeps.study import ENQUEUED, QUEUED, RETRY, RETRY_OF, VIOLATES, own_trials, stable_hash

MOST_IN_A_ROW: Final = 10  # draws of a sampler that has not learnt where it may go


class ViolationError(RuntimeError):
    """The values that a trial drew violate a constraint: it is no failure of the training, which does not begin."""


def valid_draw(trial: optuna.Trial, space: Space) -> Draw:
    """Ask a trial for its values.

    Where they violate a constraint another trial is queued first: this one is replaced before it has failed, so that
    nobody counts it. The sampler draws again; where it has not met the constraints for long, values are drawn at random
    that do.

    Raises:
        ViolationError: the values violate a constraint, which the trial notes.
    """
    bases = BaseConfigs()
    draw = space.draw(trial)
    broken = violated(draw, bases)
    if broken is None:
        return draw
    trial.set_user_attr(VIOLATES, broken)
    given = trial.user_attrs.get(ENQUEUED, {})
    attributes = {QUEUED: True, RETRY: 0, RETRY_OF: trial.number, **({ENQUEUED: given} if given else {})}
    trial.study.enqueue_trial(dict(_others(trial, space, bases, given)), user_attrs=attributes)
    raise ViolationError(f"violates the constraint {broken}")


def _others(trial: optuna.Trial, space: Space, bases: BaseConfigs, given: Params) -> Params:
    if _violations_in_a_row(trial.study) < MOST_IN_A_ROW:
        return given
    found = find_valid(space, stable_hash(trial.study.study_name, "violations", trial.number), bases, given)
    return given if found is None else found.params  # the check found some: the next one tries on


def _violations_in_a_row(study: optuna.Study) -> int:
    count = 0
    for trial in reversed(own_trials(study)):
        if VIOLATES in trial.user_attrs:
            count += 1
        elif trial.state.is_finished():
            break
    return count
