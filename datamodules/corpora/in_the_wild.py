"""A folder in the In-the-Wild layout -> manifest: found deepfakes of 58 people in public life, and recordings of them.

Müller et al., "Does Audio Deepfake Detection Generalize?", Interspeech 2022.
"""

from __future__ import annotations

from datamodules.corpora.layout import inside
from datamodules.corpora.table import read_rows
from datamodules.manifest import Manifest, ManifestError
from datamodules.protocols import ALL_HEADERS
from datamodules.tables import read_table


def in_the_wild(
    root: str, shares: dict[str, float] | None = None, require_audio: bool = True, name: str = "in_the_wild"
) -> Manifest:
    """Read In-the-Wild, whose ``meta.csv`` spells ``bona-fide`` so, and names no attacks: all are "spoof".

    Args:
        root: the folder that holds ``release_in_the_wild/``, or that folder itself.
        shares: partition -> its share of the speakers; when not given all is eval, which is what the corpus is for.
        require_audio: check that every audio file is there.
        name: what reports call the corpus.

    Raises:
        ManifestError: ``meta.csv`` or an audio file is missing, or shares that cannot be.
        TableError: a line of ``meta.csv`` is not ``file,speaker,label``.
    """
    base = inside(root, "release_in_the_wild")
    path = base / "meta.csv"
    if not path.is_file():
        raise ManifestError(
            f"{path}: found no list of the recordings, expected the In-the-Wild layout; unzip release_in_the_wild.zip "
            f"under the root"
        )
    return read_rows(read_table(path, ALL_HEADERS), base, shares, require_audio, name)
