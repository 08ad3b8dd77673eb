"""The trials of one corpus in, its manifest out, once nothing leaks and nothing is missing."""

from __future__ import annotations

from collections.abc import Sequence

from datamodules.manifest import Manifest, Trial


def checked_manifest(trials: Sequence[Trial], name: str, require_audio: bool, notes: Sequence[str] = ()) -> Manifest:
    """Make the manifest of a corpus.

    Args:
        trials: its rows.
        name: what reports call it.
        require_audio: check that every audio file is there.
        notes: what its reader saw and could not judge.

    Raises:
        ManifestError: no trials, an utterance twice, or audio files are missing.
        LeakageError: an utterance or speaker is in more than one partition.
    """
    manifest = Manifest(trials, name, notes=notes)
    manifest.check_disjoint()
    if require_audio:
        manifest.check_files()
    return manifest
