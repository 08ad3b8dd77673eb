"""Dev is scored utterance by utterance once, and then read back the same."""

import numpy as np
import pytest

from experiments import dev_scores as module
from experiments.dev_scores import dev_scores


def test_scores_are_kept_on_the_run(place, evaluated, monkeypatch):
    first = dev_scores(evaluated)
    assert set(first.labels.tolist()) == {0, 1}

    def again(*_, **__):
        raise AssertionError("it was scored before")

    monkeypatch.setattr(module, "score_trials", again)
    second = dev_scores(evaluated)
    assert np.array_equal(first.scores, second.scores)
    assert list(first.utterances) == list(second.utterances)
    assert first.speakers == second.speakers


def test_a_run_without_a_checkpoint_is_named(place):
    from experiments import tracking

    with tracking.run("empty") as run_id:
        pass
    with pytest.raises(FileNotFoundError, match=run_id):
        dev_scores(run_id)
