"""The command says what its parts compute, in words and in JSON, and refuses with exit code 1."""

import json
from pathlib import Path

import numpy as np
import pytest

from experiments.cli import main as spooflab
from experiments.metrics import read_asv_scores

GOLDEN = {
    "softmax": {"eer": 5.058, "v1": 0.1208, "v2": 0.1760, "min_dcf": 0.1143},
    "amsoftmax": {"eer": 3.165, "v1": 0.0771, "v2": 0.1350, "min_dcf": 0.0722},
}


@pytest.fixture
def files(tmp_path):
    """A protocol, two score files of its trials (the second worse), dev scores and ASV scores."""
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 0], [80, 160])
    names = [f"u{row}" for row in range(240)]
    keys = ["bonafide" if label else "spoof" for label in labels]
    attacks = ["-" if label else f"A0{row % 2}" for row, label in enumerate(labels)]
    scores = rng.normal(3 * labels, 1)

    def write(name, rows):
        (tmp_path / name).write_text("".join(" ".join(map(str, row)) + "\n" for row in rows))
        return str(tmp_path / name)

    trials = list(zip(names, attacks, keys, strict=True))
    return {
        "protocol": write("protocol.txt", [(f"S{hash_}", *row) for hash_, row in _protocol(trials)]),
        "scores": write("scores.txt", zip(names, scores, strict=True)),
        "worse": write("worse.txt", zip(names, scores + rng.normal(0, 2, 240), strict=True)),
        "dev": write("dev.txt", [(*row, score) for row, score in zip(trials, rng.normal(3 * labels, 1), strict=True)]),
        "asv": write(
            "asv.txt",
            [("bonafide", "target", x) for x in rng.normal(4, 1, 50)]
            + [("bonafide", "nontarget", x) for x in rng.normal(0, 1, 50)]
            + [("A00", "spoof", x) for x in rng.normal(3, 1, 50)],
        ),
        "out": str(tmp_path / "out"),
    }


def _protocol(trials):
    return [(row % 7, (name, "-", attack, key)) for row, (name, attack, key) in enumerate(trials)]


