"""A folder in, the audio files in it out: one answer for every command to what is audio, and to what is in a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

AUDIO_SUFFIXES: Final = frozenset(
    (
        *(".wav", ".wave", ".bwf", ".rf64", ".w64", ".aif", ".aiff", ".aifc", ".caf", ".au", ".snd", ".sph"),
        *(".flac", ".ogg", ".oga", ".ogv", ".opus", ".spx", ".mp3", ".mp2", ".mpga", ".aac", ".ac3", ".eac3"),
        *(".m4a", ".m4b", ".mp4", ".m4v", ".mov", ".3gp", ".3g2", ".amr", ".awb", ".g722", ".wma", ".wmv", ".asf"),
        *(".webm", ".weba", ".mka", ".mkv", ".avi", ".flv", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts"),
    )
)
"""Of the files that :func:`datamodules.audio.decode` reads: sound, and video with sound."""


def audio_files(folder: Path) -> list[Path]:
    """All audio files under a folder, at any depth and behind links, in order; none where there is no folder.

    What is hidden is left out. A link back to a folder that it lies in is not followed.

    Raises:
        OSError: a folder that cannot be listed, or a link to what is not there: the corpus would lack them in silence.
    """
    return list(each_audio_file(folder))


def each_audio_file(folder: Path) -> Iterator[Path]:
    """Yield the same one by one, however many there are: no more than a folder's names are held at a time.

    Raises:
        OSError: as :func:`audio_files`, when it gets there.
    """
    if folder.is_dir():
        yield from _below(folder, frozenset())


def _below(folder: Path, above: frozenset[Path]) -> Iterator[Path]:
    here = folder.resolve()
    if here in above:
        return
    try:
        with os.scandir(folder) as found:
            shown = [entry for entry in found if not entry.name.startswith(".")]
    except OSError as error:
        raise OSError(
            f"{folder}: found a folder that cannot be listed ({error.strerror}), expected to see what is in it; "
            f"mend its permissions, or move it elsewhere"
        ) from error
    for entry in sorted(shown, key=lambda entry: entry.name):  # as paths are sorted: part by part
        path = Path(entry.path)
        if entry.is_dir():
            yield from _below(path, above | {here})
        elif path.suffix.lower() in AUDIO_SUFFIXES:
            yield path
        elif entry.is_symlink() and not path.exists():
            raise OSError(
                f"{path}: found a link to {path.readlink()}, which is not there, expected a folder or a file; "
                f"bring that back, or remove the link"
            )
