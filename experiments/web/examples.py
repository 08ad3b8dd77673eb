"""A corpus in, a recording of each kind out: what someone without a recording of their own may try."""

from dataclasses import dataclass
from pathlib import Path

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from datamodules.manifest import BONAFIDE, Trial
from datamodules.minispoof.attacks import ATTACKS


@dataclass(frozen=True)
class Example:
    """A recording to try.

    Attributes:
        path: of the file.
        label: what it is.
    """

    path: Path
    label: str


def examples(root: Path) -> list[Example]:
    """Return one real recording of the evaluation partition and one of each attack; none where there is no corpus."""
    if not root.is_dir():
        return []
    named = {attack.id: f"a fake, {attack.name}" for attack in ATTACKS}
    first: dict[str, Trial] = {}
    for trial in asvspoof2019_la(str(root)).partition("eval"):
        first.setdefault("" if trial.key == BONAFIDE else trial.attack, trial)
    return [
        Example(trial.path, named.get(attack, f"a fake, {attack}") if attack else "a real voice")
        for attack, trial in sorted(first.items())
    ]
