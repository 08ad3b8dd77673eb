"""Score files are read in all their forms, and refused with line and utterance when a number would be wrong."""

import numpy as np
import pytest

from datamodules.protocols import read_protocol
from experiments.score_files import judge, read_scores

PROTOCOL = "S1 a - - bonafide\nS2 b - A01 spoof\nS1 c - A02 spoof\n"
FORMS = {
    "two columns": "a 2.5\nb -1\nc 0\n",
    "three columns": "a bonafide 2.5\nb spoof -1\nc spoof 0\n",
    "key last": "a 2.5 bonafide\nb -1 spoof\nc 0 spoof\n",
    "attack and score": "a - 2.5\nb A01 -1\nc A02 0\n",
    "four columns": "a - bonafide 2.5\nb A01 spoof -1\nc A02 spoof 0\n",
    "keys not said": "a - - 2.5\nb - - -1\nc - - 0\n",
    "header": "filename\tcm-score\na\t2.5\nb\t-1\nc\t0\n",
    "csv with more": "score,utterance,label,model\n2.5,a,real,m\n-1,b,fake,m\n0,c,fake,m\n",
    "another order": "c 0\na 2.5\nb -1\n",
    "files": "/data/flac/a.flac 2.5\n/data/flac/b.flac -1\n/data/flac/c.flac 0\n",
}


@pytest.fixture
def judged(tmp_path):
    """Write scores and a protocol to files and join them."""

    def joiner(scores, protocol=PROTOCOL, **options):
        (tmp_path / "scores.txt").write_text(scores)
        (tmp_path / "protocol.txt").write_text(protocol or "")
        known = read_protocol(tmp_path / "protocol.txt") if protocol else None
        return judge(read_scores(tmp_path / "scores.txt"), known, **options)

    return joiner


@pytest.mark.parametrize("name", FORMS)
def test_every_form_with_a_protocol(judged, name):
    scored, notices = judged(FORMS[name])
    assert scored.utterances == ["a", "b", "c"]
    assert scored.scores.tolist() == [2.5, -1, 0]
    assert scored.labels.tolist() == [1, 0, 0]
    assert scored.attacks == ["-", "A01", "A02"]
    assert scored.speakers == ["S1", "S2", "S1"]
    assert len(notices) == (name == "files")


@pytest.mark.parametrize("name", ["three columns", "key last", "four columns", "csv with more"])
def test_files_with_keys_need_no_protocol(judged, name):
    scored, _ = judged(FORMS[name], protocol=None)
    assert scored.labels.tolist() == [1, 0, 0]
    assert scored.attacks == (["-", "A01", "A02"] if name == "four columns" else ["-"] * 3)


@pytest.mark.parametrize("scores", [FORMS["two columns"], FORMS["keys not said"]])
def test_without_keys_a_protocol_is_asked_for(judged, scores):
    with pytest.raises(ValueError, match="give its protocol with --protocol"):
        judged(scores, protocol=None)


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ("a 2.5\nb nan\nc 0\n", r"scores\.txt:2: the score of b is NaN: score"),
        ("a 2.5\nb oops\nc 0\nd 1\n", r"scores\.txt:2: found 'oops', expected a number"),
        ("a 2.5\nb -1\nc 0\nb -2\n", r"scores\.txt:4: b has the score -2, but in line 2 it has -1"),
        ("a bonafide 1\nb spoof 0\nc spof 0\n", r"scores\.txt:3: found key 'spof' \(c\)"),
        ("a bonafide 1\nb bonafide 0\nc spoof 0\n", r"scores\.txt:2: says that b is bonafide, but .* says spoof"),
        ("a 2.5\nb -1\n", r"1 of the 3 trials of .* are missing \(c\); with --allow-partial"),
        ("a 2.5\nb -1\nc 0\nd 1\n", r"1 trials are foreign to .* \(d in line 4\)"),
        ("a 2.5\nd -1\nc 0\n", r"are missing \(b\) and 1 trials are foreign to .* \(d in line 2\)"),
        ("x 2.5\ny -1\n", "they are of different corpora"),
        ("a 1 2\nb 3 4\n", "of which 2 are numbers and 0 name a class"),
        ("a b\nc d\n", "of which 0 are numbers"),
        ("utterance,key\na,spoof\n", "has no score"),
        ("a.flac;2,5\nb.flac;-1,0\nc.flac;0,5\n", r"of which 0 are numbers"),
        ("a 2,5\nb -1,0\nc 0,5\n", r"of which 0 are numbers"),
        ("utterance;score\na;2,5\nb;-1,0\n", r"scores\.txt:2: found '2,5'.*decimal point, not a comma"),
        ("utterance,score,llr\na,1,2\nb,0,1\nc,0,1\n", "columns score, llr, which differ"),
        ("/x/a.flac 1\n/y/a.flac 2\n", "names two files alike"),
        ('utterance,score\n"a,1\nb",2\n', "a quote that its line does not close"),
        ("a 2.5\nb -1\nc\n", r"scores\.txt:3: found 1 columns"),
    ],
)
def test_what_would_give_a_wrong_number_is_refused(judged, scores, message):
    with pytest.raises(ValueError, match=message):
        judged(scores)


def test_one_class_has_no_error_rates(judged):
    with pytest.raises(ValueError, match="found 0 bona fide and 1 spoofed trials"):
        judged("b 1\n", allow_partial=True)


def test_partial_files_are_measured_when_asked_for_and_it_is_said(judged):
    scored, (notice,) = judged("a 2.5\nb -1\nd 7\n", allow_partial=True)
    assert scored.utterances == ["a", "b"]
    assert "2 of the protocol's 3 trials have a score, 1 scores are foreign" in notice


def test_repetitions_that_agree_are_counted_once(judged):
    scored, (notice,) = judged("a 2.5\nb -1\nc 0\nb -1\n")
    assert len(scored.utterances) == 3
    assert "1 lines of" in notice


def test_a_last_line_without_an_end_is_mentioned(judged):
    _, (notice,) = judged("a 2.5\nb -1\nc 0")
    assert "if the file was cut off" in notice


def test_infinite_scores_are_scores(judged):
    scored, _ = judged("a inf\nb -inf\nc 0\n")
    assert scored.scores.tolist() == [np.inf, -np.inf, 0]


def test_trials_of_other_subsets_are_not_foreign(judged):
    protocol = (
        "S1 a alaw x - bonafide notrim eval\nS1 b alaw x A07 spoof notrim eval\nS1 p alaw x A07 spoof notrim progress\n"
    )
    scored, (notice,) = judged("a 1\nb 0\np 5\n", protocol)
    assert scored.utterances == ["a", "b"]
    assert "1 trials of other subsets" in notice
