"""A protocol file of any of the field's forms in, what it says of each trial out: no audio is needed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from datamodules.manifest import BONAFIDE, SPOOF, UNKNOWN
from datamodules.tables import DECIMAL_COMMA, TableError, TextTable, read_table

KEY_WORDS: Final = {
    **dict.fromkeys((BONAFIDE, "bona-fide", "bona_fide", "genuine", "real", "human"), BONAFIDE),
    **dict.fromkeys((SPOOF, "spoofed", "fake", "deepfake"), SPOOF),
}
NAME_HEADERS: Final = ("utterance", "utt", "utt_id", "utt-id", "trial", "id", "name")
FILE_HEADERS: Final = ("path", "file_path", "filepath", "audio_path", "filename", "file_name", "file", "audio", "wav")
HEADERS: Final = {
    "utterance": (*NAME_HEADERS, *FILE_HEADERS),
    "key": ("key", "label", "class"),
    "attack": ("attack", "attack_label", "attack_id", "attack_type", "system", "system_id", "method"),
    "speaker": ("speaker", "speaker_id", "spk"),
    "codec": ("codec",),
    "subset": ("subset", "partition", "phase", "split"),
    "duration_s": ("duration_s", "duration", "dur"),
    "score": ("score", "cm-score", "cm_score", "llr"),
}
NEAR: Final = 0.75
"""How alike (`difflib`) a column's name is to a known one that it may be meant for."""
NO_CODEC: Final = "none"
ALL_HEADERS: Final = frozenset(name for names in HEADERS.values() for name in names)
# Columns of the forms without a header, by their number; "" is not used here.
FORMS: Final = {
    2: ("utterance", "key"),
    3: ("utterance", "attack", "key"),
    4: ("utterance", "attack", "key", "score"),  # a score file, whose keys are a protocol too
    5: ("speaker", "utterance", "", "attack", "key"),  # ASVspoof 2019 LA and PA
    8: ("speaker", "utterance", "codec", "", "attack", "key", "", "subset"),  # 2021 LA
    10: ("speaker", "utterance", "", "codec", "", "", "", "attack", "key", ""),  # ASVspoof 5
    12: ("speaker", "utterance", "", "", "", "", "", "", "", "key", "", "subset"),  # 2021 PA
    13: ("speaker", "utterance", "codec", "", "attack", "key", "", "subset", "", "", "", "", ""),  # 2021 DF
}


@dataclass(frozen=True)
class Protocol:
    """What is known of each trial, column by column, all in the file's order.

    Attributes:
        path: the file.
        utterances: unique identifiers.
        keys: ``bonafide`` or ``spoof``.
        attacks: ``-`` for bona fide, and where the file does not say.
        speakers: if the file names them.
        codecs: if the file names them.
        durations_s: if the file says.
        outside: utterances of other subsets than the one asked for.
    """

    path: Path
    utterances: Sequence[str]
    keys: Sequence[str]
    attacks: Sequence[str]
    speakers: Sequence[str] | None
    codecs: Sequence[str] | None
    durations_s: Sequence[float] | None
    outside: frozenset[str] = frozenset()


def read_protocol(path: Path, subset: str | None = None, columns: int | None = None) -> Protocol:
    """Read the protocol of ASVspoof 2019, 2021 or 5, a table with a header, or lines ``UTTERANCE [ATTACK] KEY``.

    Args:
        path: of the file.
        subset: of the trials, where the file tells some apart (ASVspoof 2021: progress, eval, hidden_track). When not
            given it is ``eval`` if there is such a subset, as in the challenge's results, else all are taken.
        columns: how many there must be; when not given, those of any form.

    Raises:
        TableError: naming the line, for an unknown form or key, an utterance that stands there twice, or, where columns
            have no header, bona fide with an attack of spoofed trials.
    """
    table = read_table(path, ALL_HEADERS)
    if columns not in (None, len(table.columns)):
        raise TableError(
            f"{path}: found {len(table.columns)} columns, expected {columns}; is it the protocol of another corpus?"
        )
    roles = columns_by_role(table)
    utterances = roles["utterance"]
    keys = parse_keys(table, roles["key"], utterances)
    refuse_repeated(table, utterances)
    attacks = roles.get("attack") or [UNKNOWN] * len(utterances)
    if table.header is None:
        _refuse_attacks_of_both_classes(table, attacks, keys)
    chosen = _subset_rows(path, roles.get("subset"), subset, len(utterances))

    def take(name: str) -> list[str] | None:
        cells = roles.get(name)
        return None if cells is None else [cells[row] for row in chosen]

    durations = roles.get("duration_s")
    return Protocol(
        path=path,
        utterances=[utterances[row] for row in chosen],
        keys=[keys[row] for row in chosen],
        attacks=[attacks[row] if keys[row] == SPOOF else UNKNOWN for row in chosen],
        speakers=take("speaker"),
        codecs=_codecs(take("codec")),
        durations_s=None if durations is None else [parse_duration(table, row, durations[row]) for row in chosen],
        outside=frozenset(utterances).difference(utterances[row] for row in chosen),
    )


def refuse_repeated(table: TextTable, names: Sequence[str]) -> None:
    """Refuse a column of names in which one stands twice.

    Raises:
        TableError: naming both lines.
    """
    first: dict[str, int] = {}
    for row, name in enumerate(names):
        if first.setdefault(name, row) != row:
            raise TableError(
                f"{table.where(row)}: found {name} a second time, after {table.where(first[name])}; remove one of them"
            )


