"""A speech source in -> the list of its recordings out: who speaks, in which language, for which partition."""

from __future__ import annotations

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from datamodules.audio_files import audio_files
from datamodules.minispoof.debian import has_apt, unpack
from datamodules.minispoof.errors import BuildError

SourceCodec = Literal["vorbis", "g722", "none"]


@dataclass(frozen=True, slots=True)
class Recording:
    """One file of a real person speaking.

    Attributes:
        path: the file.
        name: its name in the source, the same wherever the source is unpacked; recordings are ordered by it.
        speaker: who speaks.
        language: an ISO 639-1 code.
        partition: where this speaker and language belong.
        codec: the lossy codec the source came in; synthetic speech of that partition passes through it as well.
    """

    path: Path
    name: str
    speaker: str
    language: str
    partition: str
    codec: SourceCodec


@dataclass(frozen=True, slots=True)
class Speech:
    """All recordings of a source, with what its README entry says."""

    name: str
    recordings: tuple[Recording, ...]
    credits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DebianVoices:
    """One Debian package of speech and how to read it.

    Attributes:
        package: the package.
        language: what is spoken.
        partition: languages are disjoint between partitions, so a package belongs to one.
        codec: of its files.
        speaker: the one voice's identifier, or None where the file name tells the voice.
        licence: as in its copyright file.
    """

    package: str
    language: str
    partition: str
    codec: SourceCodec
    speaker: str | None
    licence: str


DEBIAN_SPEECH: Final = (
    DebianVoices("fillets-ng-data-cs", "cs", "train", "vorbis", None, "GPL-2+"),
    DebianVoices("asterisk-core-sounds-it-g722", "it", "train", "g722", "it-carlo", "CC-BY-3.0"),
    DebianVoices("asterisk-core-sounds-fr-g722", "fr", "dev", "g722", "fr-june", "CC-BY-SA-3.0"),
    DebianVoices("asterisk-core-sounds-ru-g722", "ru", "dev", "g722", "ru-ivrvoice", "CC-BY-SA-3.0"),
    DebianVoices("fillets-ng-data-nl", "nl", "eval", "vorbis", None, "GPL-2+"),
    DebianVoices("asterisk-core-sounds-en-g722", "en", "eval", "g722", "en-allison", "CC-BY-SA-3.0"),
    # The same person as in English, under one identifier: both languages are in eval.
    DebianVoices("asterisk-core-sounds-es-g722", "es", "eval", "g722", "en-allison", "CC-BY-SA-3.0"),
)
TINY_HOMES: Final = {"ru": "eval"}
FILLETS_VOICE: Final = re.compile(r"(?:^|-)([mv])-")
NOT_SPEECH: Final = frozenset({"ascending-2tone", "descending-2tone", "beep", "beeperr", "tt-monkeys"})
LIBRISPEECH_LICENCE: Final = "LibriSpeech dev-clean, CC BY 4.0 (Panayotov et al., ICASSP 2015)"
PARTITION_SHARES: Final = (("train", 0.4), ("dev", 0.6), ("eval", 1.0))
MIN_SPEAKERS: Final = 3


def find_speech(speech: str, sources: Path, packages: tuple[str, ...], language: str, seed: int) -> Speech:
    """Bring the recordings of a source, downloading what is missing into ``sources``.

    Args:
        speech: "auto" (Debian packages, else LibriSpeech), "debian", "librispeech", or a folder of sub-folders.
        sources: where downloads are kept.
        packages: the Debian packages wanted; empty for all known.
        language: what is spoken in a folder of one's own (ISO 639-1).
        seed: for dealing speakers to partitions where the source does not settle it by language.

    Raises:
        BuildError: no source works; the message names what was tried.
    """
    if speech == "debian":
        return debian_speech(sources, packages)
    if speech == "librispeech":
        return librispeech(sources, seed)
    if speech != "auto":
        return folder_speech(Path(speech), language, seed)
    refusals = []
    for attempt in ("debian", "librispeech"):
        try:
            return find_speech(attempt, sources, packages, language, seed)
        except BuildError as error:
            refusals.append(f"{attempt}: {error}")
    raise BuildError(
        f"found no source of real speech ({'; '.join(refusals)}); give a folder of recordings with --speech DIR"
    )


