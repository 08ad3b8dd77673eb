"""A file in, what it is called and known as where it is scored out: light, since processes that score start with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from datamodules.manifest import UNKNOWN

Format = Literal["scores", "jsonl"]
FORMATS: Final[tuple[Format, ...]] = ("scores", "jsonl")
"""Of score files."""
STANDARD_INPUT: Final = Path("-")
"""What stands for a pipe."""


@dataclass(frozen=True, slots=True)
class Item:
    """One recording to score.

    Attributes:
        path: of its file.
        utterance: its name in score files, unique among the inputs and without white space.
        key: ``bonafide`` or ``spoof``; ``-`` where it is not known.
        attack: ``-`` for bona fide, and where it is not known.
    """

    path: Path
    utterance: str
    key: str = UNKNOWN
    attack: str = UNKNOWN
