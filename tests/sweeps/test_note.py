"""The answer is in the first lines, and says what is not known."""

import numpy as np
from optuna.trial import TrialState

from experiments.scored_trials import ScoredTrials
from sweeps.findings import findings
from sweeps.note import Drawn, in_words, note, values_of
from sweeps.progress import frame, line
from sweeps.seed_table import Row, Training, judge
from sweeps.study import MEASURED
from sweeps.trial_table import as_html, trial_table
from tests.sweeps.made_up import START, study, trial

EER = ("dev/eer",)


def test_the_answer_comes_first():
    given = {"fixed_params": {"network": "cnn", "model.learning_rate": 0.01}}
    made = study(
        trial(0.2, system=given),
        trial(0.1, learning_rate=0.003, dropout=0.2),
        trial(0.3, network="rawnet2"),
        trial(0.4, state=TrialState.PRUNED, epochs=1, seconds=10),
        trial(None, state=TrialState.FAIL, attributes={"cause": "RuntimeError: no disk"}),
    )
    text = note(findings(made, EER, ["network"]), "5", Drawn({"fANOVA": {"dropout": 0.7}}))
    first, values = text.split("\n\n")[:2]
    link = "#/experiments/5/runs/run0.003?workflowType=machine_learning"
    assert first == f"### Best: trial 1 ([its run]({link})): dev EER 10.00 %"
    assert values == (
        "learning_rate 0.003 · network cnn · dropout 0.2. Beside it: baseline (trial 0) 20.00 %; median of 3 complete "
        "20.00 %. Trials: 3 complete, 1 pruned, 1 failed."
    )
    for sentence in (
        "| baseline (trial 0) | 20.00 % |",
        "| median of 3 complete | 20.00 % |",
        "5 trials have ended: 3 complete, 1 pruned, 1 failed.",
        "By network: cnn 10.00 % (best of 2 complete); rawnet2 30.00 % (best of 1 complete).",
        "Failed: trial 4 of `RuntimeError: no disk`.",
        "Pruning saved about 30 s of training, by estimate",
        "fANOVA, from 2 complete trials of the winner's kind): dropout 70 %",
        "`spooflab evaluate --sweep made up` (eval, once; the run above has `eval/eer` where that was done)",
    ):
        assert sentence in text


def test_nothing_yet_is_said():
    text = note(findings(study(), EER, []), "1", Drawn(left_out=["history (no trial is complete)"]))
    assert "No trial is complete yet" in text
    assert "history (no trial is complete)" in text


def test_a_sweep_beyond_its_limits_names_them():
    slow = [
        trial(0.1, attributes={MEASURED: {"latency_ms": latency}}, constraints={"latency_ms": latency - 0.5})
        for latency in (1.5, 1.3)
    ]
    found = findings(study(*slow), EER, [])
    text = note(found, "1")
    assert text.startswith("**No complete trial is within the limits.**")
    assert (
        "Beyond a limit: 2 trial(s), by latency, which may be 0.50 ms at most; the lowest of them had 1.30 ms." in text
    )
    seen = frame(found.trials, 2, START)
    assert seen.best is None
    assert "latency 1.50 ms, beyond the limit of 0.50 ms" in line(found.trials[0], seen, EER)


def test_a_winner_whose_run_was_deleted_is_told():
    text = note(findings(study(trial(0.1)), EER, []), "1", deleted=["run0.01"])
    assert "its run was deleted: `mlflow runs restore --run-id run0.01`" in text.splitlines()[0]


def test_what_is_not_drawn_yet_is_promised_and_why_it_stopped_comes_first():
    text = note(findings(study(trial(0.1)), EER, []), "1", stopped="stopped at 1 of 6 trials: three failed")
    assert text.startswith("**Stopped at 1 of 6 trials: three failed**")
    assert "come when the sweep ends" in text
    assert "figures.html" not in text


def test_several_measures_show_their_front():
    made = study(trial((0.1, 30.0)), trial((0.2, 10.0)), trial((0.3, 40.0)), measures=2)
    text = note(findings(made, ("dev/eer", "latency_ms"), ["network"]), "1")
    assert "Pareto front, 2 of 3 complete trials" in text
    assert "| 1 cnn | 20.00 % | 10.00 ms |" in text


def test_a_long_note_is_cut_where_mlflow_would():
    failed = [
        trial(None, state=TrialState.FAIL, attributes={"cause": f"{k} {'x' * 3000}"}, learning_rate=0.001)
        for k in range(5)
    ]
    assert len(note(findings(study(trial(0.1), *failed), EER, []), "1")) < 8000


def test_durations_are_said_as_people_do():
    assert [in_words(seconds) for seconds in (5, 130, 3 * 3600, 3 * 86400)] == ["5 s", "2.2 min", "3.0 h", "3.0 days"]


def test_the_table_has_all_trials():
    made = study(
        trial(0.2), trial(0.1), trial(0.4, state=TrialState.PRUNED), trial(None, state=TrialState.FAIL, epochs=0)
    )
    found = findings(made, EER, ["network"])
    rows = trial_table(found)
    assert rows.trial.tolist() == [0, 1, 2, 3]
    assert rows.best.tolist() == [False, True, False, False]
    assert rows["dev/eer"].tolist()[:3] == [0.2, 0.1, 0.4]
    html = as_html(rows, EER)
    assert html.index("0.1") < html.index("0.2")
    assert "No trial" in as_html(trial_table(findings(study(), EER, [])), EER)


def test_values_lose_the_prefix_of_their_branch():
    assert values_of(trial(0.1, dropout=0.25)) == {"learning_rate": "0.01", "network": "cnn", "dropout": "0.25"}


def test_a_better_trial_than_those_with_seeds_asks_for_its_own():
    made = study(trial(0.2), trial(0.1, learning_rate=0.02))
    scored = ScoredTrials(["a", "b"], np.zeros(2), np.array([1, 0]), ["-", "-"], None, None, None)
    verdict = judge([Row(0, "trial 0", 0.2, {0: Training("run", 0.3, scored)})], EER[0], 1)
    text = note(findings(made, EER, []), "1", verdict=verdict)
    link = "#/experiments/1/runs/run?workflowType=machine_learning"
    assert text.startswith(f"### Best: trial 0 ([its run]({link})): mean dev EER 30.00 % over 1 seeds")
    assert "Trial 1 has come out better in the sweep since" in text
