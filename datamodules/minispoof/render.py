"""One planned trial in -> its FLAC file out, the same bytes whenever and wherever in the build it is made."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import soundfile as sf
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from datamodules.minispoof import conversion, vocoders
from datamodules.minispoof.channel import apply_channel, draw_channel, source_codec_pass
from datamodules.minispoof.errors import BuildError
from datamodules.minispoof.pieces import SAMPLE_RATE_HZ
from datamodules.minispoof.plan import PlannedTrial, clip_rng
from datamodules.minispoof.tools import Tools
from datamodules.minispoof.tts import speak

PIPER_BATCH: Final = 8


@dataclass(frozen=True, slots=True)
class Unit:
    """Trials made by one call: a single one, or the few that share a Piper process, as the plan has it."""

    trials: tuple[PlannedTrial, ...]
    targets: tuple[Path, ...]

    @property
    def finished(self) -> bool:
        """Are all its files there?"""
        return all(target.is_file() for target in self.targets)


def units_of(trials: Sequence[PlannedTrial], target_of: Callable[[PlannedTrial], Path]) -> list[Unit]:
    """Group a plan into units of work; the slow ones come first, so that no worker ends long after the others."""
    neural = (trial for trial in trials if trial.attack and trial.attack.tool == "piper")
    groups = [*_groups(neural, PIPER_BATCH), *((t,) for t in trials if not (t.attack and t.attack.tool == "piper"))]
    return [Unit(group, tuple(target_of(trial) for trial in group)) for group in groups]


def render(unit: Unit, tools: Tools, seed: int) -> int:
    """Make the clips of one unit; each file appears by one rename.

    Returns:
        The number of clips written.

    Raises:
        BuildError: naming the clip that could not be made, its attack and its source.
    """
    # One thread a worker: more would compete with the other workers, and could change the last bit of a sum.
    with threadpool_limits(1):
        for trial, target, waveform in zip(unit.trials, unit.targets, _sources(unit, tools, seed), strict=True):
            try:
                channel = draw_channel(clip_rng(seed, trial.utterance, "channel"))
                clip = apply_channel(waveform, trial.piece.duration_s, channel)
            except ValueError as error:
                method = trial.attack.id if trial.attack else "bona fide"
                raise BuildError(f"{trial.utterance} ({method}, {trial.piece.recording.name}): {error}") from error
            write_flac(target, clip)
    return len(unit.trials)


def write_flac(target: Path, waveform: np.ndarray) -> None:
    """Write ``(samples,)`` at 16 kHz as 16-bit FLAC, whole or not at all."""
    unfinished = target.with_suffix(f".{os.getpid()}.unfinished")
    sf.write(unfinished, waveform, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    unfinished.replace(target)


def _sources(unit: Unit, tools: Tools, seed: int) -> list[np.ndarray]:
    """The waveforms of a unit before the shared channel."""
    first = unit.trials[0]
    if first.attack is None or first.spoken is None:
        return [_from_recording(trial, clip_rng(seed, trial.utterance, "attack")) for trial in unit.trials]
    noise_seed = int(clip_rng(seed, first.utterance, "voice").integers(1, 2**31))
    requests = [trial.spoken for trial in unit.trials if trial.spoken]
    spoken = speak(tools, first.attack.tool, requests, noise_seed)
    # Real speech was stored in a lossy codec before it came here: so is synthetic speech, or that would tell.
    return [source_codec_pass(w, trial.piece.recording.codec) for w, trial in zip(spoken, unit.trials, strict=True)]


def _from_recording(trial: PlannedTrial, rng: np.random.Generator) -> np.ndarray:
    waveform = trial.piece.load()
    match trial.attack.id if trial.attack else None:
        case None:
            return waveform
        case "M01":
            return vocoders.world(waveform)
        case "M02":
            return vocoders.mel_griffin_lim(waveform, rng)
        case "M03":
            return vocoders.lpc(waveform, rng)
        case "M04":
            return conversion.world_shift(waveform, *conversion.draw_shift(rng))
        case "M06":
            return conversion.phase_vocoder_shift(waveform, conversion.draw_shift(rng)[0])
        case other:
            raise BuildError(f"{trial.utterance}: found attack {other}, expected one that starts from a recording")


def _groups(trials: Iterator[PlannedTrial], size: int) -> Iterator[tuple[PlannedTrial, ...]]:
    while group := tuple(islice(trials, size)):
        yield group
