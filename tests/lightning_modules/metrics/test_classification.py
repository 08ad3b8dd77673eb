"""Decisions at a threshold are counted as scikit-learn counts them."""

import numpy as np
import pytest
from sklearn import metrics

from lightning_modules.metrics.classification import classify, decide, report_text


@pytest.fixture
def trials():
    """Scores and labels of 400 trials."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 400)
    return rng.normal(labels, 1), labels


def test_a_score_at_the_threshold_is_rejected():
    assert decide([0.9, 1.0, 1.1], threshold=1.0).tolist() == [0, 0, 1]


@pytest.mark.parametrize(("positive", "label"), [("bonafide", 1), ("spoof", 0)])
def test_rates_are_scikit_learns(trials, positive, label):
    scores, labels = trials
    decisions = decide(scores, 0.4)
    found = classify(scores, labels, 0.4, positive)
    assert (np.array(found.confusion) == metrics.confusion_matrix(labels, decisions)).all()
    assert found.accuracy == pytest.approx(metrics.accuracy_score(labels, decisions))
    assert found.balanced_accuracy == pytest.approx(metrics.balanced_accuracy_score(labels, decisions))
    assert found.precision == pytest.approx(metrics.precision_score(labels, decisions, pos_label=label))
    assert found.recall == pytest.approx(metrics.recall_score(labels, decisions, pos_label=label))
    assert found.f1 == pytest.approx(metrics.f1_score(labels, decisions, pos_label=label))


def test_nothing_accepted_has_precision_zero(trials):
    found = classify(*trials, threshold=np.inf)
    assert (found.precision, found.recall, found.f1, found.balanced_accuracy) == (0, 0, 0, 0.5)


def test_the_report_states_threshold_and_classes(trials):
    first, *_, last = report_text(*trials, threshold=0.25).splitlines()
    assert first == "bonafide where score > 0.25, else spoof"
    assert "weighted avg" in last


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="found 2 bona fide and 0 spoofed"):
        classify([1.0, 2.0], [1, 1], 0.0)