def as_json(capsys, *words):
    assert spooflab(["metrics", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_shape_that_others_rely_on(files, capsys):
    found = as_json(capsys, files["scores"], "--protocol", files["protocol"], "--asv-scores", files["asv"])
    assert found["trials"] == {"bonafide": 80, "spoof": 160}
    assert found["eer"].keys() == {"legacy", "grouped", "rocch"}
    assert found["min_tdcf"].keys() == {"v1", "v2"}
    assert {"min_dcf", "act_dcf", "cllr", "auc", "warnings"} <= found.keys()
    assert found["attacks"]["A01"]["eer"] < 0.2
    assert "min_tdcf_v1" in found["attacks"]["A00"]
    assert "min_tdcf_v1" not in found["attacks"]["A01"]  # the ASV has no such spoofs
    assert found["eer_interval"]["unit"] == "speaker"


def test_tables_for_people(files, capsys):
    words = [
        files["scores"],
        "--protocol",
        files["protocol"],
        "--asv-scores",
        files["asv"],
        "--against",
        files["worse"],
    ]
    assert spooflab(["metrics", *words]) == 0
    printed = capsys.readouterr().out
    for part in ("EER, legacy", "min t-DCF v1", "minDCF", "Cllr", "by attack", "by speaker", "difference", "p = "):
        assert part in printed
    assert "hence optimistic" in printed


def test_two_files_are_compared_in_pairs(files, capsys):
    found = as_json(capsys, files["scores"], "--protocol", files["protocol"], "--against", files["worse"])["against"]
    assert found["difference"] == pytest.approx(found["eer"] - found["other"])
    assert found["low"] <= found["difference"] <= found["high"] < 0
    assert found["unit"] == "speaker"
    assert found["p_value"] < 0.01


@pytest.mark.parametrize(
    ("words", "threshold", "source"),
    [
        (["--threshold", "1.25"], 1.25, "given"),
        (["--threshold", "bayes"], -np.log(1.9), "Bayes"),
        (["--threshold", "eer"], None, "these very trials"),
        ([], None, "these very trials"),
        (["--dev", "DEV"], None, "on dev"),
        (["--dev", "DEV", "--threshold", "eer-dev"], None, "on dev"),
    ],
)
def test_the_threshold_is_stated(files, capsys, words, threshold, source):
    words = [files["dev"] if word == "DEV" else word for word in words]
    found = as_json(capsys, files["scores"], "--protocol", files["protocol"], "--bootstrap", "0", *words)
    assert source in found["threshold_source"]
    assert found["threshold"] == pytest.approx(threshold) if threshold else 0.5 < found["threshold"] < 2.5


def test_calibration_by_dev_makes_likelihood_ratios(files, capsys):
    words = [files["scores"], "--protocol", files["protocol"], "--bootstrap", "0"]
    raw = as_json(capsys, *words)
    calibrated = as_json(capsys, *words, "--dev", files["dev"], "--calibrate")
    assert calibrated["eer"] == raw["eer"]
    assert calibrated["cllr"] < raw["cllr"]
    assert calibrated["cllr"] == pytest.approx(raw["min_cllr"], abs=0.1)


def test_out_holds_tables_and_figures(files, tmp_path, capsys):
    assert spooflab(["metrics", files["scores"], "--protocol", files["protocol"], "--out", files["out"]]) == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {
        "metrics.json",
        "scores.txt",
        "breakdown.csv",
        "det.png",
        "reliability.png",
        "scores_by_attack.png",
    } <= names
    provenance = json.loads((tmp_path / "out/provenance.json").read_text())
    assert provenance.keys() == {"scores", "protocol", "options", "scores_sha256"}
    capsys.readouterr()
    again = as_json(capsys, str(tmp_path / "out/scores.txt"), "--bootstrap", "0")
    assert again["eer"] == json.loads((tmp_path / "out/metrics.json").read_text())["eer"]


def test_what_a_reader_should_know_is_said(files, tmp_path, capsys):
    def warnings(*words):
        found = as_json(capsys, files["scores"], "--protocol", files["protocol"], "--bootstrap", "100", *words)
        return " | ".join(found["warnings"])

    assert "240 trials are in dev too" in warnings("--dev", files["dev"])
    assert "no t-DCF of A01: the ASV has no such spoofs" in warnings("--asv-scores", files["asv"])
    assert "7 speakers only" in warnings()
    inverted = tmp_path / "inverted.txt"
    rows = (line.split() for line in Path(files["scores"]).read_text().splitlines())
    inverted.write_text("".join(f"{name} {-float(score)}\n" for name, score in rows))
    assert f"{inverted}: EER" in warnings("--against", str(inverted))


def test_a_file_that_names_speakers_is_its_own_protocol(tmp_path, capsys):
    rng = np.random.default_rng(0)
    rows = [f"u{n},S{n % 12},{'real' if n % 5 else 'fake'},{rng.normal(3 * bool(n % 5))}" for n in range(240)]
    (tmp_path / "scores.csv").write_text("\n".join(["file,speaker,label,score", *rows]) + "\n")
    found = as_json(capsys, str(tmp_path / "scores.csv"), "--bootstrap", "100")
    assert found["eer_interval"]["unit"] == "speaker"
    assert len(found["speakers"]) == 12


def test_common_trials_are_compared_when_asked_for(files, tmp_path, capsys):
    part = tmp_path / "part.txt"
    lines = Path(files["worse"]).read_text().splitlines(keepends=True)
    part.write_text("".join(line for line in lines if not line.startswith("u7")))
    words = [files["scores"], "--protocol", files["protocol"], "--against", str(part)]
    assert spooflab(["metrics", *words]) == 1
    assert "are missing" in capsys.readouterr().err
    assert "against" in as_json(capsys, *words, "--allow-partial")


def test_out_is_replaced_as_a_whole_and_holds_the_comparison(files, tmp_path, capsys):
    words = [files["scores"], "--protocol", files["protocol"], "--out", files["out"]]
    as_json(capsys, *words)
    (tmp_path / "out" / "left_over.png").write_bytes(b"")
    as_json(capsys, *words, "--against", files["worse"])
    assert not (tmp_path / "out" / "left_over.png").exists()
    assert "against" in json.loads((tmp_path / "out" / "metrics.json").read_text())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--bootstrap", "-1"], "expected at least 100 resamples, or 0"),
        (["--bootstrap", "0", "--against", "SCORES"], "needs resamples"),
        (["--dev-protocol", "SCORES"], "give its scores with --dev"),
        (["--threshold", "nan"], "or a number"),
        (["--dev", "INVERTED", "--calibrate"], "a higher score is not more bona fide"),
        (["--asv-scores", "INVERTED_ASV"], "expected at most 40%"),
        (["--out", "SCORES"], "found a file, expected the name of a folder"),
        (["--out", "HERE"], "which is read now and would be lost"),
        (["--calibrate"], "wants the scores of dev"),
        (["--threshold", "eer-dev"], "give them with --dev"),
        (["--threshold", "best"], "expected eer-dev, bayes, eer or a number"),
        (["--asv-scores", "SCORES"], "no column of the keys target, nontarget, spoof"),
        (["--subset", "progress"], "it tells no subsets apart"),
    ],
)
def test_what_contradicts_itself_is_refused(files, capsys, words, message):
    here = Path(files["scores"]).parent
    for name in ("dev", "asv"):
        rows = [line.rpartition(" ") for line in Path(files[name]).read_text().splitlines()]
        (here / f"inverted_{name}.txt").write_text("".join(f"{head} {-float(score)}\n" for head, _, score in rows))
    places = {
        "SCORES": files["scores"],
        "INVERTED": str(here / "inverted_dev.txt"),
        "INVERTED_ASV": str(here / "inverted_asv.txt"),
        "HERE": str(here),
    }
    words = [places.get(word, word) for word in words]
    assert spooflab(["metrics", files["scores"], "--protocol", files["protocol"], *words]) == 1
    assert message in capsys.readouterr().err


