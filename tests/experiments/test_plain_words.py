"""Sentences beside numbers say what the numbers say."""

import pytest

from experiments import plain_words


@pytest.mark.parametrize(
    ("rate", "words"), [(0.0, "none of 100"), (0.004, "fewer than 1 of 100"), (0.124, "about 12 of 100")]
)
def test_rates(rate, words):
    assert plain_words.of_hundred(rate) == words
    assert plain_words.eer(rate).count(words) == 2


def test_chance_is_called_chance():
    assert "hardly better than tossing a coin" in plain_words.eer(0.48)
    assert "worse than tossing a coin" in plain_words.eer(0.67)
    assert "tossing a coin" not in plain_words.eer(0.3)


def test_evidence_that_misleads_is_said_to():
    assert "worse than saying nothing" in plain_words.cllr(1.2)
    assert "better than saying nothing" in plain_words.cllr(0.4)
    assert "infinitely sure and wrong" in plain_words.cllr(None)


def test_durations_and_counts():
    assert [plain_words.duration(seconds) for seconds in (59, 180, 9000)] == ["59 s", "3.0 min", "2.5 h"]
    assert [plain_words.count(number) for number in (999, 58_018, 83e6, 9.473e9)] == [
        "999",
        "58.0 k",
        "83.0 M",
        "9.5 G",
    ]


def test_all_attacks_that_tie_are_named():
    tied = {"M01": 2 / 3, "M02": 0.2, "M03": 0.666666, "M04": 2 / 3}
    said = plain_words.extremes(tied)
    assert "hardest are equally M01, M03 and M04 (66.67 %), easiest is M02 (20.00 %)" in said
    assert plain_words.extremes({"M01": 0.1, "M02": 0.1}) == "All kinds of fake are equally hard for it (10.00 %)."
    assert plain_words.extremes({"M01": 0.1}) == plain_words.extremes({}) == ""
