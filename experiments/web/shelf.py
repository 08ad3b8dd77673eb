"""Names of models in, countermeasures to judge with out: each loaded once, and again when its alias moves."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments import registry, tracking
from experiments.evaluate import run_of
from experiments.inference import Countermeasure
from experiments.score_recipe import folder_of
from experiments.serving.models import NO_VERSION, load, named
from experiments.web.mistakes import Mistakes, mistakes_of_run

NOT_DESCRIBED = "This model is a folder: it has no card."
OF_A_RUN = "This model is that of a run: it has no card."
NO_CARD = "This version has no card."
_RUN = "run"


@dataclass(frozen=True)
class Model:
    """A model, ready to judge.

    Attributes:
        label: name, version and aliases, as a person reads them.
        countermeasure: loaded.
        card: Markdown that describes it.
        mistakes: that it made on recordings that it was not trained on; none where they are not known.
    """

    label: str
    countermeasure: Countermeasure
    card: str
    mistakes: Mistakes | None


@dataclass(frozen=True)
class _Loaded:
    """What is kept of a model."""

    countermeasure: Countermeasure
    mistakes: Mistakes | None


class Shelf:
    """Holds the models that were asked for.

    Args:
        uris: ``models:/NAME@ALIAS``, ``models:/NAME/VERSION``, ids of evaluated runs, or folders; offered beside what
            is registered.
    """

    def __init__(self, uris: Sequence[str]) -> None:
        self._uris = list(uris)
        self._loaded: dict[tuple[str, str], _Loaded] = {}
        self._one = threading.Lock()

    def offered(self) -> list[str]:
        """Return the names of all models, those that were asked for first."""
        versions = registry.versions()
        aliases = {name: registry.aliases(name) for name in {str(version.name) for version in versions}}
        by_alias = [f"models:/{name}@{alias}" for name, held in sorted(aliases.items()) for alias in sorted(held)]
        by_number = [f"models:/{version.name}/{version.version}" for version in versions]
        return list(dict.fromkeys([*self._uris, *by_alias, *by_number]))

    def take(self, uri: str) -> Model:
        """Return a model, loaded when it is first asked for.

        Raises:
            LookupError: there is no such version or run.
            OSError: its files cannot be read, or the run was not evaluated.
        """
        name, version = (uri, _RUN) if _is_run(uri) else named(uri)
        with self._one:
            if (name, version) not in self._loaded:
                self._loaded[name, version] = _load(uri, version)
            loaded = self._loaded[name, version]
        if version == NO_VERSION:
            return Model(Path(name).name, loaded.countermeasure, NOT_DESCRIBED, None)
        if version == _RUN:
            label, card = f"run {tracking.name_of(uri)}", f"{OF_A_RUN} `spooflab report {uri}` tells of it."
            return Model(label, loaded.countermeasure, card, loaded.mistakes)
        described = registry.version_of(f"models:/{name}/{version}")
        held = sorted(alias for alias, number in registry.aliases(name).items() if number == version)
        label = f"{name} version {version}" + (f" ({', '.join(held)})" if held else "")
        return Model(label, loaded.countermeasure, described.description or NO_CARD, loaded.mistakes)


def _is_run(uri: str) -> bool:
    return not uri.startswith("models:/") and not Path(uri).is_dir()


def _load(uri: str, version: str) -> _Loaded:
    countermeasure = load(str(folder_of(uri)) if version == _RUN else uri).countermeasure
    if version == NO_VERSION:
        return _Loaded(countermeasure, None)
    return _Loaded(countermeasure, mistakes_of_run(run_of(uri, None), countermeasure.operating_point.threshold))