def test_speakers_that_are_not_known_cannot_be_drawn(files, capsys):
    assert spooflab(["metrics", files["dev"], "--unit", "speaker"]) == 1
    assert "does not name the speaker" in capsys.readouterr().err


def test_other_trials_cannot_be_compared(files, tmp_path, capsys):
    other, text = tmp_path / "other.txt", Path(files["dev"]).read_text()
    other.write_text("".join(text.splitlines(keepends=True)[1:]))
    assert spooflab(["metrics", files["dev"], "--against", str(other)]) == 1
    assert "in one of the two score files only, u0 among them" in capsys.readouterr().err
    other.write_text(text.replace("u0 - bonafide", "u0 - spoof"))
    assert spooflab(["metrics", files["dev"], "--against", str(other)]) == 1
    assert "u0 has another key there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bonafide target 1\nbonafide nontarget 0\n", "with all three in it"),
        ("bonafide target x\nbonafide nontarget 0\nA01 spoof 0\n", "no score"),
        ("bonafide target 1\nbonafide nontarget 0\nA01 spoof nan\n", r"asv\.txt:3: the ASV score is nan"),
    ],
)
def test_what_are_no_asv_scores_is_refused(tmp_path, text, message):
    (tmp_path / "asv.txt").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_asv_scores(tmp_path / "asv.txt")


@pytest.mark.realdata
@pytest.mark.parametrize("name", GOLDEN)
def test_golden_files(realdata, capsys, name):
    folder = realdata / "asvspoof2019_la"
    found = as_json(
        capsys,
        str(folder / f"cm_scores/lfcc_resnet18_{name}.txt"),
        *("--protocol", str(folder / "ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.eval.trl.txt")),
        *("--asv-scores", str(folder / "ASVspoof2019_LA_asv_scores/ASVspoof2019.LA.asv.eval.gi.trl.scores.txt")),
    )
    golden = GOLDEN[name]
    assert round(100 * found["eer"]["legacy"], 3) == golden["eer"]
    assert {version: round(value, 4) for version, value in found["min_tdcf"].items()} == {
        version: golden[version] for version in ("v1", "v2")
    }
    assert round(found["min_dcf"], 4) == golden["min_dcf"]
    assert "as probabilities or cosines do" in found["warnings"][0]
    assert len(found["speakers"]) == 67


@pytest.mark.realdata
def test_damaged_golden_files(realdata, tmp_path, capsys):
    folder = realdata / "asvspoof2019_la"
    lines = (folder / "cm_scores/lfcc_resnet18_amsoftmax.txt").read_text().splitlines()
    protocol = ["--protocol", str(folder / "ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.eval.trl.txt")]
    damaged = {
        "truncated": ("\n".join(lines[:60000]), "11,237 of the 71,237 trials"),
        "cut": ("\n".join(lines).rpartition(" ")[0], ":71237: found 3 columns"),
        "duplicated": ("\n".join([*lines, lines[99].rpartition(" ")[0] + " 0.5"]), ":71238: LA_E_"),
        "nan": ("\n".join([*lines[:500], lines[500].rpartition(" ")[0] + " nan", *lines[501:]]), ":501: the score of"),
    }
    for name, (text, message) in damaged.items():
        path = tmp_path / f"{name}.txt"
        path.write_text(text + "\n")
        assert spooflab(["metrics", str(path), *protocol]) == 1, name
        assert message in capsys.readouterr().err
    inverted = tmp_path / "inverted.txt"
    inverted.write_text("".join(f"{row.split()[0]} {-float(row.split()[3])}\n" for row in lines))
    found = as_json(capsys, str(inverted), *protocol, "--bootstrap", "0")
    assert "Negated, the scores have an EER of 3.16%" in found["warnings"][0]
