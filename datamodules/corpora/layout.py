"""A folder in, the audio in it and names for that out: what the layouts of corpora have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Final

AUDIO_SUFFIXES: Final = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".mp4", ".g722"})


def inside(root: str, folder: str) -> Path:
    """The folder of a corpus, given as itself or as what holds it."""
    return Path(root) / folder if (Path(root) / folder).is_dir() else Path(root)


def audio_files(folder: Path) -> list[Path]:
    """All audio files under a folder, in order; none where there is no folder. Hidden files are left out."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES)
    return sorted(path for path in found if not path.name.startswith("."))


def utterance_name(path: Path, base: Path) -> str:
    """The relative path, which is the one name that is unique."""
    return one_word(path.relative_to(base).as_posix())


def one_word(text: str) -> str:
    """A name for score files, whose columns are separated by spaces."""
    return "_".join(text.split())
