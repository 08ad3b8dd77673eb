"""A score file, and a protocol where it has no keys itself, in; scored trials out, or a refusal that names the line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datamodules.audio_files import AUDIO_SUFFIXES
from datamodules.manifest import BONAFIDE, UNKNOWN, shorten
from datamodules.protocols import ALL_HEADERS, HEADERS, KEY_WORDS, Protocol, parse_keys, parse_number
from datamodules.tables import TableError, TextTable, read_table
from experiments.scored_trials import ScoredTrials

_LOOKED_AT = 100  # rows that tell what a column without a header is
_FORMS = "`UTTERANCE SCORE`, `UTTERANCE KEY SCORE`, `UTTERANCE ATTACK KEY SCORE`, or a header that names the columns"


@dataclass(frozen=True)
class ScoreFile:
    """What a score file says, an utterance once.

    Attributes:
        table: where the lines came from.
        rows: row of the table of each trial.
        utterances: unique.
        scores: ``(trials,)``, higher = more bona fide; no NaN.
        keys: ``bonafide`` or ``spoof``, if the file says.
        attacks: if the file says.
        notices: what a reader should know of the file.
    """

    table: TextTable
    rows: Sequence[int]
    utterances: Sequence[str]
    scores: NDArray[np.float64]
    keys: Sequence[str] | None
    attacks: Sequence[str] | None
    notices: Sequence[str]


def read_scores(path: Path) -> ScoreFile:
    """Read scores in any of the field's forms.

    Raises:
        TableError: naming line and utterance, for NaN, what is no number, an unknown key, or two scores for one
            utterance.
    """
    table = read_table(path, ALL_HEADERS)
    columns = _roles(table)
    utterances = columns["utterance"]
    scores = _numbers(table, utterances, columns["score"])
    keys = parse_keys(table, columns["key"], utterances) if "key" in columns else None
    notices = [] if table.ended else [f"the last line of {path} has no end: if the file was cut off, its score was too"]
    rows, repeated = _once(table, utterances, scores, keys)
    if repeated:
        notices.append(f"{repeated:,} lines of {path} repeat an utterance with the same score: each is counted once")
    attacks = columns.get("attack")
    return ScoreFile(
        table=table,
        rows=rows,
        utterances=[utterances[row] for row in rows],
        scores=scores[rows],
        keys=None if keys is None else [keys[row] for row in rows],
        attacks=None if attacks is None else [attacks[row] for row in rows],
        notices=notices,
    )


def names_conditions(file: ScoreFile) -> bool:
    """Whether the file says of its trials what only protocols usually do: then it is its own protocol."""
    known = [file.table.column(HEADERS[role]) for role in ("speaker", "codec", "duration_s")]
    return file.keys is not None and any(cells is not None for cells in known)


def judge(file: ScoreFile, protocol: Protocol | None, *, allow_partial: bool = False) -> tuple[ScoredTrials, list[str]]:
    """Give every score its class: by the protocol, or by the file's own keys.

    Args:
        file: the scores.
        protocol: the trials that should be there.
        allow_partial: measure the trials that both have, instead of refusing.

    Returns:
        The trials, in the protocol's order where there is one, and what a reader should know.

    Raises:
        ValueError: naming them, for trials that are missing or foreign, keys that contradict the protocol, or a class
            that is not there.
    """
    notices = list(file.notices)
    if protocol is None:
        if file.keys is None:
            raise TableError(
                f"{file.table.path}: says no class of its trials: give its protocol with --protocol (dev's with "
                "--dev-protocol)"
            )
        attacks = file.attacks or [UNKNOWN] * len(file.utterances)
        scored = ScoredTrials(
            file.utterances, file.scores, _labels(file.keys), _attacks_of(file.keys, attacks), None, None, None
        )
    else:
        scored, said = _by_protocol(file, protocol, allow_partial)
        notices += said
    bonafide = int(scored.labels.sum())
    if bonafide in (0, len(scored.labels)):
        raise ValueError(
            f"{file.table.path}: found {bonafide} bona fide and {len(scored.labels) - bonafide} spoofed trials: error "
            "rates need some of each"
        )
    return scored, notices


def _by_protocol(file: ScoreFile, protocol: Protocol, allow_partial: bool) -> tuple[ScoredTrials, list[str]]:
    notices = []
    row_of = {utterance: row for row, utterance in enumerate(file.utterances)}
    if not row_of.keys() & set(protocol.utterances):
        file, row_of = _by_stem(file, protocol)
        notices.append(f"{file.table.path} names files: they were matched by their names without folder and suffix")
    found = [index for index, utterance in enumerate(protocol.utterances) if utterance in row_of]
    missing = [utterance for utterance in protocol.utterances if utterance not in row_of]
    foreign = sorted(row_of.keys() - set(protocol.utterances) - protocol.outside)
    if (missing or foreign) and not allow_partial:
        raise ValueError(_incomplete(file, protocol, missing, _with_lines(file, row_of, foreign)))
    if missing or foreign:
        notices.append(
            f"partial: {len(found):,} of the protocol's {len(protocol.utterances):,} trials have a score, "
            f"{len(foreign):,} scores are foreign to it; the numbers cannot be compared with those of others"
        )
    if protocol.outside:
        notices.append(f"{len(protocol.outside):,} trials of other subsets of {protocol.path} are left out")
    rows = [row_of[protocol.utterances[index]] for index in found]
    keys = [protocol.keys[index] for index in found]
    if file.keys is not None:
        for row, key in zip(rows, keys, strict=True):
            if file.keys[row] != key:
                raise ValueError(
                    f"{file.table.where(file.rows[row])}: says that {file.utterances[row]} is {file.keys[row]}, but "
                    f"{protocol.path} says {key}: one of the two is of another corpus"
                )

    def take(column: Sequence[str] | None) -> list[str] | None:
        return None if column is None else [column[index] for index in found]

    named = None if file.attacks is None else [file.attacks[row] for row in rows]
    attacks, said = _reconciled(take(protocol.attacks) or [], named)
    notices += [f"{text} in {protocol.path}: its names are used" for text in said]
    durations = protocol.durations_s
    return ScoredTrials(
        utterances=[protocol.utterances[index] for index in found],
        scores=file.scores[rows],
        labels=_labels(keys),
        attacks=_attacks_of(keys, attacks),
        speakers=take(protocol.speakers),
        codecs=take(protocol.codecs),
        durations_s=None if durations is None else np.array([durations[index] for index in found]),
    ), notices


def _reconciled(known: list[str], named: list[str] | None) -> tuple[list[str], list[str]]:
    """Attacks of the protocol, or of the file where the protocol names none; and whether they contradict each other."""
    if named is None or set(known) <= {UNKNOWN}:
        return named or known, []
    other = sum(UNKNOWN not in names and names[0] != names[1] for names in zip(known, named, strict=True))
    return known, [f"{other:,} attacks are called otherwise"] if other else []


def _incomplete(file: ScoreFile, protocol: Protocol, missing: Sequence[str], foreign: Sequence[str]) -> str:
    wrong = [
        f"{len(names):,} {what} ({shorten(names)})"
        for what, names in (
            (f"of the {len(protocol.utterances):,} trials of {protocol.path} are missing", missing),
            (f"trials are foreign to {protocol.path}", foreign),
        )
        if names
    ]
    return f"{file.table.path}: {' and '.join(wrong)}; with --allow-partial the others are measured"


def _by_stem(file: ScoreFile, protocol: Protocol) -> tuple[ScoreFile, dict[str, int]]:
    """Name the trials by their files' names without folder and suffix.

    Raises:
        ValueError: that does not help either, or two files have one name.
    """
    known = {_stem(utterance): utterance for utterance in protocol.utterances}
    stems = [known.get(_stem(utterance), _stem(utterance)) for utterance in file.utterances]
    row_of = {stem: row for row, stem in enumerate(stems)}
    if len(row_of) != len(stems):
        raise ValueError(f"{file.table.path}: names two files alike but for their folder or suffix: make names unique")
    if not row_of.keys() & set(protocol.utterances):
        raise ValueError(
            f"{file.table.path}: none of its trials ({shorten(file.utterances)}) is in {protocol.path} "
            f"({shorten(protocol.utterances)}): they are of different corpora"
        )
    return replace(file, utterances=stems), row_of


def _stem(utterance: str) -> str:
    """Name of a file without its folders and the suffix of an audio format."""
    name = utterance.replace("\\", "/").rpartition("/")[2]
    stem, _, suffix = name.rpartition(".")
    return stem if stem and f".{suffix.lower()}" in AUDIO_SUFFIXES else name


def _with_lines(file: ScoreFile, row_of: dict[str, int], names: Sequence[str]) -> list[str]:
    return [f"{name} in line {file.table.lines[file.rows[row_of[name]]]}" for name in names]


def _roles(table: TextTable) -> dict[str, Sequence[str]]:
    """Which column is what, by the header or else by what stands in it.

    Raises:
        TableError: it cannot be told.
    """
    if table.header is not None:
        found = {role: table.sole_column(HEADERS[role]) for role in ("score", "key", "attack")}
        found["utterance"] = table.column(HEADERS["utterance"])
        columns = {role: cells for role, cells in found.items() if cells is not None}
        missing = {"utterance", "score"} - columns.keys()
        if missing:
            raise TableError(f"{table.path}: its header {table.header} has no {' and no '.join(sorted(missing))}")
        return _without_blanks({role: [cell or UNKNOWN for cell in cells] for role, cells in columns.items()})
    utterances, *rest = table.columns
    scores = [cells for cells in rest if _mostly(cells, _is_number)]
    keys = [cells for cells in rest if _mostly(cells, lambda cell: cell.lower() in KEY_WORDS)]
    others = [cells for cells in rest if not any(cells is known for known in (*scores, *keys))]
    if len(scores) != 1 or len(keys) > 1 or len(others) > 2:  # noqa: PLR2004 - an attack, and a key that is not said
        raise TableError(
            f"{table.path}: found {len(table.columns)} columns, of which {len(scores)} are numbers and {len(keys)} "
            f"name a class ({' '.join(cells[0] for cells in table.columns)!r}), expected {_FORMS}"
        )
    columns = {"utterance": utterances, "score": scores[0]}
    if keys:
        columns["key"] = keys[0]
    if others:
        columns["attack"] = others[0]
    return _without_blanks(columns)


def _without_blanks(columns: dict[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Leave out optional columns that say nothing."""
    return {
        role: cells
        for role, cells in columns.items()
        if role in ("utterance", "score") or any(cell not in (UNKNOWN, "") for cell in cells)
    }


