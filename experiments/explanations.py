"""A run in, pictures of what gives fakes away to its detector out: what ``spooflab explain --corpus`` logged on it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from experiments import tracking
from experiments.plain_words import listed

FOLDER: Final = "explanations"


@dataclass(frozen=True)
class Explanation:
    """A picture and what it shows.

    Attributes:
        content: of the picture's PNG file.
        sentences: in plain words.
    """

    content: bytes
    sentences: tuple[str, ...]


def read(run_id: str) -> list[Explanation]:
    """Return the explanations of a run; none where nobody made any."""
    try:
        folder = tracking.fetch(run_id, FOLDER)
    except FileNotFoundError:
        return []
    return of_folder(folder)


def of_folder(folder: Path) -> list[Explanation]:
    """Read each picture that has its findings beside it: ``NAME.png`` and ``NAME.json``.

    Raises:
        ValueError: a file of findings is of another form.
    """
    return [
        Explanation(file.read_bytes(), _sentences(file.with_suffix(".json")))
        for file in sorted(folder.glob("*.png"))
        if file.with_suffix(".json").exists()
    ]


def borne_out(rise: float, rise_of_bonafide: float) -> bool:
    """Whether what a mean map shows is confirmed by going without: fakes score higher then, by more than bona fide."""
    return rise > max(rise_of_bonafide, 0.0)


def _sentences(file: Path) -> tuple[str, ...]:
    try:
        findings = json.loads(file.read_text())["findings"]
        denied = [str(finding["attack"]) for finding in findings if _denied(finding)]
        said = [str(finding["sentence"]) for finding in findings if not _denied(finding)]
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(
            f"{file}: found no list `findings` with a `sentence` each ({error}): make it anew with `spooflab explain`"
        ) from error
    return (*said, _unconfirmed(denied)) if denied else tuple(said)


def _denied(finding: Mapping[str, Any]) -> bool:
    """Whether what the map shows was measured, and the measurement does not bear it out."""
    if not {"attack", "contrast", "rise", "rise_of_bonafide"} <= finding.keys() or finding["contrast"] >= 0:
        return False
    return not borne_out(finding["rise"], finding["rise_of_bonafide"])


def _unconfirmed(attacks: list[str]) -> str:
    return (
        f"Not confirmed for {listed(attacks)}: without what lies between the dashed lines these fakes do not sound "
        "more genuine to it, or genuine recordings gain as much. What gives them away is not known."
    )