def debian_speech(sources: Path, packages: tuple[str, ...] = ()) -> Speech:
    """Recordings from Debian packages, unpacked under ``sources/debian``.

    Raises:
        BuildError: when apt is missing or a package cannot be had.
    """
    if not has_apt():
        raise BuildError("found no apt-get and dpkg-deb, expected both; use --speech librispeech or --speech DIR")
    wanted = [voices for voices in DEBIAN_SPEECH if not packages or voices.package in packages]
    with ThreadPoolExecutor(max_workers=len(wanted)) as pool:
        folders = list(pool.map(lambda voices: unpack(voices.package, sources / "debian"), wanted))
    recordings = [
        recording
        for voices, folder in zip(wanted, folders, strict=True)
        for recording in _debian_recordings(voices, folder, _home(voices, packages))
    ]
    licences = tuple(
        f"{(folder / 'VERSION').read_text(encoding='utf-8').strip()} — {voices.licence}"
        for voices, folder in zip(wanted, folders, strict=True)
    )
    return Speech("debian", tuple(recordings), licences)


def librispeech(sources: Path, seed: int) -> Speech:
    """LibriSpeech dev-clean (40 speakers) through torchaudio, under ``sources/librispeech``.

    Raises:
        BuildError: when it cannot be downloaded.
    """
    root = sources / "librispeech"
    root.mkdir(parents=True, exist_ok=True)
    try:
        from torchaudio.datasets import LIBRISPEECH  # noqa: PLC0415 - torch takes seconds to load

        LIBRISPEECH(str(root), url="dev-clean", download=True)
    except (ImportError, OSError, RuntimeError) as error:
        raise BuildError(
            f"LibriSpeech dev-clean could not be downloaded ({error}); check the network, or use --speech DIR"
        ) from error
    found = folder_speech(root / "LibriSpeech" / "dev-clean", "en", seed)
    return Speech("librispeech", found.recordings, (LIBRISPEECH_LICENCE,))


def folder_speech(root: Path, language: str, seed: int) -> Speech:
    """Any folder of recordings: each sub-folder is one speaker; speakers are dealt to the partitions by the seed.

    Raises:
        BuildError: no such folder, or fewer than three speakers, one for each partition.
    """
    if not root.is_dir():
        raise BuildError(
            f"{root}: found no such folder, expected one sub-folder of recordings a speaker; check --speech"
        )
    files = {folder.name: audio_files(folder) for folder in sorted(root.iterdir()) if folder.is_dir()}
    speakers = [speaker for speaker, paths in files.items() if paths]
    if len(speakers) < MIN_SPEAKERS:
        raise BuildError(
            f"{root}: found {len(speakers)} sub-folders with audio, expected at least {MIN_SPEAKERS} speakers, "
            f"one a partition; add speakers"
        )
    homes = deal_speakers(speakers, seed)
    recordings = tuple(
        Recording(path, path.relative_to(root).as_posix(), speaker.replace(" ", "_"), language, homes[speaker], "none")
        for speaker in speakers
        for path in files[speaker]
    )
    return Speech(
        str(root),
        recordings,
        (f"{root.name}: recordings of the person who built this corpus, under their own licence",),
    )


def deal_speakers(speakers: Iterable[str], seed: int) -> dict[str, str]:
    """Speaker -> partition: about 40 % train, 20 % dev, 40 % eval, at least one each."""
    shuffled = list(np.random.default_rng([seed, 1]).permutation(sorted(speakers)))
    count = len(shuffled)
    dev_at = min(max(round(PARTITION_SHARES[0][1] * count), 1), count - 2)
    eval_at = min(max(round(PARTITION_SHARES[1][1] * count), dev_at + 1), count - 1)
    homes = ["train"] * dev_at + ["dev"] * (eval_at - dev_at) + ["eval"] * (count - eval_at)
    return {str(speaker): home for speaker, home in zip(shuffled, homes, strict=True)}


def _debian_recordings(voices: DebianVoices, folder: Path, partition: str) -> list[Recording]:
    found = []
    for path in audio_files(folder):
        voice = FILLETS_VOICE.search(path.stem)
        speaker = voices.speaker or (f"{voices.language}-{voice.group(1)}" if voice else None)
        # Side roles have no voice in their names: whose they are is not known, so they are left out.
        if speaker is not None and path.stem not in NOT_SPEECH:
            name = f"{voices.package}/{path.relative_to(folder).as_posix()}"
            found.append(Recording(path, name, speaker, voices.language, partition, voices.codec))
    return found


def _home(voices: DebianVoices, packages: tuple[str, ...]) -> str:
    # Without the Dutch voices eval would have one speaker: the tiny corpus moves the Russian one there.
    return (
        voices.partition
        if not packages or "fillets-ng-data-nl" in packages
        else TINY_HOMES.get(voices.language, voices.partition)
    )
