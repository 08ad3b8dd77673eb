"""The best trained anew over several seeds: queued once, judged by the mean, kept with how sure it is."""

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from experiments.scored_trials import ScoredTrials
from sweeps.seed_queue import Reseeding, name_of, queue_seeds, reseeding, run_name
from sweeps.seed_table import Row, Training, judge
from sweeps.study import own_trials, queue_again, trial_seed
from tests.sweeps.made_up import study, trial

UTTERANCES = [f"u{k}" for k in range(80)]
LABELS = np.array([1] * 40 + [0] * 40)


def scored(quality: float, seed: int) -> ScoredTrials:
    """Scores that tell the classes apart by so many standard deviations."""
    scores = np.random.default_rng(seed).normal(size=80) + quality * LABELS
    return ScoredTrials(UTTERANCES, scores, LABELS, ["-"] * 80, None, None, None)


def row(number: int, quality: float, values: list[float]) -> Row:
    trainings = {k: Training(f"run{number}-{k}", value, scored(quality, k)) for k, value in enumerate(values)}
    return Row(number, f"trial {number}", 0.01, trainings)


def test_the_mean_picks_and_the_training_in_the_middle_is_taken():
    verdict = judge([row(3, 0.5, [0.1, 0.5, 0.6]), row(7, 3.0, [0.2, 0.3, 0.25])], "dev/eer", 3)
    assert [each.trial for each in verdict.rows] == [7, 3]
    assert verdict.picked.mean == pytest.approx(0.25)
    assert verdict.picked.sd == pytest.approx(0.05)
    assert verdict.picked.typical.run_id == "run7-2"
    apart = verdict.differences[3]
    assert apart.low > 0.1
    assert apart.p_value < 0.01
    assert "surely better than the runner-up, trial 3" in verdict.sentence()
    text = verdict.markdown()
    assert "| **trial 7**, picked | 1.00 % | **25.00 %** | 5.00 % | 3 |  |  |" in text
    assert "1000 resamples of trials of dev and seeds" in text
    assert verdict.as_json()["run"] == "run7-2"


def test_alike_is_said_to_be_alike():
    verdict = judge([row(1, 1.0, [0.2, 0.3]), row(2, 1.0, [0.25, 0.26])], "dev/eer", 2)
    assert "not told apart from" in verdict.sentence()
    assert verdict.differences[verdict.rows[1].trial].p_value == 1.0


def test_of_the_same_mean_the_better_in_the_sweep_is_picked():
    first, second = (
        Row(number, "", before, row(number, 1.0, [0.25]).trainings) for number, before in ((1, 0.3), (2, 0.2))
    )
    verdict = judge([first, second], "dev/eer", 1)
    assert verdict.picked.trial == 2
    assert "trials 2 and 1 have the same mean; trial 2 is picked" in verdict.sentence()


def test_a_config_without_all_its_seeds_is_not_picked():
    lucky = row(1, 3.0, [0.01])
    verdict = judge([lucky, row(2, 1.0, [0.2, 0.3])], "dev/eer", 2)
    assert verdict.picked.trial == 2
    assert judge([Row(1, "trial 1", 0.1, {})], "dev/eer", 2) is None
    alone = judge([lucky], "dev/eer", 2)
    assert "nothing to compare" in alone.markdown()
    assert alone.picked.sd is None


def test_of_an_even_number_the_worse_of_the_middle_is_taken():
    assert row(1, 1.0, [0.1, 0.2, 0.3, 0.4]).typical.value == 0.3


def test_each_config_gets_the_same_seeds_once():
    best = study(trial(0.1), trial(0.2, learning_rate=0.02)).trials
    beside = optuna.create_study(study_name="s over seeds")
    assert queue_seeds(beside, best, 2) == 4
    assert queue_seeds(beside, best, 3) == 6
    queued = own_trials(beside)
    assert {reseeding(each) for each in queued} == {Reseeding(number, k) for number in (0, 1) for k in range(3)}
    seeds = {of: {trial_seed(beside, each) for each in queued if reseeding(each).trial == of} for of in (0, 1)}
    assert seeds[0] == seeds[1]
    assert len(seeds[0]) == 3
    assert queued[0].system_attrs["fixed_params"] == best[0].params


def test_one_that_is_tried_again_is_still_of_its_trial():
    beside = optuna.create_study()
    queue_seeds(beside, study(trial(0.1)).trials, 1)
    beside.tell(beside.ask(), state=TrialState.FAIL)
    queue_again(beside, beside.trials[0], "its worker died", None)
    (again,) = [each for each in beside.trials if each.state is TrialState.WAITING]
    assert reseeding(again) == Reseeding(0, 0)
    assert name_of(again) == "trial 0 seed 0"
    assert run_name(again, ["cnn"]) == "trial 000 seed 0 cnn"


def test_runs_sort_by_name_as_trials_do():
    made = study(*(trial(0.1 + number / 100) for number in range(11)))
    names = [run_name(each, ["cnn"]) for each in made.trials]
    assert sorted(names) == names
    assert names[10] == "trial 010 cnn"
