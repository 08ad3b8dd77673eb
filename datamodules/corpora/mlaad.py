"""MLAAD's folders and M-AILABS beside them -> manifest: audiobooks, and their sentences from many TTS systems.

Müller et al., "MLAAD: The Multi-Language Audio Anti-Spoofing Dataset", IJCNN 2024.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Final

from datamodules.audio_files import audio_files
from datamodules.corpora.checked import checked_manifest
from datamodules.corpora.layout import one_word, utterance_name
from datamodules.corpora.splitting import split
from datamodules.manifest import BONAFIDE, SPOOF, UNKNOWN, Manifest, ManifestError, Trial
from datamodules.protocols import parse_duration, refuse_blank, refuse_repeated
from datamodules.tables import TableError, TextTable, read_table

HEADERS: Final = frozenset(
    {"path", "original_file", "language", "duration", "model_name", "architecture", "transcript"}
)
# Books under by_book/mix have several readers, and do not say which.
READER: Final = re.compile(r"(?:^|/)by_book/(?:female|male)/([^/]+)/")


def mlaad(
    root: str,
    m_ailabs: str | None = "M-AILABS",
    shares: dict[str, float] | None = None,
    require_audio: bool = True,
    name: str = "mlaad",
) -> Manifest:
    """Read MLAAD, whose attacks are the folders of its TTS systems, with M-AILABS as bona fide.

    A split keeps readers whole, and with a reader all sentences that were synthesised after that reader's recordings.

    Args:
        root: the folder that holds ``fake/<language>/<system>/``.
        m_ailabs: the folder of M-AILABS, from the root if not absolute; None where another corpus of a mixture brings
            the bona fide.
        shares: partition -> its share of the readers; when not given all is eval.
        require_audio: check that every file that a ``meta.csv`` names is there.
        name: what reports call the corpus.

    Raises:
        ManifestError: a folder, a ``meta.csv`` or an audio file is missing, or shares that cannot be.
        TableError: a line of a ``meta.csv`` does not have the columns of its first.
    """
    base = Path(root)
    systems = sorted(folder for folder in base.glob("fake/*/*") if folder.is_dir())
    if not systems:
        raise ManifestError(f"{base}: found no folders `fake/<language>/<system>`, expected MLAAD's; unzip it there")
    pairs = [pair for folder in systems for pair in _synthesised(folder, base, name)]
    if m_ailabs is not None:
        pairs += _read_aloud(base / m_ailabs, name)
    trials, sources = [trial for trial, _ in pairs], [source for _, source in pairs]
    return checked_manifest(split(trials, sources, shares), name, require_audio)


def _synthesised(folder: Path, base: Path, corpus: str) -> list[tuple[Trial, str]]:
    """The trials of one TTS system, and the group of each."""
    table = _meta(folder)
    paths, originals, durations = (table.column((header,)) for header in ("path", "original_file", "duration"))
    if paths is None:
        raise TableError(f"{table.path}: found no column `path`, expected MLAAD's header")
    refuse_blank(table, paths, "path")
    names = [PurePosixPath(listed).name for listed in paths]
    refuse_repeated(table, names)
    pairs = []
    for row, (listed, file) in enumerate(zip(paths, names, strict=True)):
        path = folder / file
        trial = Trial(
            utterance_name(path, base),
            path,
            UNKNOWN,
            one_word(folder.name),
            SPOOF,
            "eval",
            corpus=corpus,
            duration_s=parse_duration(table, row, durations[row]) if durations else None,
        )
        pairs.append((trial, _source(originals[row] if originals else listed)))
    return pairs


def _meta(folder: Path) -> TextTable:
    path = folder / "meta.csv"
    if not path.is_file():
        raise ManifestError(
            f"{path}: found no list of what {folder.name} synthesised, expected one in each folder; "
            f"download the folder again"
        )
    return read_table(path, HEADERS)


def _read_aloud(folder: Path, corpus: str) -> list[tuple[Trial, str]]:
    """The recordings of M-AILABS, and the group of each."""
    found = audio_files(folder)
    if not found:
        raise ManifestError(
            f"{folder}: found no recordings, expected M-AILABS, as MLAAD holds no bona fide; download it, and name its "
            f"folder `m_ailabs` (null without bona fide)"
        )
    return [
        (
            Trial(
                utterance_name(path, folder.parent),
                path,
                _reader(path.as_posix()) or UNKNOWN,
                UNKNOWN,
                BONAFIDE,
                "eval",
                corpus=corpus,
            ),
            _source(path.as_posix()),
        )
        for path in found
    ]


def _source(path: str) -> str:
    """The reader of a recording, or else its name, which is also that of what was synthesised after it."""
    return _reader(path) or PurePosixPath(path).stem


def _reader(path: str) -> str | None:
    """``…/by_book/female/mary_ann/northandsouth/wavs/northandsouth_01_f000001.wav`` -> ``mary_ann``."""
    match = READER.search(path)
    return match[1] if match else None
