"""Pieces of real speech and the table of attacks in -> the exact list of trials to make out, before any is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from datamodules.minispoof.attacks import Attack, attacks_of, voices_of
from datamodules.minispoof.pieces import Piece
from datamodules.minispoof.sentences import text_of_about
from datamodules.minispoof.sizes import SPOOF_PER_BONAFIDE

LETTERS: Final = {"train": "T", "dev": "D", "eval": "E"}
ENGLISH_ONLY: Final = frozenset({"flite", "piper"})


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a TTS attack is asked to say: text, language, voice and rate of speech (1 = the voice's own)."""

    text: str
    language: str
    voice: str
    rate: float


@dataclass(frozen=True, slots=True)
class PlannedTrial:
    """One clip to make: a pure function of this and the seed.

    Attributes:
        utterance: its identifier.
        partition: "train", "dev" or "eval".
        speaker: the identifier in the protocol.
        piece: the real speech it starts from; TTS takes its length and source codec.
        attack: None for bona fide.
        spoken: for TTS, what to say.
    """

    utterance: str
    partition: str
    speaker: str
    piece: Piece
    attack: Attack | None
    spoken: Spoken | None


def plan_trials(pieces: Sequence[Piece], tools: frozenset[str], seed: int) -> list[PlannedTrial]:
    """Every piece once as bona fide and three times as the pattern of a spoof, attacks in equal numbers.

    Utterance numbers are shuffled within a partition, so that neither they nor the order tell the label.
    """
    return [
        trial
        for partition in LETTERS
        for trial in _plan_partition([p for p in pieces if p.recording.partition == partition], partition, tools, seed)
    ]


def _plan_partition(pieces: list[Piece], partition: str, tools: frozenset[str], seed: int) -> list[PlannedTrial]:
    attacks = attacks_of(partition, tools)
    pieces = sorted(pieces, key=lambda piece: piece.recording.speaker)
    # Attacks are dealt in turn, three to a piece: in equal numbers, no piece meets one twice, each meets every speaker.
    spoofs = [
        (pieces[i // SPOOF_PER_BONAFIDE], attacks[i % len(attacks)]) for i in range(SPOOF_PER_BONAFIDE * len(pieces))
    ]
    content: list[tuple[Piece, Attack | None]] = [*((piece, None) for piece in pieces), *spoofs]
    letter = LETTERS[partition]
    numbers = np.random.default_rng([seed, 3, ord(letter)]).permutation(len(content)) + 1
    planned = []
    for number, (piece, attack) in sorted(zip(numbers.tolist(), content, strict=True), key=lambda pair: pair[0]):
        utterance = f"MS_{letter}_{number:07d}"
        spoken = (
            _spoken(attack, piece, partition, clip_rng(seed, utterance, "text"))
            if attack and attack.from_text
            else None
        )
        speaker = f"{spoken.language}-{attack.tool}-{spoken.voice}" if attack and spoken else piece.recording.speaker
        planned.append(PlannedTrial(utterance, partition, speaker, piece, attack, spoken))
    return planned


def clip_rng(seed: int, utterance: str, purpose: str) -> np.random.Generator:
    """The generator of one clip and purpose: no clip's randomness depends on which others are made, or when."""
    return np.random.default_rng([seed, *f"{purpose}:{utterance}".encode()])


def _spoken(attack: Attack, piece: Piece, partition: str, rng: np.random.Generator) -> Spoken:
    language = "en" if attack.tool in ENGLISH_ONLY else piece.recording.language
    rate = float(rng.uniform(0.9, 1.15))
    voice = str(rng.choice(voices_of(attack, partition)))
    return Spoken(text_of_about(piece.duration_s * rate, language, rng), language, voice, rate)
