"""A folder in the ASVspoof 2019 LA layout -> manifest: official protocols beside 16 kHz FLAC files.

Todisco et al., "ASVspoof 2019: Future Horizons in Spoofed and Fake Audio Detection", Interspeech 2019.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from datamodules.manifest import Manifest, ManifestError, Trial

PROTOCOL_FOLDER: Final = "ASVspoof2019_LA_cm_protocols"
PROTOCOLS: Final = {
    "train": "ASVspoof2019.LA.cm.train.trn.txt",
    "dev": "ASVspoof2019.LA.cm.dev.trl.txt",
    "eval": "ASVspoof2019.LA.cm.eval.trl.txt",
}
COLUMNS: Final = 5


def asvspoof2019_la(root: str, require_audio: bool = True) -> Manifest:
    """Read the official protocols of ASVspoof 2019 LA, or of a corpus written in its layout.

    Args:
        root: the folder that holds ``LA/``, or ``LA/`` itself.
        require_audio: check that every audio file is there; False to work with the protocols alone.

    Raises:
        ManifestError: a protocol or audio file is missing, or a line is not ``SPEAKER UTTERANCE - ATTACK|- KEY``.
        LeakageError: an utterance or speaker is in more than one partition.
    """
    base = Path(root) / "LA" if (Path(root) / "LA").is_dir() else Path(root)
    trials = [trial for partition in PROTOCOLS for trial in read_protocol(base, partition)]
    folder = Path(root).resolve()
    manifest = Manifest(trials, name=folder.parent.name if folder.name == "LA" else folder.name)
    manifest.check_disjoint()
    if require_audio:
        manifest.check_files()
    return manifest


def audio_folder(base: Path, partition: str) -> Path:
    """Where the FLAC files of a partition lie under ``LA/``."""
    return base / f"ASVspoof2019_LA_{partition}" / "flac"


def protocol_path(base: Path, partition: str) -> Path:
    """Where the protocol of a partition lies under ``LA/``."""
    return base / PROTOCOL_FOLDER / PROTOCOLS[partition]


def read_protocol(base: Path, partition: str) -> list[Trial]:
    """One official protocol file -> its trials, in its order.

    Raises:
        ManifestError: when the file is missing or a line has another form.
    """
    path = protocol_path(base, partition)
    if not path.is_file():
        raise ManifestError(
            f"{path}: found no protocol, expected the ASVspoof 2019 LA layout under the root; "
            f"unzip LA.zip there, or build the embedded corpus with `spooflab corpus build`"
        )
    folder = audio_folder(base, partition)
    return [
        _parse(line, f"{path}:{number}", folder, partition)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if line.strip()
    ]


def _parse(line: str, where: str, folder: Path, partition: str) -> Trial:
    fields = line.split()
    if len(fields) != COLUMNS:
        raise ManifestError(
            f"{where}: found {len(fields)} columns, expected `SPEAKER UTTERANCE - ATTACK|- KEY`; mend the line"
        )
    speaker, utterance, _, attack, key = fields
    return Trial(utterance, folder / f"{utterance}.flac", speaker, attack, key, partition)
