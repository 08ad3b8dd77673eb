"""Audio files, folders, a table or a config's partition in; one by one, what is to be scored and under what name out.

What stands here can be gone through several times, and of files and folders is never held as a whole: before the first
file is scored, all are counted and their names told apart, and that takes a few bytes of each.
"""

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from datamodules.audio_files import each_audio_file
from datamodules.corpora.layout import one_word
from datamodules.manifest import BONAFIDE, UNKNOWN
from datamodules.parquet import read_parquet
from datamodules.protocols import ALL_HEADERS, FILE_HEADERS, HEADERS, NAME_HEADERS, parse_keys, refuse_blank
from datamodules.tables import TableError, read_table
from experiments.data_config import read_corpus
from experiments.score_item import Item

TABLE_SUFFIXES: Final = (".csv", ".tsv", ".parquet")
_SHOWN = 200


@dataclass(frozen=True)
class AudioInputs:
    """Files and folders: each file is named by its stem, or by its whole path where stems repeat.

    Attributes:
        paths: files, and folders that are searched at any depth.
        repeated: sorted digests ``(stems,)`` of the stems of more than one file.
    """

    paths: Sequence[Path]
    repeated: NDArray[np.uint64]

    @classmethod
    def of(cls, paths: Sequence[Path]) -> "AudioInputs":
        """Go through all files once, for their stems.

        Raises:
            OSError: a folder that cannot be listed, or a link to what is not there.
        """
        pairs = array("Q")
        for path in find_audio(paths):
            pairs.extend((digest(one_word(path.stem)), digest(str(path))))
        stems = distinct(pairs)[:, 0]  # of each file once, if it was given twice
        values, counts = np.unique(stems, return_counts=True)
        return cls(paths, values[counts > 1])

    def __iter__(self) -> Iterator[Item]:
        for path in find_audio(self.paths):
            yield Item(path, self._name(path))

    def of_stem(self, stem: str) -> list[Path]:
        """Return the files that have a stem, each once; goes through all of them."""
        return list(dict.fromkeys(path for path in find_audio(self.paths) if one_word(path.stem) == stem))

    def _name(self, path: Path) -> str:
        stem = one_word(path.stem)
        return _whole(path) if holds(self.repeated, digest(stem)) else stem


def inputs_of(audio: Sequence[Path], config: Path | None, partition: str) -> Iterable[Item]:
    """Return what the words on the command line name; it can be gone through again and again.

    Raises:
        ValueError: they name nothing, or a table among other things.
        TableError: a table that is not usable.
        OSError: a folder that cannot be listed.
    """
    tables = [path for path in audio if path.suffix.lower() in TABLE_SUFFIXES]
    if (config is not None) + len(tables) + bool(len(audio) > len(tables)) != 1:
        named = " ".join(map(str, [*audio, *([] if config is None else [config])])) or "nothing"
        raise ValueError(
            f"found {named[:_SHOWN]} to score, expected files and folders, or one table (CSV, TSV or Parquet with a "
            "column `path`), or a --config: name one of these"
        )
    if config is not None:
        trials = read_corpus(config).partition(partition)
        return [Item(trial.path, trial.utterance, trial.key, trial.attack) for trial in trials]
    return table_items(tables[0]) if tables else AudioInputs.of(audio)


def what_is_not_due(inputs: Iterable[Item], utterance: str) -> str:
    """Say what a score in a file is of that is not among the inputs; a stem may have come to be that of two files."""
    found = inputs.of_stem(utterance) if isinstance(inputs, AudioInputs) else []
    if not found[1:]:
        return f"a score of what is not among the inputs, {utterance}"
    return (
        f"a score of {utterance}, which {' and '.join(map(str, found[:2]))} are both called since one of them arrived: "
        "whose it is cannot be told; rename the newer"
    )


def find_audio(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield files as they are, and the audio files below folders, at any depth and behind links, in order."""
    for path in paths:
        if path.is_dir():
            yield from each_audio_file(path)
        else:
            yield path


def table_items(path: Path) -> list[Item]:
    """Read a table whose first row names the columns: ``path``, and if known ``utterance``, ``key`` and ``attack``.

    Paths start from the table's folder. Other names that the field has for these columns are known too.

    Raises:
        TableError: no column of paths; or, naming the line, a blank path or name, or an unknown key.
    """
    cells = read_parquet(path) if path.suffix.lower() == ".parquet" else read_table(path, ALL_HEADERS)
    files = cells.column(FILE_HEADERS)
    if files is None:
        raise TableError(
            f"{path}: found no column of paths, expected a first line that names the columns: path, and if known "
            "utterance, key and attack"
        )
    refuse_blank(cells, files, "path")
    named = cells.column(NAME_HEADERS) or files
    refuse_blank(cells, named, "name of the utterance")
    written, attacks = cells.sole_column(HEADERS["key"]), cells.sole_column(HEADERS["attack"])
    blank = [UNKNOWN] * len(files)
    keys = blank if written is None else parse_keys(cells, written, files)
    return [
        Item(path.parent / file, one_word(name), key, UNKNOWN if key == BONAFIDE else one_word(attack or UNKNOWN))
        for file, name, key, attack in zip(files, named, keys, attacks or blank, strict=True)
    ]


def digest(text: str) -> int:
    """Eight bytes that tell texts apart: among a million, two agree by chance once in 37 million such lists."""
    return int.from_bytes(blake2b(text.encode(errors="surrogateescape"), digest_size=8).digest())


def distinct(pairs: "array[int]") -> NDArray[np.uint64]:
    """Pairs of numbers, one after the other, as rows ``(pairs, 2)``: each once, sorted."""
    rows = np.frombuffer(pairs, np.uint64).reshape(-1, 2) if pairs else np.empty((0, 2), np.uint64)
    return np.unique(rows, axis=0)


def holds(values: NDArray[np.uint64], value: int) -> bool:
    """Whether a number is among sorted ones."""
    place = int(np.searchsorted(values, np.uint64(value)))
    return place < values.size and int(values[place]) == value


def _whole(path: Path) -> str:
    """A path as one word that no other path has."""
    return re.sub(r"[\s%]", lambda found: f"%{ord(found[0]):02X}", str(path))
