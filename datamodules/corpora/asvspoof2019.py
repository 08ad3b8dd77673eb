"""A folder in the ASVspoof 2019 LA or PA layout -> manifest: official protocols beside 16 kHz FLAC files.

Todisco et al., "ASVspoof 2019: Future Horizons in Spoofed and Fake Audio Detection", Interspeech 2019.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from datamodules.corpora.asvspoof import read_trials
from datamodules.corpora.checked import checked_manifest
from datamodules.corpora.layout import inside
from datamodules.manifest import Manifest

LISTS: Final = {"train": "train.trn", "dev": "dev.trl", "eval": "eval.trl"}
COLUMNS: Final = 5


def asvspoof2019_la(root: str, require_audio: bool = True, name: str | None = None) -> Manifest:
    """Read the official protocols of ASVspoof 2019 LA (logical access), or of a corpus written in its layout.

    Args:
        root: the folder that holds ``LA/``, or ``LA/`` itself.
        require_audio: check that every audio file is there; False to work with the protocols alone.
        name: what reports call the corpus; that of the folder when not given.

    Raises:
        ManifestError: a protocol or audio file is missing, or a trial contradicts itself.
        TableError: a line is not ``SPEAKER UTTERANCE - ATTACK|- KEY``.
        LeakageError: an utterance or speaker is in more than one partition.
    """
    return _read(root, "LA", require_audio, name)


def asvspoof2019_pa(root: str, require_audio: bool = True, name: str | None = None) -> Manifest:
    """Read the official protocols of ASVspoof 2019 PA (physical access), where attacks are ways of replay.

    Args:
        root: the folder that holds ``PA/``, or ``PA/`` itself.
        require_audio: check that every audio file is there; False to work with the protocols alone.
        name: what reports call the corpus; that of the folder when not given.

    Raises:
        ManifestError: a protocol or audio file is missing, or a trial contradicts itself.
        TableError: a line is not ``SPEAKER UTTERANCE ENVIRONMENT ATTACK|- KEY``.
        LeakageError: an utterance or speaker is in more than one partition.
    """
    return _read(root, "PA", require_audio, name)


def audio_folder(base: Path, partition: str, access: str = "LA") -> Path:
    """Where the FLAC files of a partition lie under ``LA/`` or ``PA/``."""
    return base / f"ASVspoof2019_{access}_{partition}" / "flac"


def protocol_path(base: Path, partition: str, access: str = "LA") -> Path:
    """Where the protocol of a partition lies under ``LA/`` or ``PA/``."""
    return base / f"ASVspoof2019_{access}_cm_protocols" / f"ASVspoof2019.{access}.cm.{LISTS[partition]}.txt"


def _read(root: str, access: str, require_audio: bool, name: str | None) -> Manifest:
    base, folder = inside(root, access), Path(root).resolve()
    corpus = name or (folder.parent.name if folder.name == access else folder.name)
    advice = f"expected the ASVspoof 2019 {access} layout under the root; unzip {access}.zip there"
    if access == "LA":
        advice += ", or build the embedded corpus with `spooflab corpus build`"
    trials = [
        trial
        for partition in LISTS
        for trial in read_trials(
            protocol_path(base, partition, access),
            audio_folder(base, partition, access),
            partition,
            corpus,
            COLUMNS,
            advice,
        )
    ]
    return checked_manifest(trials, corpus, require_audio)
