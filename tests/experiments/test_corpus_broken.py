"""A broken copy of each layout: the command names every file that is to be mended, or the one that is not there."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import yaml

from datamodules.manifest import Trial
from experiments.cli import main
from experiments.data_config import read_corpus
from tests.datamodules.corpora.miniatures import LAYOUTS

CONFIGS = Path(__file__).resolve().parents[2] / "experiments" / "configs"
CONFIG_OF = {"labelled_folder": "folder"}
WITHOUT_A_LIST = ("labelled_folder", "wavefake")
"""What lies in their folders is the corpus: nothing can be missing."""


@pytest.fixture(params=sorted(LAYOUTS))
def config(request: pytest.FixtureRequest, miniature: Callable[..., Path], tmp_path: Path) -> Path:
    """The shipped YAML of a layout, with the root of its miniature."""
    layout = request.param
    root = miniature(layout)
    values = yaml.safe_load((CONFIGS / f"{CONFIG_OF.get(layout, layout)}.yaml").read_text())
    arguments = values["data"]["corpus"].setdefault("init_args", {})
    if layout == "table":
        arguments["path"] = str(root / "trials.csv")
    else:
        arguments["root"] = str(root)
    path = tmp_path / f"{layout}.yaml"
    path.write_text(yaml.safe_dump({"data": values["data"]}))
    return path


def broken(config: Path) -> tuple[Trial, Trial, Trial, Trial]:
    """Cut a file, silence another, and put a third one's audio under the name of a fourth."""
    cut, silent, copied, copy = read_corpus(config).trials[:4]
    cut.path.write_bytes(cut.path.read_bytes()[: cut.path.stat().st_size // 2])
    rate_hz = sf.info(silent.path).samplerate
    sf.write(silent.path, np.zeros(2 * rate_hz), rate_hz)
    samples, rate_hz = sf.read(copied.path, dtype="int16")
    sf.write(copy.path, samples, rate_hz)
    return cut, silent, copied, copy


def test_every_broken_file_is_named(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cut, silent, copied, copy = broken(config)
    assert main(["corpus", "check", "--config", str(config), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    (undecodable,) = report["undecodable"]
    assert str(cut.path) in undecodable
    assert report["silent"] == [silent.utterance]
    assert [copied.utterance, copy.utterance] in report["duplicates"]
    told = "\n".join(report["problems"])
    assert all(trial.utterance in told for trial in (silent, copied, copy))


def test_a_file_that_is_not_there_is_named(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = read_corpus(config).trials[0]
    missing.path.unlink()
    if config.stem in WITHOUT_A_LIST:
        assert missing.path not in {trial.path for trial in read_corpus(config)}
        return
    assert main(["corpus", "check", "--config", str(config)]) == 1
    told = capsys.readouterr().err
    assert missing.path.stem in told
    assert "Traceback" not in told
