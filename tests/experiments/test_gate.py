"""The gate holds what it says, evidence that is missing is a failure, and a YAML with a misspelt limit is no gate."""

from dataclasses import fields, replace

import numpy as np
import pytest
import yaml

from experiments.evidence import Metrics, Threshold, measure_all
from experiments.gate import Deployed, Evidence, Gate, Parity, judge
from experiments.gate_file import read_gate
from experiments.promote import GATE
from experiments.relative_check import Comparison
from experiments.robustness_evidence import Degraded
from experiments.scored_trials import ScoredTrials
from lightning_modules.metrics.bootstrap import bootstrap_difference

TRIALS = ScoredTrials(["a", "b"], np.array([1.0, 0.0]), np.array([1, 0]), ["-", "M01"], None, None, None)
SOME = measure_all(TRIALS, Threshold(0.5, "given"), resamples=0)
LABELS = np.repeat([1, 0], 200)
BETTER, WORSE = (shift * LABELS + np.random.default_rng(0).normal(size=400) for shift in (3.0, 1.0))
OUTPUTS = {
    "score": "double",
    "probability": "double",
    "decision": "string",
    "threshold": "double",
    "duration_s": "double",
    "error": "string",
}
DEPLOYED = Deployed(1e-6, 8, list(OUTPUTS), 20.0)
SAME = Parity("onnx-int8-dynamic", 0.02, 8, bootstrap_difference(BETTER, BETTER, LABELS, level=0.9))
APART = replace(SAME, eer=bootstrap_difference(WORSE, BETTER, LABELS, level=0.9))
UNKNOWN = replace(SAME, eer=None, remedy="evaluate it")


def metrics(eer: float = 0.1, worst: float = 0.3, balanced: float = 0.9) -> Metrics:
    return replace(
        SOME,
        eer={"legacy": eer, "grouped": eer, "rocch": eer},
        attacks={"M01": {"eer": 0.0}, "M02": {"eer": worst}},
        balanced_accuracy=balanced,
    )


def versus(ours, theirs) -> Comparison:
    return Comparison("4", bootstrap_difference(ours, theirs, LABELS, level=0.9))


EVIDENCE = Evidence(
    metrics=metrics(),
    comparison=None,
    robustness=[
        Degraded("white at 10 dB", 10.0, 0.2, 0.1, 0.3, heard=False),
        Degraded("cafe at 10 dB", 10.0, 0.3, 0.2, 0.4, heard=False),
        Degraded("metro at 10 dB", 10.0, 0.9, 0.8, 1.0, heard=True),
        Degraded("white at 0 dB", 0.0, 0.5, 0.4, 0.6, heard=False),
    ],
    deployed=DEPLOYED,
    size_mb=2.0,
    inputs={"audio": "binary", "path": "string"},
    outputs=OUTPUTS,
    unsafe=[],
    make_robustness="spooflab robustness --model RUN",
    make_tdcf="spooflab evaluate --model RUN --asv-scores FILE",
)


@pytest.mark.parametrize(
    ("gate", "evidence", "found"),
    [
        (Gate(max_eer=0.1), {}, None),
        (Gate(max_eer=0.09), {}, "10.00 %"),
        (Gate(max_worst_attack_eer=0.3), {}, None),
        (Gate(max_worst_attack_eer=0.29), {}, "30.00 %"),
        (Gate(max_worst_attack_eer=1.0), {"metrics": replace(metrics(), attacks={})}, "no evidence"),
        (Gate(max_balanced_error=0.1), {}, None),
        (Gate(max_balanced_error=0.09), {}, "10.00 %"),
        (Gate(max_min_dcf=0.0), {}, None),
        (Gate(max_min_tdcf_v1=1.0), {}, "no evidence"),
        (Gate(max_min_tdcf_v1=0.2), {"metrics": replace(SOME, min_tdcf={"v1": 0.3, "v2": 0.1})}, "0.3000"),
        (Gate(max_min_tdcf_v2=0.2), {"metrics": replace(SOME, min_tdcf={"v1": 0.3, "v2": 0.1})}, None),
        (Gate(max_eer_at_10_db=0.3), {}, None),
        (Gate(max_eer_at_10_db=0.29), {}, "30.00 %"),
        (Gate(max_eer_at_10_db=1.0), {"robustness": []}, "no evidence"),
        (Gate(max_latency_p95_ms=20), {}, None),
        (Gate(max_latency_p95_ms=19), {}, "20.0 ms"),
        (Gate(max_latency_p95_ms=19), {"deployed": None, "unsafe": ["a pickle"]}, "no evidence"),
        (Gate(max_size_mb=2.0), {}, None),
        (Gate(max_size_mb=1.9), {}, "2.00 MB"),
        (Gate(max_score_difference=1e-4), {}, None),
        (Gate(max_score_difference=1e-7), {}, "1e-06"),
        (Gate(max_score_difference=1.0), {"deployed": replace(DEPLOYED, score_difference=float("inf"))}, "inf"),
        (Gate(max_form_score_difference=0.0), {}, None),
        (Gate(max_form_score_difference=0.02), {"parity": SAME}, None),
        (Gate(max_form_score_difference=0.01), {"parity": SAME}, "0.02"),
        (Gate(max_form_eer_difference=0.0), {}, None),
        (Gate(max_form_eer_difference=0.0), {"parity": SAME}, None),
        (Gate(max_form_eer_difference=0.1), {"parity": APART}, "points, up to"),
        (Gate(max_form_eer_difference=0.1), {"parity": UNKNOWN}, "no evidence"),
        (Gate(max_eer_above_champion=0.0), {}, None),
        (Gate(max_eer_above_champion=0.0), {"comparison": versus(BETTER, BETTER)}, None),
        (Gate(max_eer_above_champion=0.0), {"comparison": versus(BETTER, WORSE)}, None),
        (Gate(max_eer_above_champion=0.1), {"comparison": versus(WORSE, BETTER)}, "paired bootstrap by trial"),
        (Gate(max_eer_above_champion=0.9), {"comparison": Comparison("4", None, "evaluate it")}, "no evidence"),
        (Gate(require_signature=True), {}, None),
        (Gate(require_signature=True), {"inputs": {"path": "string"}}, "audio is missing"),
        (Gate(require_signature=True), {"outputs": {**OUTPUTS, "score": "string"}}, "score is string"),
        (
            Gate(require_signature=True),
            {"deployed": replace(DEPLOYED, columns=["score"])},
            "decision is promised and not given",
        ),
        (Gate(refuse_unsafe_files=True), {}, None),
        (Gate(refuse_unsafe_files=True), {"unsafe": ["x.pkl: a pickle"]}, "x.pkl: a pickle"),
    ],
)
def test_each_limit(gate, evidence, found):
    (check,) = judge(gate, replace(EVIDENCE, **evidence))
    assert check.holds == (found is None), check
    assert found is None or found in check.found
    assert getattr(gate, check.limit) is not None


