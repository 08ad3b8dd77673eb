"""Folders and files of a corpus in, where it lies and names for it out: what the layouts of corpora have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PARTITION_WORDS: Final = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("dev", "development", "val", "valid", "validation"), "dev"),
    **dict.fromkeys(("eval", "evaluation", "test", "testing"), "eval"),
}
"""The field's words for the partitions, in lower case."""


def inside(root: str, folder: str) -> Path:
    """The folder of a corpus, given as itself or as what holds it."""
    return Path(root) / folder if (Path(root) / folder).is_dir() else Path(root)


def utterance_name(path: Path, base: Path) -> str:
    """The relative path, which is the one name that is unique."""
    return one_word(path.relative_to(base).as_posix())


def one_word(text: str) -> str:
    """A name for score files, whose columns are separated by spaces."""
    return "_".join(text.split())
