"""A config file in, the corpus that its data section names out; the model in it is not built."""

import argparse
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser

from datamodules.datamodule import DeepfakeDataModule
from datamodules.manifest import Manifest
from experiments.yaml_files import read_yaml


def read_corpus(config: Path) -> Manifest:
    """Return the manifest of a config's corpus.

    Raises:
        ValueError: the file is missing or no YAML, or its data section is not usable.
    """
    return read_data(config).corpus


def read_sections(config: Path) -> dict[str, Any]:
    """Return the sections of a config, as they stand there.

    Raises:
        ValueError: the file is missing, no YAML, or no mapping.
    """
    values = read_yaml(config)
    if not isinstance(values, dict):
        raise ValueError(  # noqa: TRY004 - it is the file that is wrong
            f"{config}: found {values!r}, expected a config: it has no section `data`"
        )
    return values


def read_data(config: Path) -> DeepfakeDataModule:
    """Return the data module of a config.

    Raises:
        ValueError: the file is missing or no YAML, or its data section is not usable.
    """
    values = read_sections(config)
    if "data" not in values:
        raise ValueError(
            f"{config}: has no section `data`; expected a training config, such as minispoof.yaml (a run of imported "
            "weights has no data unless it was given some: name a config with --config)"
        )
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(DeepfakeDataModule, "data")
    data: DeepfakeDataModule = _instantiate(parser, config, {"data": values["data"]}).data
    return data


def _instantiate(parser: ArgumentParser, config: Path, values: dict[str, Any]) -> Any:  # noqa: ANN401 - a namespace
    try:
        return parser.instantiate_classes(parser.parse_object(values))
    except argparse.ArgumentError as error:
        raise ValueError(f"{config}: the section `data` is not usable: {error}") from error
