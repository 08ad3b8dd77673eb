"""Recordings in -> pieces of 2 to 6 s of speech out: where each begins and ends, with silence left outside."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from datamodules.audio import AudioError, decode
from datamodules.minispoof.recordings import Recording

SAMPLE_RATE_HZ: Final = 16000
MIN_PIECE_S: Final = 2.0
MAX_PIECE_S: Final = 6.0
SPEECH_BELOW_PEAK_DB: Final = 35.0
FRAME: Final = 160
SMOOTH_FRAMES: Final = 5
SCAN_BATCH: Final = 32


@dataclass(frozen=True, slots=True)
class Piece:
    """Samples ``start`` to ``stop`` (at 16 kHz) of a recording."""

    recording: Recording
    start: int
    stop: int

    @property
    def duration_s(self) -> float:
        """Its length."""
        return (self.stop - self.start) / SAMPLE_RATE_HZ

    def load(self) -> np.ndarray:
        """The waveform ``(stop - start,)`` at 16 kHz."""
        return decode(self.recording.path, SAMPLE_RATE_HZ, name=self.recording.name)[self.start : self.stop]


@dataclass(frozen=True, slots=True)
class Scan:
    """What one recording gave: pieces, or the reason why it could not be read."""

    pieces: tuple[Piece, ...]
    refusal: str | None = None


def speech_bounds(waveform: np.ndarray) -> tuple[int, int]:
    """First and last sample of speech, by a smoothed level within 35 dB of the loudest; (0, 0) for silence."""
    usable = waveform[: waveform.shape[0] // FRAME * FRAME].reshape(-1, FRAME)
    if usable.size == 0:
        return 0, 0
    power = np.convolve(
        np.mean(np.square(usable, dtype=np.float64), axis=1), np.ones(SMOOTH_FRAMES) / SMOOTH_FRAMES, mode="same"
    )
    loud = np.flatnonzero(power > power.max() * 10.0 ** (-SPEECH_BELOW_PEAK_DB / 10.0))
    return (int(loud[0]) * FRAME, int(loud[-1] + 1) * FRAME) if loud.size else (0, 0)


def scan(recording: Recording) -> Scan:
    """Decode one recording and cut it: none where too short, one, or several equal pieces where longer than 6 s."""
    try:
        waveform = decode(recording.path, SAMPLE_RATE_HZ, name=recording.name)
    except AudioError as error:
        return Scan((), str(error))
    start, stop = speech_bounds(waveform)
    if stop - start < MIN_PIECE_S * SAMPLE_RATE_HZ:
        return Scan(())
    count = math.ceil((stop - start) / (MAX_PIECE_S * SAMPLE_RATE_HZ))
    edges = np.linspace(start, stop, count + 1).astype(int)
    return Scan(tuple(Piece(recording, int(a), int(b)) for a, b in pairwise(edges)))


def choose_pieces(
    recordings: Sequence[Recording],
    quotas: dict[str, int],
    seed: int,
    scan_all: Callable[[Sequence[Recording]], Sequence[Scan]],
) -> tuple[list[Piece], list[str]]:
    """Take each partition's quota of pieces, shared evenly among its speakers, from recordings in seeded order.

    Recordings are scanned in batches, only until the quota is full; how many run in parallel changes nothing.

    Args:
        recordings: of the whole source.
        quotas: partition -> number of pieces wanted.
        seed: of the corpus.
        scan_all: maps ``scan`` over recordings, in order, possibly in parallel.

    Returns:
        The pieces, and the refusals of recordings that could not be read.
    """
    chosen: list[Piece] = []
    refusals: list[str] = []
    for partition, quota in quotas.items():
        speakers = sorted({r.speaker for r in recordings if r.partition == partition})
        for index, speaker in enumerate(speakers):
            wanted = quota // len(speakers) + (index < quota % len(speakers))
            own = sorted((r for r in recordings if r.speaker == speaker), key=lambda r: r.name)
            order = np.random.default_rng([seed, 2, *speaker.encode()]).permutation(len(own))
            taken: list[Piece] = []
            for batch in _batches([own[i] for i in order]):
                scans = scan_all(batch)
                refusals.extend(s.refusal for s in scans if s.refusal)
                taken.extend(piece for s in scans for piece in s.pieces)
                if len(taken) >= wanted:
                    break
            chosen.extend(taken[:wanted])
    return chosen, refusals


def _batches(recordings: list[Recording]) -> Iterator[list[Recording]]:
    for start in range(0, len(recordings), SCAN_BATCH):
        yield recordings[start : start + SCAN_BATCH]
