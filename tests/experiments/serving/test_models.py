"""A version that fails leaves the one before in its place, and is tried again."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from experiments import registry as registry_files
from experiments.serving.metrics import Metrics
from experiments.serving.models import Loaded, Models, load, warm
from tests.served import tiny_countermeasure


class Registry:
    """Names a version; some of them are broken."""

    def __init__(self) -> None:
        self.version, self.broken, self.loads = "1", set(), []

    def newest(self, uri: str) -> tuple[str, str]:
        return uri, self.version

    def load(self, uri: str) -> Loaded:
        self.loads.append(self.version)
        if self.version in self.broken:
            raise OSError("no such file")
        return Loaded(uri, self.version, SimpleNamespace(told="made up"))


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def models(registry) -> Models:
    return Models("m", 1.0, Metrics(), registry.load, registry.newest)


def test_only_another_version_is_loaded(models, registry):
    assert models.refresh()
    assert models.refresh()
    registry.version = "2"
    assert models.refresh()
    assert registry.loads == ["1", "2"]
    assert models.current.version == "2"


def test_a_broken_version_leaves_the_one_before(models, registry):
    models.refresh()
    registry.version = "2"
    registry.broken = {"2"}
    assert not models.refresh()
    assert models.current.version == "1"
    assert "no such file" in models.problem
    registry.broken = set()
    assert models.refresh()
    assert (models.current.version, models.problem) == ("2", "")


def test_a_version_leaves_no_copy_of_its_files_behind(tmp_path, monkeypatch):
    files, copies = tiny_countermeasure(tmp_path), []

    def copied(uri: str, into: Path) -> Path:
        copies.append(into)
        return Path(shutil.copytree(files, into / "countermeasure"))

    monkeypatch.setattr(registry_files, "version_of", lambda uri: SimpleNamespace(name="m", version="7"))
    monkeypatch.setattr(registry_files, "countermeasure_folder", copied)
    loaded = load("models:/m@champion")
    assert loaded.version == "7"
    assert np.isfinite(loaded.countermeasure.score(np.full(16_000, 0.1, np.float32)))
    assert not copies[0].exists()


def test_a_registry_that_is_away_changes_nothing(registry):
    def away(uri: str) -> tuple[str, str]:
        raise ConnectionError("away")

    models = Models("m", 1.0, Metrics(), registry.load, away)
    models.refresh()
    for _ in range(5):
        assert not models.refresh()
        assert (models.current.version, models.problem) == ("1", "m was not loaded: away")
        assert models.pause_s == 1.0  # to ask again costs nothing


def test_a_version_that_fails_is_tried_again_after_longer_and_longer(models, registry):
    registry.broken = {"1"}
    pauses_s = []
    for _ in range(12):
        models.refresh()
        pauses_s.append(models.pause_s)
    assert pauses_s[:3] == [2.0, 4.0, 8.0]
    assert pauses_s[-1] == 300.0
    registry.broken = set()
    models.refresh()
    assert models.pause_s == 1.0


def test_a_watched_alias_is_followed(registry):
    models = Models("m", 0.01, Metrics(), registry.load, registry.newest)
    models.refresh()
    models.watch()
    registry.version = "2"
    while models.current.version == "1":
        pass
    models.close()


def test_versions_that_are_served_are_told(registry):
    metrics = Metrics()
    models = Models("m", 1.0, metrics, registry.load, registry.newest)
    models.refresh()
    registry.version = "2"
    models.refresh()
    page = metrics.page().decode()
    assert 'spooflab_model_processes{model="m",version="1"} 0.0' in page
    assert 'spooflab_model_processes{model="m",version="2"} 1.0' in page
    assert 'spooflab_model_loads_total{outcome="loaded"} 2.0' in page


def test_a_model_that_scores_nothing_finite_is_refused(tmp_path):
    loaded = load(str(tiny_countermeasure(tmp_path)))
    next(loaded.countermeasure.detector.network.parameters()).data.fill_(float("nan"))
    del loaded.countermeasure.__dict__["prepared"]
    with pytest.raises(ValueError, match="finite"):
        warm(loaded.countermeasure)
