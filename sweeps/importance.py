"""A study as it is shown in, how much each parameter matters out, by two estimates that err differently."""

import warnings
from collections.abc import Callable

import optuna
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from sweeps.shown_study import varying

FEWEST_TRIALS = 4
MOST_WEIGHED = 500  # fANOVA of 2,000 takes half a minute
_SEED = 0


def importances(
    study: optuna.Study, target: Callable[[FrozenTrial], float] | None = None
) -> dict[str, dict[str, float]]:
    """Estimate the share of each parameter in what makes trials differ, of parameters that all of them have.

    fANOVA (Hutter et al. 2014) tells what matters over the whole space, PED-ANOVA (Watanabe et al. 2023) what matters
    for getting among the best tenth.

    Args:
        study: as it is shown.
        target: the measure in question, where there are several; the first of them when not given.

    Returns:
        By estimate and parameter, the most important first; nothing from too few trials, or ones that are all alike.
    """
    if target is None and len(study.directions) > 1:
        target = _first
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    names = varying(study)
    values = {trial.values[0] if target is None else target(trial) for trial in complete}
    if len(complete) < FEWEST_TRIALS or not names or len(values) == 1:
        return {}
    evaluators = {"fANOVA": FanovaImportanceEvaluator(seed=_SEED), "PED-ANOVA": PedAnovaImportanceEvaluator()}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PedAnovaImportanceEvaluator computes")  # of what is low: as is meant
        return {
            title: get_param_importances(study, evaluator=evaluator, params=names, target=target)
            for title, evaluator in evaluators.items()
        }


def _first(trial: FrozenTrial) -> float:
    return trial.values[0]
