"""What a study found is told from its trials alone."""

import pytest
from optuna.trial import TrialState

from sweeps.findings import findings, ranked, time_saved
from sweeps.study import RETRY_OF
from tests.sweeps.made_up import study, trial

EER = ("dev/eer",)
BRANCHES = ("network",)


def test_best_median_and_counts():
    made = study(
        trial(0.3),
        trial(0.1),
        trial(0.2, network="rawnet2"),
        trial(0.4, state=TrialState.PRUNED, epochs=1),
        trial(None, state=TrialState.FAIL, epochs=0, attributes={"cause": "RuntimeError: no disk"}),
        trial(None, state=TrialState.FAIL, epochs=0, attributes={"cause": "ValueError: odd"}),
        trial(None, state=TrialState.FAIL, epochs=0, attributes={"cause": "RuntimeError: no disk"}),
    )
    found = findings(made, EER, BRANCHES)
    assert found.best.number == 1
    assert found.median == 0.2
    assert found.states == {"complete": 3, "pruned": 1, "failed": 3}
    assert found.failures == {"RuntimeError: no disk": [4, 6], "ValueError: odd": [5]}
    assert [each.number for each in found.ranking] == [1, 2, 0]
    assert found.branch(found.ranking[1]) == "rawnet2"


def test_pruning_saves_what_complete_ones_of_the_kind_had_longer():
    trials = [
        trial(0.1, epochs=8, seconds=80),
        trial(0.2, epochs=12, seconds=120),
        trial(0.4, state=TrialState.PRUNED, epochs=3, seconds=30),
        trial(0.4, state=TrialState.PRUNED, network="rawnet2", epochs=3, seconds=300),  # no complete one of its kind
    ]
    saving = time_saved(trials, BRANCHES)
    assert (saving.epochs, saving.trials) == (7, 1)
    assert saving.seconds == pytest.approx(70)


def test_epochs_of_attempts_before_do_not_make_a_retry_quick():
    trials = [
        trial(0.1, epochs=10, seconds=100),
        trial(0.1, epochs=10, seconds=1, attributes={RETRY_OF: 0}),
        trial(0.3, state=TrialState.PRUNED, epochs=5, seconds=50),
    ]
    assert time_saved(trials, ()).seconds == pytest.approx(50)


def test_of_alike_trials_the_best_is_the_one_on_the_front():
    found = findings(study(trial((0.1, 30.0)), trial((0.1, 10.0)), measures=2), ("dev/eer", "latency_ms"), ())
    assert [found.best.number] == [each.number for each in found.front] == [1]


def test_a_front_of_several_measures():
    made = study(trial((0.1, 30.0)), trial((0.2, 10.0)), trial((0.3, 40.0)), measures=2)
    found = findings(made, ("dev/eer", "latency_ms"), BRANCHES)
    assert [each.number for each in found.front] == [0, 1]


def test_beyond_a_limit_ranks_last():
    trials = [trial(0.1, constraints={"latency_ms": 5.0}), trial(0.3, constraints={"latency_ms": -5.0})]
    assert [each.values[0] for each in ranked(trials)] == [0.3, 0.1]


def test_baselines_are_what_a_person_gave_and_its_retries():
    given = {"fixed_params": {"network": "cnn", "model.learning_rate": 0.01}}
    made = study(
        trial(None, state=TrialState.FAIL, system=given),
        trial(0.2, system={"fixed_params": {}}),
        trial(0.3, system=given, attributes={RETRY_OF: 0}),
        trial(0.3, system=given, attributes={RETRY_OF: 1}),
    )
    found = findings(study(*made.trials[:3]), EER, BRANCHES)
    assert [each.number for each in found.baselines] == [2]
    assert [each.number for each in findings(made, EER, BRANCHES).baselines] == [2]


def test_a_trial_that_a_person_gave_a_part_of_is_no_baseline():
    part, whole = {"network": "cnn"}, {"network": "cnn", "model.learning_rate": 0.01}
    made = study(trial(0.2, system={"fixed_params": part}), trial(0.3, system={"fixed_params": whole}), trial(0.4))
    assert [each.number for each in findings(made, EER, BRANCHES).baselines] == [1]
