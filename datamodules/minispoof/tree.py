"""Finished clips in -> protocols, README and mark of completion out: the ASVspoof 2019 LA layout around the audio."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from datamodules.corpora.asvspoof2019 import audio_folder, protocol_path
from datamodules.manifest import BONAFIDE, PARTITIONS, SPOOF, UNKNOWN
from datamodules.minispoof.attacks import ATTACKS
from datamodules.minispoof.errors import BuildError
from datamodules.minispoof.plan import PlannedTrial

FORMAT: Final = 1
"""Raised whenever the same settings would give other bytes."""
COMPLETE: Final = "COMPLETE.json"
BUILDING: Final = "BUILDING.json"


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides the bytes of a corpus.

    Attributes:
        format: version of the builder's recipe.
        speech: the source of real speech.
        size: "tiny", "small", "medium" or "full".
        seed: of everything drawn.
        tools: the TTS programs that took part, sorted.
        sources: package versions and licences of speech and programs.
    """

    format: int
    speech: str
    size: str
    seed: int
    tools: tuple[str, ...]
    sources: tuple[str, ...]


def clip_path(out: Path, trial: PlannedTrial) -> Path:
    """Where a trial's audio lies."""
    return audio_folder(out / "LA", trial.partition) / f"{trial.utterance}.flac"


def read_complete(out: Path) -> Settings | None:
    """The settings of a finished corpus, or None where there is none."""
    return _read_settings(out / COMPLETE)


def begin(out: Path, settings: Settings) -> None:
    """Claim ``out`` for these settings: empty, or begun with exactly the same ones.

    Raises:
        BuildError: when something else lies there; nothing is ever deleted.
    """
    begun = _read_settings(out / BUILDING) or _read_settings(out / COMPLETE)
    if begun is None and out.exists() and any(out.iterdir()):
        raise BuildError(
            f"{out}: found other files, expected an empty folder or an unfinished corpus; choose another --out"
        )
    if begun is not None and begun != settings:
        differing = [name for name, value in asdict(settings).items() if asdict(begun)[name] != value]
        raise BuildError(
            f"{out}: found a corpus built with another {', '.join(differing)} "
            f"(it has {_told(begun)}, asked for {_told(settings)}); choose another --out, or delete that folder"
        )
    for partition in PARTITIONS:
        audio_folder(out / "LA", partition).mkdir(parents=True, exist_ok=True)
    _write_whole(out / BUILDING, json.dumps(asdict(settings), indent=2, ensure_ascii=False) + "\n")


def finish(out: Path, settings: Settings, trials: Sequence[PlannedTrial], notes: Sequence[str]) -> None:
    """Write protocols and README, and last the mark of completion."""
    for partition in PARTITIONS:
        path = protocol_path(out / "LA", partition)
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(path, "".join(protocol_line(trial) for trial in trials if trial.partition == partition))
        for leftover in audio_folder(out / "LA", partition).glob("*.unfinished"):
            leftover.unlink()
    _write_whole(out / "README.md", readme(settings, trials, notes))
    _write_whole(out / COMPLETE, json.dumps(asdict(settings), indent=2, ensure_ascii=False) + "\n")
    (out / BUILDING).unlink()


def protocol_line(trial: PlannedTrial) -> str:
    """``SPEAKER UTTERANCE - ATTACK|- KEY``, as in the official protocols."""
    attack, key = (trial.attack.id, SPOOF) if trial.attack else (UNKNOWN, BONAFIDE)
    return f"{trial.speaker} {trial.utterance} - {attack} {key}\n"


def readme(settings: Settings, trials: Sequence[PlannedTrial], notes: Sequence[str]) -> str:
    """The corpus's README: what it is, attacks, counts, sources with their licences."""
    counts = Counter((trial.partition, trial.attack.id if trial.attack else UNKNOWN) for trial in trials)

    def row(name: str, key: str) -> str:
        return f"| {name} | " + " | ".join(str(counts[partition, key]) for partition in PARTITIONS) + " |"

    languages = {p: sorted({t.piece.recording.language for t in trials if t.partition == p}) for p in PARTITIONS}
    speakers = {p: sorted({t.piece.recording.speaker for t in trials if t.partition == p}) for p in PARTITIONS}
    lines = [
        "# minispoof, the embedded corpus of spooflab",
        "",
        "Real people speaking, and the same or other words faked, in the ASVspoof 2019 LA layout (16 kHz FLAC).",
        f"Recipe {settings.format}, `--size {settings.size} --seed {settings.seed}`, {settings.speech} speech:",
        "the same settings and tool versions give the same bytes.",
        "Meant for learning, tests and demonstrations: results on it say little about other corpora.",
        "",
        "| attack | train | dev | eval |",
        "|---|---|---|---|",
        row("bona fide", UNKNOWN),
        *(row(f"{a.id} {a.name}: {a.kind}" + ("" if a.seen else ", unseen in training"), a.id) for a in ATTACKS),
        "",
        "| partition | speakers | languages |",
        "|---|---|---|",
        *(f"| {p} | {', '.join(speakers[p])} | {', '.join(languages[p])} |" for p in PARTITIONS),
        "",
        "Every clip, bona fide or spoof, went through one channel *after* synthesis: band-pass 80 Hz to 6.8 kHz,",
        "silence trimmed and drawn anew, level and noise drawn from one distribution, one Opus pass.",
        "`spooflab corpus check` audits what is left.",
        "",
        "## Sources and licences",
        "",
        *(f"- {source}" for source in settings.sources),
        "",
        "Clips made from these recordings remain under the licences of the recordings.",
        *(["", "## Notes of this build", "", *(f"- {note}" for note in notes)] if notes else []),
    ]
    return "\n".join(lines) + "\n"


def _read_settings(path: Path) -> Settings | None:
    if not path.is_file():
        return None
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        return Settings(**{**fields, "tools": tuple(fields["tools"]), "sources": tuple(fields["sources"])})
    except (ValueError, KeyError, TypeError) as error:
        raise BuildError(
            f"{path}: found settings that cannot be read ({error}); delete that folder and build again"
        ) from error


def _told(settings: Settings) -> str:
    tools = "+".join(settings.tools) or "no TTS"
    return f"format {settings.format}, {settings.speech}, {settings.size}, seed {settings.seed}, {tools}"


def _write_whole(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
