"""Folders ``[<partition>/]{real,fake}/…`` of any audio files -> manifest: the fewest rules a corpus can have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from datamodules.audio_files import audio_files
from datamodules.corpora.checked import checked_manifest
from datamodules.corpora.layout import PARTITION_WORDS, one_word, utterance_name
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
    Partitions go by any of the field's words for them (``Dev``, ``validation``, ``test``), in upper or lower case.
    Where there are no partitions but ``real/…`` and ``fake/…`` at once, as people lay out FakeAVCeleb, all is eval, or
    is split by ``shares``: speakers stay whole, and so do a recording and the fakes that bear its name.

    Args:
        root: the folder that holds ``train``, ``dev`` and ``eval``, of which some may be missing, or ``real`` and
            ``fake``.
        bonafide_folder: the name of the bona fide folder in each partition, in upper or lower case.
        spoof_folder: the name of the spoof folder in each partition, in upper or lower case.
        shares: partition -> its share of the speakers or recordings, where folders name no partitions.
        name: what reports call the corpus; that of the root when not given.

    Raises:
        ManifestError: folders of another layout, no audio in them, or shares that cannot be.
        LeakageError: a speaker is in more than one partition.
        OSError: a folder cannot be listed, or a link leads nowhere.
    """
    base, corpus = Path(root), name or Path(root).resolve().name
    names = {BONAFIDE: bonafide_folder, SPOOF: spoof_folder}
    homes = _partition_folders(base, names)
    if homes:
        if shares is not None:
            raise ManifestError(f"{base}: found shares, but folders that say the partitions already; leave shares out")
        trials = [trial for home, partition in homes for trial in _trials(base, home, names, partition, corpus)]
    elif all(_children(base, name) for name in names.values()):
        undivided = _trials(base, base, names, "eval", corpus)
        trials = split(undivided, _groups(undivided), shares)
    else:
        raise ManifestError(
            f"{base}: found none of the folders {', '.join(PARTITIONS)}, expected `<partition>/{bonafide_folder}/…`, "
            f"or `{bonafide_folder}/…` and `{spoof_folder}/…` at once"
        )
    return checked_manifest(trials, corpus, require_audio=False)


def _partition_folders(base: Path, names: Mapping[str, str]) -> list[tuple[Path, str]]:
    """The folders of partitions, train first, and which each is of; none where there are none."""
    folders = sorted(path for path in base.iterdir() if path.is_dir()) if base.is_dir() else []
    homes = [(path, PARTITION_WORDS[path.name.lower()]) for path in folders if path.name.lower() in PARTITION_WORDS]
    known = {path for path, _ in homes}
    for path in [base, *folders] if homes else ():
        if path not in known and any(_children(path, name) for name in names.values()):
            raise ManifestError(
                f"{path}: found `{names[BONAFIDE]}` or `{names[SPOOF]}` outside the partitions "
                f"({', '.join(home.name for home, _ in homes)}), expected them in folders named by one of "
                f"{', '.join(PARTITION_WORDS)}; rename, or move elsewhere, what is no part of the corpus"
            )
    return sorted(homes, key=lambda home: PARTITIONS.index(home[1]))


def _children(home: Path, name: str) -> list[Path]:
    """The sub-folders of a name, in upper or lower case."""
    place = home / name
    siblings = sorted(place.parent.iterdir()) if place.parent.is_dir() else []
    return [path for path in siblings if path.name.lower() == place.name.lower() and path.is_dir()]


def _trials(base: Path, home: Path, names: Mapping[str, str], partition: str, corpus: str) -> list[Trial]:
    return [
        _trial(path, folder, base, partition, key, names[key], corpus)
        for key in (BONAFIDE, SPOOF)
        for folder in _children(home, names[key])
        for path in audio_files(folder)
    ]


def _trial(path: Path, folder: Path, base: Path, partition: str, key: str, name: str, corpus: str) -> Trial:
    parts = path.relative_to(folder).parts
    group = one_word(parts[0]) if len(parts) > 1 else None
    speaker, attack = (group or UNKNOWN, UNKNOWN) if key == BONAFIDE else (UNKNOWN, group or name)
    return Trial(utterance_name(path, base), path, speaker, attack, key, partition, corpus=corpus)


def _groups(trials: Sequence[Trial]) -> list[str]:
    """The speaker where one is known, of a fake that of the recording whose name it bears; else that name."""
    speakers = {trial.path.stem: trial.speaker for trial in trials if trial.speaker != UNKNOWN}
    return [
        speakers.get(trial.path.stem, trial.path.stem) if trial.speaker == UNKNOWN else trial.speaker
        for trial in trials
    ]
