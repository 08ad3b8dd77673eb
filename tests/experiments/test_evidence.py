"""Metrics of trials say of every group what they should, survive a file, and refuse another version's."""

import json

import numpy as np
import pytest

from experiments import evidence_files
from experiments.evidence import Metrics, Threshold, measure_all
from experiments.scored_trials import ScoredTrials
from lightning_modules.metrics.bootstrap import bootstrap_eer
from lightning_modules.metrics.calibration import Calibration
from lightning_modules.metrics.tdcf import AsvScores

THRESHOLD = Threshold(0.5, "given")


@pytest.fixture
def scored():
    """300 trials of 6 speakers, two attacks, two codecs and durations up to 5 s."""
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 0], [100, 200])
    return ScoredTrials(
        utterances=[f"u{row}" for row in range(300)],
        scores=rng.normal(2 * labels, 1),
        labels=labels,
        attacks=["-"] * 100 + ["A01", "A02"] * 100,
        speakers=[f"S{number}" for number in rng.integers(0, 6, 300)],
        codecs=["alaw", "none", "none"] * 100,
        durations_s=np.linspace(0.5, 5, 300),
    )


@pytest.fixture
def asv():
    """Scores of a fair speaker verification."""
    rng = np.random.default_rng(1)
    return AsvScores(rng.normal(4, 1, 200), rng.normal(0, 1, 200), rng.normal(3, 1, 200), ["A01", "A02"] * 100)


def test_every_group_is_there(scored, asv):
    metrics = measure_all(scored, THRESHOLD, asv=asv, resamples=50, units=scored.resampling_units)
    assert metrics.trials == {"bonafide": 100, "spoof": 200}
    assert set(metrics.attacks) == {"A01", "A02"}
    assert set(metrics.codecs) == {"alaw", "none"}
    assert set(metrics.speakers) == {f"S{number}" for number in range(6)}
    assert list(metrics.durations) == ["0-1 s", "1-2 s", "2-3 s", "3-4 s", "4-6 s"]
    assert metrics.durations["0-1 s"].keys() == {"bonafide", "spoof", "frr", "far"}  # bona fide trials alone
    assert set(metrics.min_tdcf) == {"v1", "v2"}
    for attack in metrics.attacks.values():
        assert attack["eer_low"] <= attack["eer"] <= attack["eer_high"]
        assert {"min_tdcf_v1", "min_dcf", "cllr", "auc", "far"} <= attack.keys()
    assert metrics.worst_attack == max(metrics.attack_eers, key=metrics.attack_eers.get)
    for codec in metrics.codecs.values():
        assert {"eer", "frr", "far"} <= codec.keys()
    errors = [metrics.codecs[name]["frr"] * metrics.codecs[name]["bonafide"] for name in metrics.codecs]
    assert sum(errors) / 100 == pytest.approx(metrics.frr)


def test_intervals_are_of_what_is_asked_for(scored):
    by_speaker = measure_all(scored, THRESHOLD, resamples=50, units=scored.resampling_units)
    expected = bootstrap_eer(scored.scores, scored.labels, scored.speakers, resamples=50)
    assert by_speaker.eer_interval == expected._asdict()
    assert "by speaker" in by_speaker.eer_text
    assert "by trial" in measure_all(scored, THRESHOLD, resamples=50).eer_text
    without = measure_all(scored, THRESHOLD, resamples=0)
    assert without.eer_interval is None
    assert without.eer_text == f"{100 * without.eer['legacy']:.2f} %"
    assert "eer_low" not in without.attacks["A01"] | without.columns()


def test_scores_that_were_calibrated_are_not_taken_for_probabilities(scored, tmp_path):
    """However close to 0 a weak detector's log-likelihood ratios are: their Cllr counts, and their curve is drawn."""
    weak = scored.with_scores(scored.scores / 10)
    for calibration, doubted in ((None, True), (Calibration(0.1), False)):
        metrics = measure_all(weak, THRESHOLD, resamples=0, calibration=calibration)
        assert any("as probabilities or cosines do" in warning for warning in metrics.warnings) == doubted
        evidence_files.write(tmp_path / "evidence", weak, metrics, {})
        assert (tmp_path / "evidence" / "reliability.png").exists() != doubted


def test_metrics_survive_a_file(scored, asv):
    metrics = measure_all(scored, THRESHOLD, asv=asv, resamples=20, notices=["partial"])
    assert Metrics.from_json(metrics.to_json()) == metrics
    assert metrics.warnings[0] == "partial"
    values = json.loads(metrics.to_json())
    del values["min_dcf"]
    with pytest.raises(ValueError, match=r"lack min_dcf\): evaluate the run anew with --again"):
        Metrics.from_json(json.dumps(values))


def test_an_infinite_cost_is_no_number_in_json(scored):
    scores = scored.scores.copy()
    scores[0] = -np.inf
    metrics = measure_all(scored.with_scores(scores), THRESHOLD, resamples=0)
    assert metrics.cllr is None
    assert Metrics.from_json(metrics.to_json()) == metrics
    assert any("infinite" in warning for warning in metrics.warnings)


def test_columns_are_few_and_finite(scored, asv):
    columns = measure_all(scored, THRESHOLD, asv=asv, resamples=20).columns()
    assert len(columns) == 11
    assert all(np.isfinite(value) for value in columns.values())


def test_attacks_that_are_not_named_are_no_group(scored):
    unnamed = ScoredTrials(scored.utterances, scored.scores, scored.labels, ["-"] * 300, None, None, None)
    metrics = measure_all(unnamed, THRESHOLD, resamples=0)
    assert metrics.attacks == metrics.codecs == metrics.speakers == metrics.durations == {}
    assert "worst_attack_eer" not in metrics.columns()
