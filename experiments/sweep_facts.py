"""A sweep's name in, what it searched and found out, from what it logged on its MLflow run."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from experiments import sweep_runs, tracking

_FOLDER: Final = "sweep"
_BEST: Final = "best."
_PICTURES = {"history": "each dot is a trial", "importance": "how much of the difference between trials each one makes"}


@dataclass(frozen=True)
class Picture:
    """A chart that the sweep drew.

    Attributes:
        name: of its file, without its end.
        content: of its PNG file.
        meaning: in a few words.
    """

    name: str
    content: bytes
    meaning: str

    @property
    def caption(self) -> str:
        """What it is, in words."""
        return f"{self.name.replace('_', ' ').capitalize()}: {self.meaning}."


@dataclass(frozen=True)
class Sweep:
    """What a sweep came to.

    Attributes:
        name: of it.
        run_id: of its MLflow run.
        space: YAML of what was searched.
        trials: how many ended how.
        measures: that it minimised, in its order.
        values: of the winner's parameters.
        winner: measures of the winner.
        median: of the first measure over complete trials; none where none is complete.
        pictures: of the history, and of the importance of each parameter.
    """

    name: str
    run_id: str
    space: str
    trials: Mapping[str, int]
    measures: Sequence[str]
    values: Mapping[str, str]
    winner: Mapping[str, float]
    median: float | None
    pictures: Sequence[Picture]


def read_sweep(name: str) -> Sweep:
    """Read what a sweep logged.

    Raises:
        LookupError: there is no such sweep.
        FileNotFoundError: it has not published an answer yet.
    """
    run = sweep_runs.sweep(name)
    run_id = str(run.info.run_id)
    folder = tracking.fetch(run_id, _FOLDER)
    answer: dict[str, Any] = json.loads((folder / "answer.json").read_text())
    winner: dict[str, float] = next((row["measures"] for row in answer["front"]), {})
    pictures = [
        Picture(file.stem, file.read_bytes(), _PICTURES[kind])
        for kind in _PICTURES
        for file in sorted((folder / "figures").glob("*.png"))
        if kind in file.stem
    ]
    return Sweep(
        name=name,
        run_id=run_id,
        space=(folder / "space.yaml").read_text(),
        trials=answer["trials"],
        measures=answer["measures"],
        values={key.removeprefix(_BEST): text for key, text in run.data.tags.items() if key.startswith(_BEST)},
        winner=winner,
        median=answer["median"],
        pictures=pictures,
    )
