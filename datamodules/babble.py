"""A folder of speakers in, the babble of several of them at once ``(samples,)`` out: an environment to be tested in."""

from pathlib import Path

import numpy as np

from datamodules.audio import decode
from datamodules.augmentation import Audio, active_level, rms
from datamodules.noise import list_noise

LEVEL_DBFS = -26.0
"""The level that ITU-T P.56 brings speech to; augmentations and tests set their own ratio all the same."""


def babble(speech: Path, speakers: int, duration_s: float, sample_rate_hz: int, seed: int) -> Audio:
    """Let several speakers talk at once, all equally loud, each saying all that there is of theirs in a random order.

    Take speakers that are in no corpus that is trained or tested on: else it is them that would be recognised.

    Args:
        speech: Folder with a sub-folder for each speaker, recordings in it at any depth.
        speakers: How many of them, chosen at random.
        duration_s: Length of the result; who has said all begins again.
        sample_rate_hz: Rate of the result.
        seed: Of the choice and the orders.

    Returns:
        ``(samples,)`` at -26 dB of full scale.

    Raises:
        FileNotFoundError: The folder has too few speakers.
        ValueError: No speakers, or no time, are asked for.
        AudioError: A recording cannot be used.
    """
    if speakers < 1 or duration_s <= 0:
        raise ValueError(f"found {speakers} speakers for {duration_s} s, expected one at least, and more than 0 s")
    rng = np.random.default_rng(seed)
    folders = sorted(path for path in speech.iterdir() if path.is_dir()) if speech.is_dir() else []
    if len(folders) < speakers:
        raise FileNotFoundError(
            f"{speech}: found {len(folders)} sub-folders, expected one a speaker, and {speakers} speakers at least"
        )
    total = np.zeros(round(duration_s * sample_rate_hz), np.float32)
    for number in sorted(rng.choice(len(folders), speakers, replace=False).tolist()):
        paths = list_noise(folders[number])
        said = np.concatenate([decode(paths[place], sample_rate_hz) for place in rng.permutation(len(paths))])
        total += np.resize(said, len(total)) / np.float32(active_level(said, sample_rate_hz) or 1.0)
    return total * np.float32(10 ** (LEVEL_DBFS / 20) / (rms(total) or 1.0))
