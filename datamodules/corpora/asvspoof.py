"""A protocol of an ASVspoof challenge and its folder of FLAC files in, trials out: what the challenges share."""

from __future__ import annotations

from itertools import repeat
from pathlib import Path

from datamodules.manifest import UNKNOWN, ManifestError, Trial
from datamodules.protocols import read_protocol
from datamodules.tables import collector_paused


def read_trials(
    path: Path, audio: Path, partition: str, corpus: str, columns: int, advice: str, subset: str | None = None
) -> list[Trial]:
    """Read one protocol.

    Args:
        path: of the protocol.
        audio: the folder of ``UTTERANCE.flac``.
        partition: that all its trials belong to.
        corpus: that they come from.
        columns: how many the protocol has.
        advice: how to mend a missing protocol.
        subset: of the trials, where the protocol tells some apart.

    Raises:
        ManifestError: there is no such file, or a trial contradicts itself.
        TableError: naming the line, for one that does not have the form of the others.
    """
    if not path.is_file():
        raise ManifestError(f"{path}: found no protocol, {advice}")
    protocol = read_protocol(path, subset, columns)
    rows = zip(
        protocol.utterances,
        protocol.speakers or repeat(UNKNOWN),
        protocol.attacks,
        protocol.keys,
        protocol.codecs or repeat(UNKNOWN),
        strict=False,
    )
    with collector_paused():
        return [
            Trial(utterance, audio / f"{utterance}.flac", speaker, attack, key, partition, codec, corpus)
            for utterance, speaker, attack, key, codec in rows
        ]
