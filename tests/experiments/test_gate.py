"""The gate holds what it says, and a YAML with a misspelt limit is no gate."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.evidence import Metrics, Threshold, measure_all
from experiments.gate import Gate, checks, read_gate
from experiments.promote import GATE
from experiments.scored_trials import ScoredTrials

TRIALS = ScoredTrials(["a", "b"], np.array([1.0, 0.0]), np.array([1, 0]), ["-", "M01"], None, None, None)
SOME = measure_all(TRIALS, Threshold(0.5, "given"), resamples=0)
LIMITS = Gate(max_eer=0.2, max_worst_attack_eer=0.5, max_eer_above_champion=0.01, max_balanced_error=0.3)


def metrics(eer: float, worst: float = 0.3, balanced: float = 0.9) -> Metrics:
    return replace(
        SOME,
        eer={"legacy": eer, "grouped": eer, "rocch": eer},
        attacks={"M01": {"eer": 0.0}, "M02": {"eer": worst}},
        balanced_accuracy=balanced,
    )


@pytest.mark.parametrize(
    ("candidate", "champion", "fails"),
    [
        (metrics(0.1), None, []),
        (metrics(0.2), None, []),
        (metrics(0.21), None, ["EER"]),
        (metrics(0.1, worst=0.6), None, ["EER of the worst attack (M02)"]),
        (metrics(0.1, balanced=0.6), None, ["balanced error at the threshold"]),
        (metrics(0.1), metrics(0.095), []),
        (metrics(0.1), metrics(0.05), ["EER against the champion's"]),
        (metrics(0.3, worst=0.9), metrics(0.1), ["EER", "EER of the worst attack (M02)", "EER against the champion's"]),
    ],
)
def test_limits(candidate, champion, fails):
    assert [row.name for row in checks(LIMITS, candidate, champion) if not row.holds] == fails


@pytest.mark.parametrize("name", ["gate.yaml", "gate_demo.yaml"])
def test_the_shipped_gates_are_gates_and_refuse_chance(name):
    assert not all(row.holds for row in checks(read_gate(GATE.with_name(name)), metrics(0.5, balanced=0.49), None))


@pytest.mark.parametrize("text", ["max_eer: 0.1", "{", "[]", "{max_er: 1, max_worst_attack_eer: 1}"])
def test_what_is_no_gate_is_refused(tmp_path, text):
    path = tmp_path / "gate.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"gate\.yaml"):
        read_gate(path)
