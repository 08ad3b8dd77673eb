"""A study in, the same as charts show it out: readable names and units, one branch at a time, no retries."""

from collections.abc import Collection, Mapping, Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from sweeps.findings import ranked
from sweeps.measures import reading
from sweeps.study import settled


def shown_study(
    study: optuna.Study, measures: Sequence[str], branches: Sequence[str], option: str | None = None
) -> optuna.Study:
    """Copy what charts are to show into a study in memory.

    Trials keep their numbers: those that are not to be shown leave failed, empty ones in their places.

    Args:
        study: with any number of trials.
        measures: that it minimises, in its order.
        branches: names of the choices at the top of its space.
        option: of the first branch; trials that took another are not shown.
    """
    ended = {trial.number: trial for trial in settled(study)}
    wanted = {
        number: trial
        for number, trial in ended.items()
        if option is None or (branches and trial.params.get(branches[0]) == option)
    }
    names = short_names(dict.fromkeys(name for trial in wanted.values() for name in trial.params), option)
    gone = create_trial(state=TrialState.FAIL)
    copy = optuna.create_study(study_name=study.study_name, directions=["minimize"] * len(measures))
    copy.add_trials(
        [
            _renamed(wanted[number], names, measures) if number in wanted else gone
            for number in range(len(study.get_trials(deepcopy=False)))
        ]
    )
    return copy


def thinned(study: optuna.Study, most: int) -> optuna.Study:
    """Leave out trials where there are more than charts can show.

    The best stay, a third of ``most``, and of the others as many as there is room for, evenly by their numbers.

    Args:
        study: as it is shown.
        most: trials that are shown; a study that has no more is returned as it is.
    """
    trials = [trial for trial in study.get_trials(deepcopy=False) if trial.params]
    if len(trials) <= most:
        return study
    best = {trial.number for trial in ranked(trials)[: most // 3]}
    others = [trial.number for trial in trials if trial.number not in best]
    room = most - len(best)
    kept = best | {others[place * len(others) // room] for place in range(room)}
    copy = optuna.create_study(study_name=study.study_name, directions=study.directions)
    gone = create_trial(state=TrialState.FAIL)
    copy.add_trials([trial if trial.number in kept else gone for trial in study.get_trials(deepcopy=False)])
    return copy


def short_names(names: Mapping[str, object] | Sequence[str], option: str | None = None) -> dict[str, str]:
    """Shorten dotted keys to as many of their last words as tell them apart.

    Args:
        names: of parameters, ``OPTION/KEY`` below a branch.
        option: whose own parameters need not name it.
    """
    split = {name: _split(name, option) for name in names}
    return {name: prefix + _shortest(key, split.values(), prefix) for name, (prefix, key) in split.items()}


def varying(study: optuna.Study) -> list[str]:
    """Return the parameters that all complete trials have, and not all the same value of."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not complete:
        return []
    shared = [name for name in complete[0].params if all(name in trial.params for trial in complete)]
    return [name for name in shared if len({trial.params[name] for trial in complete}) > 1]


def _renamed(trial: FrozenTrial, names: Mapping[str, str], measures: Sequence[str]) -> FrozenTrial:
    factors = [reading(measure).factor for measure in measures]
    return create_trial(
        state=trial.state,
        values=None
        if trial.values is None
        else [value * factor for value, factor in zip(trial.values, factors, strict=True)],
        params={names[name]: value for name, value in trial.params.items()},
        distributions={names[name]: kind for name, kind in trial.distributions.items()},
        intermediate_values={epoch: value * factors[0] for epoch, value in trial.intermediate_values.items()},
        constraints=trial.constraints,
    )


def _split(name: str, option: str | None) -> tuple[str, str]:
    prefix, slash, key = name.rpartition("/")
    return ("" if prefix == option else prefix + slash), key


def _shortest(key: str, split: Collection[tuple[str, str]], prefix: str) -> str:
    words = key.split(".")
    rivals = [other for its_prefix, other in split if its_prefix == prefix and other != key]
    for count in range(1, len(words)):
        tail = ".".join(words[-count:])
        if not any(other == tail or other.endswith(f".{tail}") for other in rivals):
            return tail
    return key
