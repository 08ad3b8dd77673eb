"""Of a run it is told how often it was wrong at the threshold in use, and of another threshold nothing."""

import pytest

from experiments.evaluate import read_metrics
from experiments.web.mistakes import mistakes_of_run


def test_they_are_those_at_the_threshold_of_the_evaluation(place, evaluated):
    metrics = read_metrics(evaluated)
    found = mistakes_of_run(evaluated, metrics.threshold)
    assert (found.frr, found.far) == (metrics.frr, metrics.far)
    assert (found.bonafide, found.spoof) == (metrics.trials["bonafide"], metrics.trials["spoof"])
    assert found.worst_far == max(numbers["far"] for numbers in metrics.attacks.values())
    assert found.worst_far == metrics.attacks[found.worst_attack]["far"]


@pytest.mark.parametrize("run_id", ["", "0" * 32])
def test_without_an_evaluation_or_with_another_threshold_they_are_not_known(place, evaluated, run_id):
    assert mistakes_of_run(run_id or evaluated, 123.0) is None
