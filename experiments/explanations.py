"""A run in, pictures of what gives fakes away to its detector out: what ``spooflab explain --corpus`` logged on it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from experiments import tracking

FOLDER: Final = "explanations"


@dataclass(frozen=True)
class Explanation:
    """A picture and what it shows.

    Attributes:
        content: of the picture's PNG file.
        sentences: in plain words.
    """

    content: bytes
    sentences: tuple[str, ...]


def read(run_id: str) -> list[Explanation]:
    """Return the explanations of a run; none where nobody made any."""
    try:
        folder = tracking.fetch(run_id, FOLDER)
    except FileNotFoundError:
        return []
    return of_folder(folder)


def of_folder(folder: Path) -> list[Explanation]:
    """Read each picture that has its findings beside it: ``NAME.png`` and ``NAME.json``.

    Raises:
        ValueError: a file of findings is of another form.
    """
    return [
        Explanation(file.read_bytes(), _sentences(file.with_suffix(".json")))
        for file in sorted(folder.glob("*.png"))
        if file.with_suffix(".json").exists()
    ]


def _sentences(file: Path) -> tuple[str, ...]:
    try:
        return tuple(str(finding["sentence"]) for finding in json.loads(file.read_text())["findings"])
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(
            f"{file}: found no list `findings` with a `sentence` each ({error}): make it anew with `spooflab explain`"
        ) from error
