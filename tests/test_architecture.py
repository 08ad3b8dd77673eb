"""The house plan's import rules, read from the sources themselves."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("datamodules", "lightning_modules", "experiments", "sweeps")
FORBIDDEN = {
    "datamodules": {"lightning_modules", "experiments", "sweeps"},
    "lightning_modules": {"datamodules", "experiments", "sweeps"},
    "experiments": {"sweeps"},
    "sweeps": set(),
}
MLFLOW = (
    *("mlflow_store", "mlflow_experiment", "tracking", "tracking_artifacts", "detector_pyfunc"),
    *("registry", "registration", "promotion_journal"),  # what is known, what is made, and what is decided
    "deployed_scores",  # runs where nothing but a model is
)
MLFLOW_FILES = {f"experiments/{name}.py" for name in MLFLOW}


def sources(package: str) -> Iterator[Path]:
    return (ROOT / package).rglob("*.py")


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(str(node.module).partition(".")[0])
    return names


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_downwards_only(package):
    found = {str(path): imported(path) & FORBIDDEN[package] for path in sources(package)}
    assert found
    assert {path: names for path, names in found.items() if names} == {}


def test_mlflow_and_optuna_stay_in_their_rooms():
    for package in PACKAGES:
        for path in sources(package):
            where, names = path.relative_to(ROOT).as_posix(), imported(path)
            assert "mlflow" not in names or where in MLFLOW_FILES, where
            assert "optuna" not in names or package == "sweeps", where


def test_files_are_short():
    lengths = {path: len(path.read_text().splitlines()) for package in PACKAGES for path in sources(package)}
    assert {str(path): length for path, length in lengths.items() if length > 350} == {}