def _mostly(cells: Sequence[str], fits: Callable[[str], bool]) -> bool:
    some = cells[:_LOOKED_AT]
    return 2 * sum(map(fits, some)) > len(some)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(table: TextTable, utterances: Sequence[str], cells: Sequence[str]) -> NDArray[np.float64]:
    try:
        scores = np.array(cells, dtype=np.float64)
    except ValueError:
        scores = np.array([parse_number(table, row, cell) for row, cell in enumerate(cells)])
    bad = np.flatnonzero(np.isnan(scores))
    if bad.size:
        more = f", and so are {bad.size - 1:,} others" if bad.size > 1 else ""
        raise TableError(
            f"{table.where(bad[0])}: the score of {utterances[bad[0]]} is NaN{more}: score those trials again, or "
            "leave their lines out and measure the rest with --allow-partial"
        )
    return scores


def _once(
    table: TextTable, utterances: Sequence[str], scores: NDArray[np.float64], keys: Sequence[str] | None
) -> tuple[list[int], int]:
    """Rows of the first mention of each utterance, and how many others there are.

    Raises:
        TableError: two mentions differ.
    """
    first: dict[str, int] = {}
    for row, utterance in enumerate(utterances):
        before = first.setdefault(utterance, row)
        if before != row and keys is not None and keys[before] != keys[row]:
            raise TableError(
                f"{table.where(row)}: {utterance} is {keys[row]}, but {keys[before]} in line {table.lines[before]}"
            )
        if before != row and scores[before] != scores[row]:
            raise TableError(
                f"{table.where(row)}: {utterance} has the score {scores[row]:g}, but in line {table.lines[before]} it "
                f"has {scores[before]:g}: keep one of the two"
            )
    return list(first.values()), len(utterances) - len(first)


def _labels(keys: Sequence[str]) -> NDArray[np.int64]:
    return np.array([key == BONAFIDE for key in keys], dtype=np.int64)


def _attacks_of(keys: Sequence[str], attacks: Sequence[str]) -> list[str]:
    return [UNKNOWN if key == BONAFIDE else attack for key, attack in zip(keys, attacks, strict=True)]
