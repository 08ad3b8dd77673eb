"""A folder in the ASVspoof 5 layout, track 1 -> manifest: crowdsourced speech, and codecs in eval.

Wang et al., "ASVspoof 5: Crowdsourced Speech Data, Deepfakes, and Adversarial Attacks at Scale", 2024.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from datamodules.corpora.asvspoof import read_trials
from datamodules.corpora.checked import checked_manifest
from datamodules.corpora.layout import inside
from datamodules.manifest import Manifest

# The protocols are called .tsv, but spaces separate their columns.
PROTOCOLS: Final = {
    "train": "ASVspoof5.train.tsv",
    "dev": "ASVspoof5.dev.track_1.tsv",
    "eval": "ASVspoof5.eval.track_1.tsv",
}
AUDIO: Final = {"train": "flac_T", "dev": "flac_D", "eval": "flac_E_eval"}
COLUMNS: Final = 10
ADVICE: Final = "expected the protocols of ASVspoof 5; unpack ASVspoof5_protocols.tar.gz under the root"


def asvspoof5(root: str, require_audio: bool = True, name: str = "asvspoof5") -> Manifest:
    """Read the official protocols of ASVspoof 5, track 1.

    Args:
        root: the folder that holds ``flac_T``, ``flac_D`` and ``flac_E_eval``, and the protocols, either beside them or
            in ``ASVspoof5_protocols``.
        require_audio: check that every audio file is there; False to work with the protocols alone.
        name: what reports call the corpus.

    Raises:
        ManifestError: a protocol or audio file is missing.
        TableError: a line does not have the ten columns, or has an unknown key.
        LeakageError: an utterance or speaker is in more than one partition.
    """
    protocols = inside(root, "ASVspoof5_protocols")
    trials = [
        trial
        for partition, protocol in PROTOCOLS.items()
        for trial in read_trials(protocols / protocol, Path(root) / AUDIO[partition], partition, name, COLUMNS, ADVICE)
    ]
    return checked_manifest(trials, name, require_audio)
