"""Figures show the numbers that the metrics give, at 800 pixels, for scores of every kind."""

import numpy as np
import pytest
from scipy.special import ndtri
from sklearn.metrics import roc_auc_score

from experiments import plots
from lightning_modules.metrics.eer import equal_error_rate


def trials(bonafide=200, spoof=600, distance=2.0):
    """Scores, labels and attacks."""
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 0], [bonafide, spoof])
    attacks = ["-"] * bonafide + [f"M{number % 3:02d}" for number in range(spoof)]
    return rng.normal(distance * labels, 1), labels, attacks


def legend(figure):
    found = figure.legends[0] if figure.legends else figure.axes[0].get_legend()
    return " | ".join(text.get_text() for text in found.get_texts())


@pytest.mark.parametrize("distance", [2.0, 0.0, -2.0, 50.0])
def test_every_figure_is_drawn_800_pixels_wide(distance, tmp_path):
    scores, labels, attacks = trials(distance=distance)
    figures = [
        plots.roc(scores, labels),
        plots.det(scores, labels, threshold=1.0),
        plots.score_histogram(scores, labels, 1.0, attacks),
        plots.confusion_matrix(scores, labels, 1.0),
        plots.scores_by_attack(scores, attacks, labels, 1.0),
        plots.reliability(scores, labels),
        plots.eer_by_attack({"M01": 0.3, "M02": 0.0}, 0.2, {"M01": (0.25, 0.36)}),
    ]
    for number, figure in enumerate(figures):
        figure.savefig(tmp_path / f"{number}.png")
        assert figure.get_figwidth() * figure.dpi == 800
        assert figure.axes[0].get_xlabel()
        assert figure.axes[0].get_ylabel()
    assert len(list(tmp_path.glob("*.png"))) == len(figures)


def test_roc_and_det_state_the_eer():
    scores, labels, _ = trials()
    eer = equal_error_rate(scores[labels == 1], scores[labels == 0]).eer
    for figure in (plots.roc(scores, labels), plots.det(scores, labels)):
        assert f"EER {eer:.2%}" in legend(figure)
    marker = next(line for line in plots.det(scores, labels).axes[0].lines if line.get_marker() == "o")
    assert marker.get_xdata()[0] == pytest.approx(ndtri(eer))


def test_error_rates_go_from_nothing_to_all_and_stay_exact_when_thinned():
    rng = np.random.default_rng(0)
    bonafide, spoof = rng.normal(1, 1, 30_000), rng.normal(0, 1, 50_000)
    frr, far = plots.error_rates(bonafide, spoof)
    assert (frr[0], far[0], frr[-1], far[-1]) == (0, 1, 1, 0)
    assert (np.diff(frr) >= 0).all()
    assert (np.diff(far) <= 0).all()
    assert frr.size < 12_000
    closest = np.abs(frr - far).argmin()
    assert frr[closest] == pytest.approx(equal_error_rate(bonafide, spoof).eer, abs=1e-3)


def test_area_under_the_curve():
    scores, labels, _ = trials()
    assert f"AUC {roc_auc_score(labels, scores):.4f}" in plots.roc(scores, labels).axes[0].get_title(loc="left")


def test_histogram_shows_attacks_only_while_they_can_be_told_apart():
    scores, labels, attacks = trials()
    assert "spoof M01 (200)" in legend(plots.score_histogram(scores, labels, None, attacks))
    many = ["-"] * 200 + [f"A{number % 13:02d}" for number in range(600)]
    assert "spoof (600)" in legend(plots.score_histogram(scores, labels, None, many))
    assert "spoof (600)" in legend(plots.score_histogram(scores, labels))


def test_the_hardest_attack_is_on_top():
    figure = plots.eer_by_attack({"M01": 0.1, "M02": 0.3, "M03": 0.2})
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["M01", "M03", "M02"]


def test_confusion_matrix_shows_counts_and_shares():
    figure = plots.confusion_matrix([1.0, 3.0, 0.0, 2.5], [1, 1, 0, 0], threshold=2.0)
    assert [text.get_text() for text in figure.axes[0].texts] == ["1\n50.00%"] * 4
    assert "score > 2" in figure.axes[0].get_title(loc="left")


def test_infinite_scores_are_left_out_of_the_histogram_alone():
    plots.score_histogram([np.inf, 1.0, 0.0], [1, 1, 0])
    with pytest.raises(ValueError, match="no finite score"):
        plots.score_histogram([np.inf, -np.inf], [1, 0])


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="expected some of each"):
        plots.det([1.0], [1])


def test_calibrated_scores_lie_on_the_diagonal_of_reliability_and_overconfident_ones_do_not():
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 0], [3000, 9000])
    llrs = rng.normal(np.where(labels == 1, 1, -1), np.sqrt(2))  # 2 apart with variance 2: likelihood ratios
    for factor, on_diagonal in ((1, True), (3, False)):
        axes = plots.reliability(factor * llrs, labels).axes[0]
        stated, found = (axes.containers[0].lines[0].get_xdata(), axes.containers[0].lines[0].get_ydata())
        assert len(stated) == plots.RELIABILITY_BINS
        assert (np.abs(stated - found).max() < 0.05) == on_diagonal


def test_attacks_are_ordered_by_how_bona_fide_they_seem():
    scores, labels = [5.0, 4.0, np.inf, 1.0, -np.inf, 0.0], [1, 1, 0, 0, 0, 0]
    axes = plots.scores_by_attack(scores, ["-", "-", "A01", "A01", "A02", "A02"], labels, 2.0).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A02", "A01", "bona fide"]
