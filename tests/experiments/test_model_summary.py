"""The summary of a config tells shapes, sizes and operations of what would be trained, without its corpus."""

import json
from pathlib import Path

import pytest

from experiments.cli import main as spooflab
from experiments.model_summary import read_detector, summarise

CONFIGS = Path(__file__).resolve().parents[2] / "experiments" / "configs"
NOWHERE = "--data.corpus.init_args.root=/nowhere"


def words(network, *overrides):
    return [f"--config={CONFIGS / name}.yaml" for name in ("minispoof", network)] + [NOWHERE, *overrides]


@pytest.mark.parametrize(("network", "published"), [("rawnet2_2019", 25_433_602), ("rawnet2_2021", 17_621_410)])
def test_a_published_network_has_its_published_size(network, published):
    summary = summarise(read_detector(words(network, "--data.crop_s=4.0375")))
    assert summary.parameters.total == published
    assert sum(part.total for part in summary.children.values()) == published
    assert [stage.output for stage in summary.stages] == [
        (1, 64_600),
        (1, 1, 64_600),
        (1, 1, 64_600),
        (1, 1024),
        (1, 2),
    ]


def test_what_data_and_model_share_is_linked_as_in_training(capsys):
    enhancement = "--model.enhancement.class_path=lightning_modules.enhancement.SpectralSubtraction"
    overrides = ("--data.sample_rate_hz=8000", "--data.crop_s=3", "--print-summary", "--json", enhancement)
    assert spooflab(["train", *words("cnn", *overrides)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["crop_s"] == 3
    assert [stage["name"] for stage in found["stages"]] == [
        *("waveform", "enhancement", "frontend", "normalisation", "network", "classifier"),
    ]
    assert found["stages"][1]["output"] == [1, 24_000]
    assert found["stages"][3]["output"] == [1, 80, 1 + (24_000 - 200) // 80]
    assert found["macs"] > 0
    assert found["architecture"].startswith("Conv blocks > ")


def test_a_person_reads_tables(capsys):
    assert spooflab(["train", *words("rawnet2_small"), "--print-summary"]) == 0
    out = capsys.readouterr().out
    assert "1 x 1 x 32,000" in out
    assert "206,562 parameters to train, 0 frozen; 0.83 MB" in out
    assert "not counted: Fourier transforms" in out


def test_twice_the_audio_is_twice_the_operations():
    short, long = (summarise(read_detector(words("cnn", f"--data.crop_s={crop_s}"))) for crop_s in (2, 4))
    assert 1.9 < long.macs / short.macs < 2.1
    assert long.size_mb == short.size_mb


def test_a_config_that_cannot_be_is_one_line(capsys):
    assert spooflab(["train", *words("cnn", "--model.network.init_args.chanels=[3]"), "--print-summary"]) == 1
    assert "chanels" in capsys.readouterr().err
