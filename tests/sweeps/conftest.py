"""What tests of sweeps share: a space that trains in a second, commands in processes of their own, PostgreSQL."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.postgres_server import PostgresServer, programs
from tests.sweeps.wreckage import starter
from tests.workplace import Workplace


@pytest.fixture
def quick_space(place: Workplace) -> Callable[..., Path]:
    """Write a space of the debug network by its name; epochs decide how long a trial lasts."""

    def written(name: str, epochs: int = 1, **top: object) -> Path:
        values = {
            "configs": [str(place.folder / "data.yaml"), str(place.folder / "debug.yaml")],
            "fixed": {"trainer.max_epochs": epochs},
            "parameters": {"model.learning_rate": {"float": {"low": 0.001, "high": 0.02, "log": True}}},
            **top,
        }
        path = place.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(values))
        return path

    return written


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen]]:
    """Start `spooflab` in processes of their own, that do not outlive the test."""
    with starter() as start_one:
        yield start_one


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server that runs for the session; a test that stops it starts it again."""
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed: `apt-get install postgresql`, as .ci/run does where it may")
    server = PostgresServer(found)
    yield server
    server.remove()
