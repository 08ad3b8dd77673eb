"""WaveFake's folders and the corpora it was made from -> manifest: recordings, and copies of them from vocoders.

Frank and Schönherr, "WaveFake: A Data Set to Facilitate Audio Deepfake Detection", NeurIPS 2021.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from datamodules.audio_files import audio_files
from datamodules.corpora.checked import checked_manifest
from datamodules.corpora.layout import one_word, utterance_name
from datamodules.corpora.splitting import split
from datamodules.manifest import BONAFIDE, SPOOF, UNKNOWN, Manifest, ManifestError, Trial, shorten

COPY_ENDING: Final = "_gen"


def wavefake(
    root: str,
    bonafide: tuple[str, ...] = ("LJSpeech-1.1", "jsut_ver1.1"),
    shares: dict[str, float] | None = None,
    name: str = "wavefake",
) -> Manifest:
    """Read WaveFake; its attacks are the folders of ``generated_audio``, such as ``ljspeech_melgan``.

    A split keeps a recording and its copies together. It cannot keep speakers apart: LJSpeech and JSUT have one each.

    Args:
        root: the folder that holds ``generated_audio``.
        bonafide: folders of the recordings, which are downloaded apart; from the root if not absolute.
        shares: partition -> its share of the recordings; when not given all is eval.
        name: what reports call the corpus.

    Raises:
        ManifestError: a folder is missing or holds no audio, or shares that cannot be.
    """
    generated = Path(root) / "generated_audio"
    attacks = sorted(folder for folder in generated.glob("*") if folder.is_dir())
    if not attacks:
        raise ManifestError(
            f"{generated}: found no folders of attacks, expected WaveFake's; unzip generated_audio.zip under the root"
        )
    spoofs = [_trial(path, folder, SPOOF, name) for folder in attacks for path in _once(folder)]
    if not spoofs:
        raise ManifestError(
            f"{generated}: found no audio in the folders of attacks ({shorten([path.name for path in attacks])}), "
            f"expected WaveFake's; unzip generated_audio.zip again"
        )
    recordings = [
        _trial(path, folder, BONAFIDE, name)
        for folder in (Path(root) / given for given in bonafide)
        for path in _recordings(folder)
    ]
    trials = [*recordings, *spoofs]
    sources = [trial.path.stem.removesuffix(COPY_ENDING) for trial in trials]
    return checked_manifest(split(trials, sources, shares), name, require_audio=False)


def _trial(path: Path, folder: Path, key: str, corpus: str) -> Trial:
    utterance = utterance_name(path, folder.parent)
    attack = UNKNOWN if key == BONAFIDE else one_word(folder.name)
    # LJSpeech has one reader, and JSUT too: named, they would be in every partition, and each split refused as a leak.
    return Trial(utterance, path, UNKNOWN, attack, key, "eval", corpus=corpus)


def _once(folder: Path) -> list[Path]:
    """The files of an attack; the folder of the text-to-speech holds each a second time, in a sub-folder."""
    found = audio_files(folder)
    return [path for path in found if path.parent == folder] or found


def _recordings(folder: Path) -> list[Path]:
    found = audio_files(folder)
    if not found:
        raise ManifestError(
            f"{folder}: found no recordings, expected the bona fide speech that WaveFake was made from; download "
            f"LJSpeech and JSUT beside generated_audio, or name in `bonafide` the folders that there are"
        )
    return found
