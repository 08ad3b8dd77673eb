"""A folder in the ASVspoof 2021 LA or DF layout -> manifest: FLAC files, and keys that are downloaded apart.

Yamagishi et al., "ASVspoof 2021: Accelerating Progress in Spoofed and Deepfake Speech Detection", 2021.
There is nothing to train on: all trials are eval, and models are trained on ASVspoof 2019 LA.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from datamodules.corpora.asvspoof import read_trials
from datamodules.corpora.checked import checked_manifest
from datamodules.corpora.layout import inside
from datamodules.manifest import Manifest

COLUMNS: Final = {"LA": 8, "DF": 13}


def asvspoof2021_la(
    root: str, keys: str = "keys", subset: str = "eval", require_audio: bool = True, name: str = "asvspoof2021_la"
) -> Manifest:
    """Read ASVspoof 2021 LA: the attacks of 2019 sent through telephone codecs.

    Args:
        root: the folder that holds ``ASVspoof2021_LA_eval/``, or that folder itself.
        keys: the folder of the unpacked keys, with ``LA/CM/trial_metadata.txt`` in it; from the root if not absolute.
        subset: of the trials; "eval" is what results are reported on, "progress" what entrants could see.
        require_audio: check that every audio file is there; False to work with the keys alone.
        name: what reports call the corpus.

    Raises:
        ManifestError: the keys or an audio file are missing.
        TableError: the keys are not those of LA, or have no such subset.
    """
    return _read(root, "LA", keys, subset, require_audio, name)


def asvspoof2021_df(
    root: str, keys: str = "keys", subset: str = "eval", require_audio: bool = True, name: str = "asvspoof2021_df"
) -> Manifest:
    """Read ASVspoof 2021 DF: deepfakes of three sources, compressed as media files are.

    Args:
        root: the folder that holds ``ASVspoof2021_DF_eval/``, or that folder itself; the four parts unpacked into one.
        keys: the folder of the unpacked keys, with ``DF/CM/trial_metadata.txt`` in it; from the root if not absolute.
        subset: of the trials; "eval" is what results are reported on, "progress" what entrants could see.
        require_audio: check that every audio file is there; False to work with the keys alone.
        name: what reports call the corpus.

    Raises:
        ManifestError: the keys or an audio file are missing.
        TableError: the keys are not those of DF, or have no such subset.
    """
    return _read(root, "DF", keys, subset, require_audio, name)


def _read(root: str, track: str, keys: str, subset: str, require_audio: bool, name: str) -> Manifest:
    trials = read_trials(
        Path(root) / keys / track / "CM" / "trial_metadata.txt",
        inside(root, f"ASVspoof2021_{track}_eval") / "flac",
        "eval",
        name,
        COLUMNS[track],
        f"expected the keys of ASVspoof 2021 {track}; unpack {track}-keys-full.tar.gz of asvspoof.org, and name its "
        f"folder `keys`",
        subset,
    )
    return checked_manifest(trials, name, require_audio)
