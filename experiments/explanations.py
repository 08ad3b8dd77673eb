"""A run in, pictures of what its detector hears, each with a sentence, out: those that were logged on the run."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from experiments import tracking

FOLDER: Final = "explanations"
INDEX: Final = "explanations.json"
"""A list of objects: ``picture``, the name of a file beside it, and ``sentence``, what it shows."""
_KINDS = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg"}


@dataclass(frozen=True)
class Explanation:
    """A picture and what it shows.

    Attributes:
        content: of the picture's file.
        kind: its media type.
        sentence: in plain words.
    """

    content: bytes
    kind: str
    sentence: str


def read(run_id: str) -> list[Explanation]:
    """Return the explanations of a run; none where nobody made any."""
    try:
        folder = tracking.fetch(run_id, FOLDER)
    except FileNotFoundError:
        return []
    return of_folder(folder)


def of_folder(folder: Path) -> list[Explanation]:
    """Read explanations from a folder.

    Raises:
        ValueError: a picture is of a kind that pages cannot show.
    """
    found = []
    for entry in json.loads((folder / INDEX).read_text()):
        file = folder / Path(entry["picture"]).name
        if file.suffix.lower() not in _KINDS:
            raise ValueError(f"{file}: found a picture of that kind, expected one of {', '.join(_KINDS)}")
        found.append(Explanation(file.read_bytes(), _KINDS[file.suffix.lower()], str(entry["sentence"])))
    return found
