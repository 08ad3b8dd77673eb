"""Names of models in, countermeasures to judge with out: each loaded once, and again when its alias moves."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments import registry
from experiments.inference import Countermeasure
from experiments.serving.models import NO_VERSION, load, named
from experiments.web.mistakes import Mistakes, mistakes_of_run

NOT_DESCRIBED = "This model is a folder: it has no card."


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


class Shelf:
    """Holds the models that were asked for.

    Args:
        uris: ``models:/NAME@ALIAS``, ``models:/NAME/VERSION`` or folders that are offered beside what is registered.
    """

    def __init__(self, uris: Sequence[str]) -> None:
        self._uris = list(uris)
        self._loaded: dict[tuple[str, str], Countermeasure] = {}
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
            LookupError: there is no such version.
            OSError: its files cannot be read.
        """
        name, version = named(uri)
        with self._one:
            if (name, version) not in self._loaded:
                self._loaded[name, version] = load(uri).countermeasure
            countermeasure = self._loaded[name, version]
        if version == NO_VERSION:
            return Model(Path(name).name, countermeasure, NOT_DESCRIBED, None)
        described = registry.version_of(f"models:/{name}/{version}")
        mistakes = mistakes_of_run(str(described.run_id), countermeasure.operating_point.threshold)
        held = sorted(alias for alias, number in registry.aliases(name).items() if number == version)
        label = f"{name} version {version}" + (f" ({', '.join(held)})" if held else "")
        return Model(label, countermeasure, described.description or NOT_DESCRIBED, mistakes)
