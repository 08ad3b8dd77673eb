"""A countermeasure's folder in, a judge of recordings out: to be replaced by another that opens in the same way."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from experiments.file_facts import facts_of
from experiments.inference import Countermeasure, Verdict
from experiments.threads import use


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found of a recording.

    Attributes:
        verdict: of the judge.
        facts: of the audio; empty where they were not asked for.
    """

    verdict: Verdict
    facts: dict[str, float]


@dataclass(frozen=True)
class CountermeasureOpener:
    """Opens a deployed countermeasure, on one thread.

    Attributes:
        folder: that it lies in.
        window_s: length of a window; the training crop when none.
        hop_s: from window to window; half a window when none.
        facts: measure the audio as well.
    """

    folder: Path
    window_s: float | None = None
    hop_s: float | None = None
    facts: bool = False

    def open(self) -> Callable[[Path], Judged]:
        """Load it.

        Raises:
            FileNotFoundError: the folder holds none.
        """
        use(1, tell=False)  # recordings are scored one by one, and are too short to be worth dividing
        countermeasure = Countermeasure.load(self.folder)

        def judge(path: Path) -> Judged:
            verdict = countermeasure.judge(path, window_s=self.window_s, hop_s=self.hop_s)
            return Judged(verdict, facts_of(path) if self.facts else {})

        return judge
