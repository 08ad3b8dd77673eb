"""Charts are drawn of what there is, under short names, and what cannot be drawn says why."""

import matplotlib as mpl
import optuna
from optuna.trial import TrialState

from sweeps.charts import sections
from sweeps.charts_page import page
from sweeps.importance import importances
from sweeps.shown_study import short_names, shown_study, thinned, varying
from sweeps.study import RETRY_OF
from tests.sweeps.made_up import study, trial

EER = ("dev/eer",)
BRANCHES = ("network",)


def two_networks() -> optuna.Study:
    cnn = [trial(0.1 + 0.01 * k, learning_rate=0.001 * (k + 1), dropout=0.05 * (k % 4)) for k in range(6)]
    rawnet2 = [trial(0.4 - 0.01 * k, learning_rate=0.02 * (k + 1), network="rawnet2") for k in range(2)]
    return study(*cnn, *rawnet2, trial(0.5, state=TrialState.PRUNED, epochs=1))


def test_everything_and_each_network_by_itself():
    before = mpl.get_backend(), mpl.rcParams["axes.facecolor"]
    whole, cnn, rawnet2 = sections(two_networks(), EER, BRANCHES)
    assert [chart.name for chart in whole.charts] == [
        *("history", "epochs", "importance", "slice", "parallel", "contour", "rank")
    ]
    assert {"network_cnn_importance", "network_cnn_contour"} <= {chart.name for chart in cnn.charts}
    assert {chart.name for chart in rawnet2.charts} == {"network_rawnet2_slice", "network_rawnet2_parallel"}
    assert any("4 complete trials" in reason for reason in rawnet2.left_out)
    assert any("2 parameter(s)" in reason for reason in rawnet2.left_out)
    assert (mpl.get_backend(), mpl.rcParams["axes.facecolor"]) == before
    assert all(chart.still.axes for section in (whole, cnn, rawnet2) for chart in section.charts)


def test_nothing_yet_is_no_crash():
    (section,) = sections(study(), EER, ())
    assert section.charts == []
    assert len(section.left_out) == 7


def test_a_plot_that_fails_is_told(monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("no ink")

    monkeypatch.setattr("sweeps.charts.interactive.plot_optimization_history", broken)
    (section,) = sections(study(trial(0.1), trial(0.2)), EER, ())
    assert "RuntimeError: no ink" in " ".join(section.left_out)
    assert "epochs" in [chart.name for chart in section.charts]


def test_a_pareto_front_of_two_measures():
    made = study(*(trial((0.1 * k, 10.0 - k), learning_rate=0.001 * k, network=None) for k in (1, 2, 3)), measures=2)
    (section,) = sections(made, ("dev/eer", "latency_ms"), ())
    names = [chart.name for chart in section.charts]
    assert {"pareto", "history_dev_eer", "history_latency_ms", "slice_dev_eer", "slice_latency_ms"} <= set(names)


def test_one_page_holds_all_and_asks_nobody():
    html = page("Sweep <s>", ["a & b"], sections(two_networks(), EER, BRANCHES), "<table></table>")
    assert "Sweep &lt;s&gt;" in html
    assert "a &amp; b" in html
    assert html.count("plotly.js v") == 1
    assert 'src="http' not in html


def test_names_are_as_short_as_they_can_be():
    names = ["model.learning_rate", "model.network.init_args.dropout", "model.frontend.init_args.dropout", "network"]
    assert list(short_names(names).values()) == [
        *("learning_rate", "network.init_args.dropout", "frontend.init_args.dropout", "network")
    ]
    assert short_names(["cnn/model.learning_rate"]) == {"cnn/model.learning_rate": "cnn/learning_rate"}
    assert short_names(["cnn/model.learning_rate"], "cnn") == {"cnn/model.learning_rate": "learning_rate"}


def test_shown_trials_keep_their_numbers_and_replaced_ones_are_gone():
    made = study(trial(0.1), trial(None, state=TrialState.FAIL), trial(0.3, attributes={RETRY_OF: 1}))
    copy = shown_study(made, EER, BRANCHES)
    assert [each.number for each in copy.get_trials(states=(TrialState.COMPLETE,))] == [0, 2]
    assert [each.values for each in copy.trials] == [[10.0], None, [30.0]]
    assert copy.trials[1].params == {}


def test_what_matters_is_found():
    made = study(*(trial(0.01 * k, learning_rate=0.001 * k, dropout=0.1 * (k % 2), network=None) for k in range(1, 13)))
    shares = importances(shown_study(made, EER, ()))
    assert set(shares) == {"fANOVA", "PED-ANOVA"}
    assert all(next(iter(of)) == "learning_rate" for of in shares.values())
    assert importances(study(trial(0.1), trial(0.2))) == {}


def test_of_several_measures_the_first_is_asked_about():
    rates = [0.001 * k for k in range(1, 9)]
    made = study(*(trial((rate, 1 - rate), learning_rate=rate, network=None) for rate in rates), measures=2)
    assert set(importances(shown_study(made, ("dev/eer", "latency_ms"), ()))) == {"fANOVA", "PED-ANOVA"}


def test_what_does_not_vary_is_not_asked_for():
    made = study(trial(0.1, learning_rate=0.01), trial(0.2, learning_rate=0.02))
    assert varying(made) == ["model.learning_rate"]


def test_of_very_many_trials_some_are_shown_and_the_best_are_among_them():
    made = study(*(trial(0.5 - 0.001 * k, learning_rate=0.001 + 0.0001 * k, network=None) for k in range(40)))
    copy = shown_study(made, EER, ())
    assert thinned(copy, 40) is copy
    kept = [each.number for each in thinned(copy, 12).trials if each.params]
    assert len(kept) == 12
    assert kept[-4:] == [36, 37, 38, 39]
    assert kept[0] == 0
