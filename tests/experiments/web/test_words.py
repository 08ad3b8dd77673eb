"""A verdict is told with its doubt, and the headline is only as sure as the score."""

import dataclasses
import math

import pytest

from experiments.web.mistakes import Mistakes
from experiments.web.words import said
from tests.verdicts import VERDICT


@pytest.mark.parametrize(
    ("score", "threshold", "headline"),
    [
        (-3.0, 0.0, "Very probably a synthetic voice"),
        (-1.5, 0.0, "Probably a synthetic voice"),
        (-0.5, 0.0, "Undecided, leaning to a synthetic voice"),
        (0.5, 0.0, "Undecided, leaning to a real voice"),
        (3.0, 0.0, "Very probably a real voice"),
        (
            3.0,
            4.0,
            "Undecided, leaning to a synthetic voice",
        ),  # likelihood does not agree
        (0.2, -2.5, "Undecided, leaning to a real voice"),  # 55 % are not "very probably"
        (-3.0, -1.5, "Probably a synthetic voice"),
    ],
)
def test_the_headline_is_only_as_sure_as_threshold_and_likelihood_allow(score, threshold, headline):
    decision = "bonafide" if score > threshold else "spoof"
    verdict = dataclasses.replace(VERDICT, score=score, threshold=threshold, decision=decision)
    assert said(verdict, "EER on dev", None).headline == headline


def test_odds_windows_warnings_and_the_threshold_are_told():
    decision, odds, agreement, unknown, warning = said(VERDICT, "EER on dev", None).reasons
    assert f"a synthetic voice is {math.exp(3):.0f} times as likely" in odds
    assert "a real voice has a probability of 5 %" in odds
    assert (
        "−3.00 is not above the threshold of +0.00, and so it is called a synthetic voice. The threshold: EER on dev."
        in decision
    )
    assert agreement == "2 of 3 windows of 4 s agree; their scores go from −5.00 to +0.50."
    assert "is not known" in unknown
    assert "quiet: 60%" in warning


@pytest.mark.parametrize(("score", "threshold"), [(-0.06, -0.2), (0.06, 0.3), (-2.0, -3.0)])
def test_where_likelihood_and_verdict_differ_it_is_told_why(score, threshold):
    decision = "bonafide" if score > threshold else "spoof"
    verdict = dataclasses.replace(VERDICT, score=score, threshold=threshold, decision=decision)
    told = said(verdict, "EER on dev", None)
    called, likelier = ("real", "synthetic") if decision == "bonafide" else ("synthetic", "real")
    assert told.headline == f"Undecided, leaning to a {called} voice"
    assert f"called a {called} voice" in told.reasons[0]
    assert f"a {likelier} voice is" in told.reasons[1]
    assert "points the other way than the verdict, which goes by the threshold" in told.reasons[1]


def test_where_they_agree_nothing_is_told_of_another_way():
    assert "other way" not in " ".join(said(VERDICT, "EER on dev", None).reasons)


def test_even_odds_are_told_as_no_evidence():
    verdict = dataclasses.replace(VERDICT, score=0.02, threshold=0.3, probability=0.505)
    told = said(verdict, "EER on dev", None).reasons[1]
    assert "next to nothing" in told
    assert "1.0 times" not in told


def test_it_is_told_how_often_decisions_at_the_threshold_were_wrong():
    told = said(VERDICT, "EER on dev", Mistakes(150, 900, 0.287, 0.422, "M06", 0.94)).reasons[3]
    assert "on 150 real voices and 900 fakes" in told
    assert "called 28.7 % of the real voices fake, and 42.2 % of the fakes real" in told
    assert "hardest kind of fake, M06, 94.0 %." in told
    unnamed = said(VERDICT, "EER on dev", Mistakes(150, 900, 0.287, 0.422, None, 0.0)).reasons[3]
    assert "hardest" not in unnamed


def test_odds_beyond_belief_are_cut():
    verdict = dataclasses.replace(VERDICT, score=900.0, decision="bonafide")
    assert "a real voice is 1,000,000 times as likely" in said(verdict, "EER on dev", None).reasons[1]
