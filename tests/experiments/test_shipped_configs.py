"""Every shipped config trains for a step."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import yaml

from experiments.train import hand_over_frontend
from experiments.training_config import parse

CONFIGS = Path(__file__).resolve().parents[2] / "experiments" / "configs"
SECTIONS = {path.stem: set(yaml.safe_load(path.read_text())) for path in sorted(CONFIGS.glob("*.yaml"))}
AUGMENTATIONS = [name for name in SECTIONS if name.startswith("augment_")]
OVERLAYS = [name for name in SECTIONS if name.startswith(("loss_", "average_")) or name == "recipe"]
FRONTENDS = [name for name in SECTIONS if name.startswith("frontend_")]
NOT_ALONE = (*OVERLAYS, *FRONTENDS, "ssl_wav2vec2")
NETWORKS = [name for name, sections in SECTIONS.items() if "model" in sections and name not in NOT_ALONE]


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize("network", NETWORKS)
def test_every_shipped_network_config_trains(place, network, precision):
    cli = parse(
        [
            *("--config", str(CONFIGS / "minispoof.yaml"), "--config", str(CONFIGS / f"{network}.yaml")),
            *(f"--data.corpus.init_args.root={place.corpus}", "--data.batch_size=2", "--trainer.fast_dev_run=true"),
            *("--trainer.enable_progress_bar=false", "--trainer.accelerator=cpu", f"--trainer.precision={precision}"),
        ]
    )
    cli.trainer.fit(cli.model, datamodule=cli.datamodule)
    assert cli.trainer.global_step == 1
    assert cli.trainer.callback_metrics["train/loss"].isfinite()


@pytest.mark.parametrize("recipe", AUGMENTATIONS)
def test_every_shipped_augmentation_trains(place, recipe, monkeypatch, tmp_path):
    root = tmp_path / "data" / "noise" / "train" / "CAFE"
    root.mkdir(parents=True)
    sf.write(root / "ch01.wav", np.random.default_rng(0).normal(0, 0.1, 48_000), 16_000)
    monkeypatch.chdir(tmp_path)
    cli = parse([*place.words(), f"--config={CONFIGS / recipe}.yaml", "--trainer.fast_dev_run=true"])
    assert cli.datamodule.augmentations
    cli.trainer.fit(cli.model, datamodule=cli.datamodule)
    assert cli.trainer.global_step == 1


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_shipped_loss_and_average_trains(place, overlay):
    cli = parse([*place.words(), f"--config={CONFIGS / overlay}.yaml", "--trainer.fast_dev_run=true"])
    plain = parse(place.words())
    differs = type(cli.model.loss) is not type(plain.model.loss)
    assert differs or len(cli.trainer.callbacks) > len(plain.trainer.callbacks)
    cli.trainer.fit(cli.model, datamodule=cli.datamodule)
    assert cli.trainer.global_step == 1


def test_the_recipe_at_8_khz_is_the_recipe(place):
    words = [*place.words(), f"--config={CONFIGS / 'recipe.yaml'}"]
    narrow = parse([*words, f"--config={CONFIGS / 'recipe_8khz.yaml'}", "--trainer.fast_dev_run=true"])
    assert narrow.model.frontend.sample_rate_hz == 8000
    parts, expected = ([*cli.datamodule.augmentation.parts] for cli in (narrow, parse(words)))
    without_rate = [
        [{name: value for name, value in part.recipe.items() if name != "sample_rate_hz"} for part in whole[1:]]
        for whole in (parts, expected)
    ]
    assert without_rate[0] == without_rate[1]
    narrow.trainer.fit(narrow.model, datamodule=narrow.datamodule)
    assert narrow.trainer.global_step == 1


@pytest.mark.parametrize("sample_rate_hz", [8000, 16_000])
@pytest.mark.parametrize("overlay", FRONTENDS)
def test_every_shipped_frontend_trains(place, overlay, sample_rate_hz):
    words = place.words(data__sample_rate_hz=sample_rate_hz, data__batch_size=2)
    cli = parse([*words, f"--config={CONFIGS / overlay}.yaml", "--trainer.fast_dev_run=true"])
    hand_over_frontend(cli.model, cli.datamodule)
    cli.trainer.fit(cli.model, datamodule=cli.datamodule)
    assert cli.trainer.global_step == 1
    assert type(cli.model.frontend).__name__.lower() in overlay.replace("_", "")
    assert cli.model.frontend.sample_rate_hz == sample_rate_hz
    assert cli.model.normalisation.bins == cli.model.frontend.bins
