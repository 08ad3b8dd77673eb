"""Folders ``<partition>/{real,fake}/…`` of any audio files -> manifest: the fewest rules a corpus can have."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from datamodules.manifest import BONAFIDE, PARTITIONS, SPOOF, UNKNOWN, Manifest, ManifestError, Trial

AUDIO_SUFFIXES: Final = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".g722"})


def labelled_folder(root: str, bonafide_folder: str = "real", spoof_folder: str = "fake") -> Manifest:
    """Read a corpus whose labels are its folders.

    ``train/real/a.wav`` is bona fide. Sub-folders of the spoof folder name attacks (``train/fake/tacotron/b.wav``), and
    sub-folders of the bona fide folder the speaker; files directly under them have attack "fake" and speaker "-".

    Args:
        root: the folder that holds ``train``, ``dev`` and ``eval``; partitions may be missing.
        bonafide_folder: the name of the bona fide folder in each partition.
        spoof_folder: the name of the spoof folder in each partition.

    Raises:
        ManifestError: no partition folder, or no audio in any of them.
        LeakageError: a speaker is in more than one partition.
    """
    base = Path(root)
    if not any((base / partition).is_dir() for partition in PARTITIONS):
        raise ManifestError(
            f"{base}: found none of the folders {', '.join(PARTITIONS)}, expected `<partition>/{bonafide_folder}/…`"
        )
    trials = [
        _trial(path, base, partition, key, base / partition / folder)
        for partition in PARTITIONS
        for key, folder in ((BONAFIDE, bonafide_folder), (SPOOF, spoof_folder))
        for path in sorted((base / partition / folder).rglob("*"))
        if path.suffix.lower() in AUDIO_SUFFIXES
    ]
    manifest = Manifest(trials, name=base.name)
    manifest.check_disjoint()
    return manifest


def _trial(path: Path, base: Path, partition: str, key: str, folder: Path) -> Trial:
    parts = path.relative_to(folder).parts
    group = parts[0] if len(parts) > 1 else None
    # The relative path is the one name that is unique; spaces would break score files, which are separated by them.
    utterance = path.relative_to(base).as_posix().replace(" ", "_")
    if key == BONAFIDE:
        return Trial(utterance, path, group or UNKNOWN, UNKNOWN, key, partition)
    return Trial(utterance, path, UNKNOWN, group or folder.name, key, partition)