def refuse_blank(table: TextTable, cells: Sequence[str], what: str) -> None:
    """Refuse a column with a cell that says nothing.

    Raises:
        TableError: naming the first such line.
    """
    if "" in cells:
        raise TableError(
            f"{table.where(list(cells).index(''))}: found no {what}, expected one in each row; mend the line"
        )


def unused_columns(table: TextTable) -> list[str]:
    """A note on the columns that are not known, and what each may be meant for; none where all are."""
    told = []
    for name in sorted(set(table.header or ()) - ALL_HEADERS):
        near = get_close_matches(name, sorted(ALL_HEADERS), n=1, cutoff=NEAR)
        told.append(f"{name} (is it meant for {near[0]}?)" if near else name)
    return [f"{table.path}: found columns that are not known and not used: {', '.join(told)}"] if told else []


def parse_keys(table: TextTable, cells: Sequence[str], utterances: Sequence[str]) -> list[str]:
    """Turn the field's many words for the two classes into ``bonafide`` and ``spoof``.

    Raises:
        TableError: naming the first line with another word.
    """
    known = {cell: KEY_WORDS.get(cell.lower()) for cell in set(cells)}
    if None in known.values():
        row = next(row for row, cell in enumerate(cells) if known[cell] is None)
        raise TableError(
            f"{table.where(row)}: found key {cells[row]!r} ({utterances[row]}), expected one of "
            f"{', '.join(KEY_WORDS)}: name the classes in words, as numbers mean different things in different corpora"
        )
    return [KEY_WORDS[cell.lower()] for cell in cells]


def parse_number(table: TextTable, row: int, cell: str) -> float:
    """Turn a cell into a number.

    Raises:
        TableError: naming the line.
    """
    try:
        return float(cell)
    except ValueError as error:
        hint = " with a decimal point, not a comma" if DECIMAL_COMMA.fullmatch(cell) else ""
        raise TableError(f"{table.where(row)}: found {cell!r}, expected a number{hint}") from error


def parse_duration(table: TextTable, row: int, cell: str) -> float:
    """Turn a cell into seconds.

    Raises:
        TableError: naming the line, for what is no duration.
    """
    seconds = parse_number(table, row, cell)
    if not 0 <= seconds < math.inf:
        raise TableError(f"{table.where(row)}: found a duration of {cell} s, expected a number of seconds")
    return seconds


def columns_by_role(table: TextTable) -> dict[str, Sequence[str]]:
    """The columns that say something of a trial, by the name that ``HEADERS`` and ``FORMS`` give them.

    Raises:
        TableError: an unknown form, or no column for the utterance or the key.
    """
    if table.header is not None:
        found = {role: table.sole_column(names) for role, names in HEADERS.items() if role != "utterance"}
        found["utterance"] = table.column(HEADERS["utterance"])
        columns = {role: _named(cells) for role, cells in found.items() if cells is not None}
    else:
        form = FORMS.get(len(table.columns))
        if form is None:
            raise TableError(
                f"{table.path}: found {len(table.columns)} columns and no header, expected a protocol of ASVspoof "
                "2019, 2021 or 5, or a first line that names the columns (utterance, key, attack, speaker, codec)"
            )
        columns = {role: cells for role, cells in zip(form, table.columns, strict=True) if role}
    missing = {"utterance", "key"} - columns.keys()
    if missing:
        names = "; ".join(f"{role}: {', '.join(HEADERS[role])}" for role in sorted(missing))
        raise TableError(
            f"{table.path}: found no column for the {' and the '.join(sorted(missing))} of a trial, expected one of "
            f"these names for it ({names}); rename the column"
        )
    return columns


def _named(cells: Sequence[str]) -> Sequence[str]:
    """Blank cells say as much as "-"."""
    return [cell or UNKNOWN for cell in cells] if "" in cells else cells


def _refuse_attacks_of_both_classes(table: TextTable, attacks: Sequence[str], keys: Sequence[str]) -> None:
    of_spoofs = {attack for attack, key in zip(attacks, keys, strict=True) if key == SPOOF} - {UNKNOWN, ""}
    for row, (attack, key) in enumerate(zip(attacks, keys, strict=True)):
        if key == BONAFIDE and attack in of_spoofs:
            raise TableError(
                f"{table.where(row)}: found bona fide with the attack {attack!r} of spoofed trials, expected '-'; "
                f"mend the line"
            )


def _codecs(cells: list[str] | None) -> list[str] | None:
    """Beside named codecs "-" means that there was none, as in ASVspoof 5."""
    return cells and [NO_CODEC if cell == UNKNOWN else cell for cell in cells]


def _subset_rows(path: Path, subsets: Sequence[str] | None, wanted: str | None, rows: int) -> list[int]:
    if wanted is None and (subsets is None or "eval" not in subsets):
        return list(range(rows))
    name = wanted or "eval"
    chosen = [row for row, subset in enumerate(subsets or ()) if subset == name]
    if not chosen:
        there = f"the subsets there are: {', '.join(sorted(set(subsets)))}" if subsets else "it tells no subsets apart"
        raise TableError(f"{path}: found no trial of the subset {name!r}; {there}")
    return chosen
