"""Trial rows in -> an immutable manifest out: partitions, whole-file digests, and guards against leakage."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, overload

from datamodules.digests import file_digests

BONAFIDE: Final = "bonafide"
SPOOF: Final = "spoof"
KEYS: Final = (BONAFIDE, SPOOF)
PARTITIONS: Final = ("train", "dev", "eval")
UNKNOWN: Final = "-"
SHOWN_NAMES: Final = 5


class ManifestError(ValueError):
    """Rows that make no usable manifest."""


class LeakageError(ManifestError):
    """A speaker or an utterance in more than one partition: results on it would be too good to be true."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One row: an utterance and what is known of it.

    Attributes:
        utterance: its identifier, unique in the manifest.
        path: the audio file.
        speaker: the speaker's identifier, "-" where the corpus does not say.
        attack: the attack's identifier, "-" for bona fide.
        key: "bonafide" or "spoof".
        partition: "train", "dev" or "eval".
        codec: the transmission codec where the corpus names one, else "-".
        corpus: the corpus it comes from: what tells the trials of a mixture apart.
        duration_s: where the protocol says; nothing is decoded for it.
    """

    utterance: str
    path: Path
    speaker: str
    attack: str
    key: str
    partition: str
    codec: str = UNKNOWN
    corpus: str = UNKNOWN
    duration_s: float | None = None

    def __post_init__(self) -> None:
        if self.key not in KEYS:
            raise ManifestError(
                f"{self.utterance}: found key {self.key!r}, expected one of {', '.join(KEYS)}; mend the protocol"
            )
        if self.partition not in PARTITIONS:
            raise ManifestError(
                f"{self.utterance}: found partition {self.partition!r}, expected one of {', '.join(PARTITIONS)}; "
                f"mend the protocol"
            )
        if (self.attack == UNKNOWN) != (self.key == BONAFIDE):
            raise ManifestError(
                f"{self.utterance}: found attack {self.attack!r} with key {self.key!r}, "
                f"expected '-' for bona fide and only for it"
            )

    @property
    def label(self) -> int:
        """1 for bona fide, 0 for spoof."""
        return int(self.key == BONAFIDE)


class Manifest(Sequence[Trial]):
    """An immutable sequence of trials with one identity, its digest.

    Args:
        trials: the rows, in the corpus's own order.
        name: what reports call the corpus.
        weights: corpus -> its share of the training draws, summing to 1; none: each has as many as it has trials.
        memory: folder that remembers the files' digests; none: every file is read for its own.
        notes: what its reader saw and could not judge, such as columns of a table that it does not know.

    Raises:
        ManifestError: no rows, or an utterance named twice in one partition.
        LeakageError: an utterance named in two partitions.
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        name: str = "corpus",
        weights: Mapping[str, float] | None = None,
        memory: Path | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        if not trials:
            raise ManifestError(f"{name}: found no trials, expected at least one; check the root folder and the layout")
        self.trials: Final = tuple(trials)
        self.name: Final = name
        self.weights: Final = dict(weights or {})
        self.notes: Final = tuple(notes)
        self._memory: Final = memory
        self._by_utterance: Final = {trial.utterance: trial for trial in self.trials}
        if len(self._by_utterance) != len(self.trials):
            _refuse_repeated_utterances(self.trials, name)

    def __len__(self) -> int:
        return len(self.trials)

    @overload
    def __getitem__(self, index: int) -> Trial: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Trial, ...]: ...

    def __getitem__(self, index: int | slice) -> Trial | tuple[Trial, ...]:
        return self.trials[index]

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.trials)

    def __repr__(self) -> str:
        counts = ", ".join(f"{part} {len(self.partition(part))}" for part in PARTITIONS)
        return f"Manifest({self.name}: {counts})"

    def partition(self, name: str) -> tuple[Trial, ...]:
        """The trials of one partition, in order.

        Raises:
            ManifestError: for a name that is no partition.
        """
        if name not in PARTITIONS:
            raise ManifestError(f"found partition {name!r}, expected one of {', '.join(PARTITIONS)}")
        return tuple(trial for trial in self.trials if trial.partition == name)

    def remembering(self, memory: Path) -> Manifest:
        """The same manifest, whose digests are remembered in a folder: big corpora are not read at every start."""
        return Manifest(self.trials, self.name, self.weights, memory, self.notes)

    def trial(self, utterance: str) -> Trial:
        """The row of one utterance.

        Raises:
            ManifestError: for an utterance the manifest does not hold.
        """
        if utterance not in self._by_utterance:
            raise ManifestError(
                f"{self.name}: found no utterance {utterance!r}; check that the scores belong to this corpus"
            )
        return self._by_utterance[utterance]

    @cached_property
    def file_digests(self) -> Mapping[str, str]:
        """Utterance -> SHA-256 (hex) of its audio file's whole content, or of its path where that cannot be read.

        Raises:
            ManifestError: when audio files are missing.
        """
        self.check_files()
        digests = file_digests([trial.path for trial in self.trials], self._memory)
        return dict(zip((trial.utterance for trial in self.trials), digests, strict=True))

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over every row and every file's content; neither place nor row order matter."""
        digests = self.file_digests
        rows = sorted(
            "\t".join((t.utterance, t.speaker, t.attack, t.key, t.partition, t.codec, digests[t.utterance]))
            for t in self.trials
        )
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()

    def check_files(self) -> None:
        """Refuse a manifest whose audio is not all there.

        Raises:
            ManifestError: with the first missing files and their number.
        """
        # Path.is_file would raise in a folder that is closed to this user.
        missing = [str(trial.path) for trial in self.trials if not os.path.isfile(trial.path)]  # noqa: PTH113
        if missing:
            raise ManifestError(
                f"{self.name}: {len(missing)} of {len(self)} audio files are missing ({shorten(missing)}); "
                f"check the root folder and its permissions, or download the rest of the corpus"
            )

    def check_disjoint(self) -> None:
        """Refuse speakers shared between partitions (speaker "-" is unknown, and exempt).

        Raises:
            LeakageError: naming the shared speakers, and files of the first.
        """
        homes: dict[str, dict[str, Path]] = {}
        for trial in self.trials:
            homes.setdefault(trial.speaker, {}).setdefault(trial.partition, trial.path)
        shared = sorted((who, where) for who, where in homes.items() if len(where) > 1 and who != UNKNOWN)
        if shared:
            told = [f"{who} in {'+'.join(sorted(where))}" for who, where in shared]
            files = ", ".join(f"{path} ({partition})" for partition, path in sorted(shared[0][1].items()))
            raise LeakageError(
                f"{self.name}: found {counted(len(shared), 'speaker')} in more than one partition ({shorten(told)}), "
                f"such as {shared[0][0]} in {files}, expected each in one; move all trials of a speaker to the same "
                f"partition"
            )

    def counts(self) -> Counter[tuple[str, str, str]]:
        """(partition, key, attack) -> number of trials."""
        return Counter((trial.partition, trial.key, trial.attack) for trial in self.trials)


def shorten(names: Sequence[str]) -> str:
    """The first few names, and how many more there are: for messages."""
    rest = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return ", ".join(names[:SHOWN_NAMES]) + rest


def counted(number: int, noun: str) -> str:
    """A number with its noun: for messages."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _refuse_repeated_utterances(trials: Sequence[Trial], name: str) -> None:
    homes: dict[str, list[str]] = {}
    for trial in trials:
        homes.setdefault(trial.utterance, []).append(trial.partition)
    repeated = {utterance: parts for utterance, parts in homes.items() if len(parts) > 1}
    across = sorted(utterance for utterance, parts in repeated.items() if len(set(parts)) > 1)
    if across:
        raise LeakageError(
            f"{name}: found {counted(len(across), 'utterance')} in more than one partition ({shorten(across)}), "
            f"expected each in one"
        )
    raise ManifestError(
        f"{name}: found {counted(len(repeated), 'utterance')} more than once ({shorten(sorted(repeated))}), "
        f"expected each in one row; remove the others"
    )
