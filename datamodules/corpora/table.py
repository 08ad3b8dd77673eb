"""A CSV or Parquet file with a row for each trial -> manifest: for any corpus that somebody has made a table of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from datamodules.corpora.checked import checked_manifest
from datamodules.corpora.layout import PARTITION_WORDS, one_word
from datamodules.corpora.splitting import split
from datamodules.manifest import BONAFIDE, PARTITIONS, UNKNOWN, Manifest, Trial
from datamodules.parquet import read_parquet
from datamodules.protocols import (
    ALL_HEADERS,
    FILE_HEADERS,
    NAME_HEADERS,
    columns_by_role,
    parse_duration,
    parse_keys,
    refuse_blank,
    refuse_repeated,
    unused_columns,
)
from datamodules.tables import TableError, TextTable, read_table

ATTACK_OF_NO_NAME: Final = "spoof"


def table(
    path: str,
    root: str | None = None,
    shares: dict[str, float] | None = None,
    require_audio: bool = True,
    name: str | None = None,
) -> Manifest:
    """Read a table whose first row names the columns: ``path``, ``key``, and what else is known.

    ``partition`` (else all is eval, or is split by ``shares``), ``utterance`` (else the path), ``attack``, ``speaker``,
    ``codec`` and ``duration_s``. Other names that the field has for these are known too.

    Args:
        path: of the table: text separated by commas, tabs, semicolons or bars, or ``.parquet``.
        root: the folder that paths in the table start from; that of the table when not given.
        shares: partition -> its share of the speakers, or of the files where speakers are not known.
        require_audio: check that every audio file is there.
        name: what reports call the corpus; that of the table when not given.

    Raises:
        TableError: no such columns; or, naming the line, an unknown key or partition, a path that is not given, an
            utterance that stands there twice, or a duration that is none.
        ManifestError: audio files are missing, or shares that cannot be.
        LeakageError: an utterance or speaker is in more than one partition.
    """
    file = Path(path)
    cells = read_parquet(file) if file.suffix == ".parquet" else read_table(file, ALL_HEADERS)
    return read_rows(cells, Path(root) if root else file.parent, shares, require_audio, name or file.stem)


def read_rows(
    cells: TextTable, root: Path, shares: dict[str, float] | None, require_audio: bool, name: str
) -> Manifest:
    """The rows of a table -> manifest; arguments and errors are those of :func:`table`."""
    files = cells.column(FILE_HEADERS)
    if files is None:
        raise TableError(
            f"{cells.path}: found no column of paths, expected a first line that names the columns: path, key, and "
            f"what is known of partition, speaker, attack, codec and duration_s"
        )
    roles = columns_by_role(cells)
    if shares is not None and "subset" in roles:
        raise TableError(f"{cells.path}: found shares, but a column that says the partitions already; leave shares out")
    refuse_blank(cells, files, "path")
    named = cells.column(NAME_HEADERS) or files
    refuse_blank(cells, named, "name of the utterance")
    utterances = [one_word(utterance) for utterance in named]
    refuse_repeated(cells, utterances)
    rows = zip(
        utterances,
        (root / file for file in files),
        _known(roles.get("speaker"), len(files)),
        _known(roles.get("attack"), len(files)),
        parse_keys(cells, roles["key"], files),
        _partitions(cells, roles.get("subset")),
        _known(roles.get("codec"), len(files)),
        _durations_s(cells, roles.get("duration_s")),
        strict=True,
    )
    trials = [
        Trial(utterance, path, speaker, _attack(attack, key), key, partition, codec, name, duration_s)
        for utterance, path, speaker, attack, key, partition, codec, duration_s in rows
    ]
    groups = [trial.path.stem if trial.speaker == UNKNOWN else trial.speaker for trial in trials]
    return checked_manifest(split(trials, groups, shares), name, require_audio, unused_columns(cells))


def _known(column: Sequence[str] | None, rows: int) -> list[str]:
    return [cell or UNKNOWN for cell in column] if column else [UNKNOWN] * rows


def _attack(attack: str, key: str) -> str:
    if key == BONAFIDE:
        return UNKNOWN
    return ATTACK_OF_NO_NAME if attack == UNKNOWN else one_word(attack)


def _partitions(cells: TextTable, column: Sequence[str] | None) -> list[str]:
    if column is None:
        return ["eval"] * len(cells.lines)
    unknown = next((row for row, cell in enumerate(column) if cell.lower() not in PARTITION_WORDS), None)
    if unknown is not None:
        raise TableError(
            f"{cells.where(unknown)}: found partition {column[unknown]!r}, expected one of {', '.join(PARTITIONS)}"
        )
    return [PARTITION_WORDS[cell.lower()] for cell in column]


def _durations_s(cells: TextTable, column: Sequence[str] | None) -> list[float | None]:
    if column is None:
        return [None] * len(cells.lines)
    return [None if cell in ("", UNKNOWN) else parse_duration(cells, row, cell) for row, cell in enumerate(column)]
