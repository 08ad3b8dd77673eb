"""The table of attacks: what each is, which tool it needs, and in which partitions it is heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["vocoder", "voice conversion", "classical TTS", "neural TTS"]
Tool = Literal["none", "espeak", "flite", "piper"]


@dataclass(frozen=True, slots=True)
class Attack:
    """One way of faking speech.

    Attributes:
        id: "M01" …, as in the protocols.
        name: the method, in words.
        kind: vocoder copy-synthesis and voice conversion start from a recording, TTS from text.
        seen: True if train and dev hold it too; every attack is in eval.
        tool: the program it needs.
        voices: the voices TTS may choose from: per partition where ``seen``, so that no voice is shared.
    """

    id: str
    name: str
    kind: Kind
    seen: bool
    tool: Tool = "none"
    voices: tuple[str, ...] = ()

    @property
    def from_text(self) -> bool:
        """True for TTS."""
        return self.tool != "none"


ATTACKS: Final = (
    Attack("M01", "WORLD analysis-synthesis", "vocoder", seen=True),
    Attack("M02", "mel spectrogram + Griffin-Lim", "vocoder", seen=True),
    Attack("M03", "LPC vocoder (pulse and noise excitation)", "vocoder", seen=True),
    Attack("M04", "WORLD pitch and formant shift", "voice conversion", seen=True),
    Attack("M05", "eSpeak NG (formant synthesis)", "classical TTS", seen=True, tool="espeak"),
    Attack("M06", "phase-vocoder pitch and formant shift", "voice conversion", seen=False),
    Attack("M07", "flite diphone (kal16)", "classical TTS", seen=False, tool="flite", voices=("kal16",)),
    Attack(
        "M08", "flite CLUSTERGEN (statistical)", "classical TTS", seen=False, tool="flite", voices=("awb", "rms", "slt")
    ),
    Attack("M09", "Piper (VITS)", "neural TTS", seen=False, tool="piper", voices=("joe",)),
)

ESPEAK_VOICES: Final = {
    "train": ("m1", "m3", "f1", "f2"),
    "dev": ("m2", "f3"),
    "eval": ("m4", "m7", "f4", "f5"),
}
"""eSpeak NG's voice variants, disjoint between partitions like the human speakers."""


def attacks_of(partition: str, tools: frozenset[str]) -> tuple[Attack, ...]:
    """The attacks of one partition that the available tools can make."""
    return tuple(a for a in ATTACKS if (a.seen or partition == "eval") and (a.tool == "none" or a.tool in tools))


def voices_of(attack: Attack, partition: str) -> tuple[str, ...]:
    """The voices a TTS attack may use in a partition."""
    return ESPEAK_VOICES[partition] if attack.tool == "espeak" else attack.voices