@pytest.mark.parametrize(
    ("gate", "evidence", "command"),
    [
        (Gate(max_eer_at_10_db=1.0), {"robustness": []}, "spooflab robustness --model RUN"),
        (Gate(max_min_tdcf_v2=1.0), {}, "spooflab evaluate --model RUN --asv-scores FILE"),
        (
            Gate(max_eer_above_champion=1.0),
            {"comparison": Comparison("4", None, "spooflab evaluate")},
            "spooflab evaluate",
        ),
    ],
)
def test_missing_evidence_names_the_command_that_makes_it(gate, evidence, command):
    (check,) = judge(gate, replace(EVIDENCE, **evidence))
    assert command in check.remedy
    assert command in str(check)


def test_a_wide_interval_is_no_proof():
    """Two systems of equal EER, that err on different trials: so few trials do not show that one is no worse."""
    labels = np.repeat([1, 0], 10)
    ours, theirs = labels.astype(float), labels.astype(float)
    ours[[0, 10]], theirs[[1, 11]] = (0.0, 1.0), (0.0, 1.0)
    comparison = Comparison("4", bootstrap_difference(ours, theirs, labels, level=0.9))
    (check,) = judge(Gate(max_eer_above_champion=0.01), replace(EVIDENCE, comparison=comparison))
    assert comparison.difference.difference == 0
    assert not check.holds


@pytest.mark.parametrize("name", ["gate.yaml", "gate_demo.yaml"])
def test_the_shipped_gates_are_gates_and_refuse_chance(name):
    evidence = replace(EVIDENCE, metrics=metrics(0.5, balanced=0.49))
    assert not all(check.holds for check in judge(read_gate(GATE.with_name(name)), evidence))


def test_the_shipped_gate_lets_a_good_model_pass():
    good = replace(EVIDENCE, metrics=metrics(0.05, balanced=0.95), robustness=EVIDENCE.robustness[:1])
    assert [check for check in judge(read_gate(GATE), good) if not check.holds] == []


def test_every_limit_can_be_written(tmp_path):
    path = tmp_path / "gate.yaml"
    values = {field.name: True if field.name.startswith("re") else 0.5 for field in fields(Gate)}
    path.write_text(yaml.safe_dump(values))
    assert read_gate(path) == Gate(**values)
    assert len(judge(read_gate(path), EVIDENCE)) == len(fields(Gate))


def test_the_ends_of_the_ranges_can_be_written(tmp_path):
    path = tmp_path / "gate.yaml"
    path.write_text("{max_eer: 0, max_min_dcf: 1, max_eer_above_champion: -1, max_score_difference: 0}")
    assert read_gate(path) == Gate(max_eer=0, max_min_dcf=1, max_eer_above_champion=-1, max_score_difference=0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("max_er: 0.1", "did you mean 'max_eer'"),
        ("something: 1", "which is none"),
        ("max_eer: low", "max_eer is 'low', expected a number"),
        ("max_eer: true", "expected a number"),
        ("max_eer: .nan", "expected a number"),
        ("max_eer: 25", "max_eer: found 25, expected a fraction from 0 to 1, such as 0.25"),
        ("max_eer: -1", "found -1, expected a fraction"),
        ("max_worst_attack_eer: 1.01", "found 1.01, expected a fraction"),
        ("max_balanced_error: 15", "found 15, expected a fraction"),
        ("max_eer_at_10_db: 25", "found 25, expected a fraction"),
        ("max_min_dcf: 50", "found 50, expected a normalized cost from 0 to 1"),
        ("max_min_tdcf_v1: -0.1", "found -0.1, expected a normalized cost"),
        ("max_min_tdcf_v2: 2", "found 2, expected a normalized cost"),
        ("max_eer_above_champion: 1.5", "found 1.5, expected a difference of fractions from -1 to 1"),
        ("max_form_eer_difference: -2", "found -2, expected a difference"),
        ("max_latency_p95_ms: 0", "found 0, expected a number above 0"),
        ("max_size_mb: -5", "found -5, expected a number above 0"),
        ("max_score_difference: -0.1", "found -0.1, expected a number from 0 on"),
        ("max_form_score_difference: -1", "found -1, expected a number from 0 on"),
        ("require_signature: 1", "expected true or false"),
        ("{", "not readable as YAML"),
        ("[]", "expected limits"),
        ("", "expected limits"),
    ],
)
def test_what_is_no_gate_is_refused(tmp_path, text, said):
    path = tmp_path / "gate.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"gate\.yaml.*" + said):
        read_gate(path)
