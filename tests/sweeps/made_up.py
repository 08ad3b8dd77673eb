"""Studies in memory with trials whose fates are written down."""

from datetime import datetime, timedelta

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from sweeps.study import FAILURE, QUEUED, RETRY, RUN_ID

START = datetime(2026, 1, 1)  # noqa: DTZ001 - Optuna's times have no zone
LEARNING_RATE = FloatDistribution(1e-4, 1e-1, log=True)
DROPOUT = FloatDistribution(0.0, 0.5)


def trial(
    value: float | tuple[float, ...] | None,
    *,
    state: TrialState = TrialState.COMPLETE,
    network: str | None = "cnn",
    learning_rate: float = 0.01,
    dropout: float | None = None,
    epochs: int = 4,
    seconds: float = 40,
    attributes: dict[str, object] | None = None,
    system: dict[str, object] | None = None,
    constraints: dict[str, float] | None = None,
) -> FrozenTrial:
    """A trial that was queued; `dropout` is the CNN's own."""
    values = value if isinstance(value, tuple) else None if value is None else (value,)
    params: dict[str, object] = {"model.learning_rate": learning_rate}
    distributions: dict[str, optuna.distributions.BaseDistribution] = {"model.learning_rate": LEARNING_RATE}
    if network is not None:
        params["network"], distributions["network"] = network, CategoricalDistribution(["cnn", "rawnet2"])
    if dropout is not None:
        params["cnn/model.network.init_args.dropout"] = dropout
        distributions["cnn/model.network.init_args.dropout"] = DROPOUT
    told = {FAILURE: "it failed"} if state is TrialState.FAIL else {}  # one that told none is owed another try
    made = create_trial(
        state=state,
        values=values,
        params=params,
        distributions=distributions,
        user_attrs={QUEUED: True, RETRY: 0, RUN_ID: f"run{learning_rate}", **told, **(attributes or {})},
        system_attrs=system,
        intermediate_values=dict.fromkeys(range(epochs), (values or (0.5,))[0]),
        constraints=constraints,
    )
    made.datetime_start = START
    made.datetime_complete = START + timedelta(seconds=seconds) if state.is_finished() else None
    return made


def study(*trials: FrozenTrial, measures: int = 1, name: str = "made up") -> optuna.Study:
    """A study of these trials."""
    made = optuna.create_study(study_name=name, directions=["minimize"] * measures)
    made.add_trials(trials)
    return made
