"""Folders ``[<partition>/]{real,fake}/…`` of any audio files -> manifest: the fewest rules a corpus can have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from datamodules.corpora.checked import checked_manifest
from datamodules.corpora.layout import audio_files, one_word, utterance_name
from datamodules.corpora.splitting import split
from datamodules.manifest import BONAFIDE, PARTITIONS, SPOOF, UNKNOWN, Manifest, ManifestError, Trial


def labelled_folder(
    root: str,
    bonafide_folder: str = "real",
    spoof_folder: str = "fake",
    shares: dict[str, float] | None = None,
    name: str | None = None,
) -> Manifest:
    """Read a corpus whose labels are its folders.

    ``train/real/a.wav`` is bona fide. Sub-folders of the spoof folder name attacks (``train/fake/tacotron/b.wav``), and
    sub-folders of the bona fide folder the speaker; files directly under them have attack "fake" and speaker "-".
    Where there are no partitions but ``real/…`` and ``fake/…`` at once, as people lay out FakeAVCeleb, all is eval, or
    is split by ``shares``: speakers stay whole, and so do a recording and the fakes that bear its name.

    Args:
        root: the folder that holds ``train``, ``dev`` and ``eval``, of which some may be missing, or ``real`` and
            ``fake``.
        bonafide_folder: the name of the bona fide folder in each partition.
        spoof_folder: the name of the spoof folder in each partition.
        shares: partition -> its share of the speakers or recordings, where folders name no partitions.
        name: what reports call the corpus; that of the root when not given.

    Raises:
        ManifestError: folders of another layout, no audio in them, or shares that cannot be.
        LeakageError: a speaker is in more than one partition.
    """
    base, corpus = Path(root), name or Path(root).resolve().name
    folders = {SPOOF: spoof_folder, BONAFIDE: bonafide_folder}
    if any((base / partition).is_dir() for partition in PARTITIONS):
        if shares is not None:
            raise ManifestError(f"{base}: found shares, but folders that say the partitions already; leave shares out")
        trials = [
            trial for partition in PARTITIONS for trial in _trials(base, base / partition, folders, partition, corpus)
        ]
    elif all((base / folder).is_dir() for folder in folders.values()):
        undivided = _trials(base, base, folders, "eval", corpus)
        trials = split(undivided, _groups(undivided), shares)
    else:
        raise ManifestError(
            f"{base}: found none of the folders {', '.join(PARTITIONS)}, expected `<partition>/{bonafide_folder}/…`, "
            f"or `{bonafide_folder}/…` and `{spoof_folder}/…` at once"
        )
    return checked_manifest(trials, corpus, require_audio=False)


def _trials(base: Path, home: Path, folders: dict[str, str], partition: str, corpus: str) -> list[Trial]:
    return [
        _trial(path, base, partition, key, home / folders[key], corpus)
        for key in (BONAFIDE, SPOOF)
        for path in audio_files(home / folders[key])
    ]


def _trial(path: Path, base: Path, partition: str, key: str, folder: Path, corpus: str) -> Trial:
    parts = path.relative_to(folder).parts
    group = one_word(parts[0]) if len(parts) > 1 else None
    speaker, attack = (group or UNKNOWN, UNKNOWN) if key == BONAFIDE else (UNKNOWN, group or folder.name)
    return Trial(utterance_name(path, base), path, speaker, attack, key, partition, corpus=corpus)


def _groups(trials: Sequence[Trial]) -> list[str]:
    """The speaker where one is known, of a fake that of the recording whose name it bears; else that name."""
    speakers = {trial.path.stem: trial.speaker for trial in trials if trial.speaker != UNKNOWN}
    return [
        speakers.get(trial.path.stem, trial.path.stem) if trial.speaker == UNKNOWN else trial.speaker
        for trial in trials
    ]
