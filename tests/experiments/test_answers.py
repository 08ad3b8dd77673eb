"""Parameters are checked before anything is judged, and a recording that cannot be judged says why."""

import math
import time

import numpy as np
import pytest

from experiments.answers import FIELDS, Options, Recording, answers
from experiments.inference import Countermeasure
from tests.encodings import by_libsndfile, speech_of
from tests.served import tiny_countermeasure


@pytest.fixture(scope="module")
def countermeasure(tmp_path_factory) -> Countermeasure:
    return Countermeasure.load(tiny_countermeasure(tmp_path_factory.mktemp("answers")))


@pytest.fixture(scope="module")
def recording(tiny_corpus) -> Recording:
    return Recording("a.wav", by_libsndfile(speech_of(tiny_corpus), "WAV", "PCM_16"))


def test_numbers_may_be_text_and_none_is_not_given():
    assert Options.of({"threshold": "1.5", "window_s": 2, "hop_s": None}, 1.0) == Options(1.5, 2.0, None)


def test_a_hop_may_be_as_long_as_the_window_that_is_used():
    assert Options.of({"hop_s": 2}, 2.0) == Options(hop_s=2.0)
    assert Options.of({"hop_s": 3, "window_s": 3}, 2.0) == Options(window_s=3.0, hop_s=3.0)
    with pytest.raises(ValueError, match=r"found hop_s=3, expected 0\.05 to 2, the window"):
        Options.of({"hop_s": 3}, 2.0)


@pytest.mark.parametrize(
    "values",
    [
        {"threshold": math.nan},
        {"threshold": "inf"},
        {"threshold": True},
        {"threshold": [1]},
        {"threshold": "1_"},
        {"threshold": 10**400},
        {"window_s": 0},
        {"window_s": 3600},
        {"hop_s": -1},
        {"hop_s": 1e-9},
        {"window_s": 1, "hop_s": 2},
        {"path": "/etc/passwd"},
    ],
)
def test_what_is_no_option_is_refused(values):
    with pytest.raises(ValueError, match="found"):
        Options.of(values, 1.0)


def test_each_fails_alone(countermeasure, recording):
    found = list(answers(countermeasure, [Recording("x", None, "no bytes"), recording, Recording("y", b"")], Options()))
    assert [row["error"] is None for row in found] == [False, True, False]
    assert found[0]["error"] == "x: no bytes"
    assert all(set(row) == set(FIELDS) for row in found)


def test_a_window_too_short_for_the_network_is_its_reason(countermeasure, recording):
    rate_hz = countermeasure.detector.specifications.sample_rate_hz
    assert rate_hz == 16000
    (row,) = answers(countermeasure, [recording], Options(window_s=0.01))
    assert row["error"].startswith("a.wav: ")


def test_the_deadline_is_kept_before_and_while_judging(countermeasure, recording, tiny_corpus):
    (row,) = answers(countermeasure, [recording], Options(), deadline_s=time.monotonic())
    assert "time" in row["error"]
    long = Recording("long", by_libsndfile(np.tile(speech_of(tiny_corpus), 30), "FLAC", "PCM_16"))
    _ = countermeasure.prepared
    (row,) = answers(countermeasure, [long], Options(hop_s=0.002), deadline_s=time.monotonic() + 0.3)
    assert "time was up" in row["error"]


def test_audio_beyond_the_limit_is_refused(countermeasure, recording):
    (row,) = answers(countermeasure, [recording], Options(), max_duration_s=1.0)
    assert "at most 1 s" in row["error"]
