"""What is to be scored in, whether an utterance is still due out: in nine bytes a file, however many there are."""

from array import array
from collections.abc import Iterable

import numpy as np

from experiments.score_inputs import digest, distinct
from experiments.score_item import Item


class Ledger:
    """Tells which utterances are still due: each is given out once.

    Args:
        items: all inputs; one that stands there twice is due once.

    Raises:
        FileNotFoundError: there are none.
        ValueError: two files would have one name in the score file.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        pairs = array("Q")
        for item in items:
            pairs.extend((digest(item.utterance), digest(str(item.path))))
        rows = distinct(pairs)
        if not len(rows):
            raise FileNotFoundError(
                "found no audio file to score, expected one at least; check the folders and their names"
            )
        self._names, counts = np.unique(rows[:, 0], return_counts=True)
        self._settled = np.zeros(self._names.size, bool)
        if self._names.size < len(rows):
            _refuse(items, int(self._names[np.argmax(counts > 1)]))

    def __len__(self) -> int:
        """How many are due still."""
        return int(np.count_nonzero(~self._settled))

    def settle(self, utterance: str) -> bool | None:
        """Take an utterance off what is due; true if it was, false if no longer, none if it is not among the inputs."""
        name = np.uint64(digest(utterance))
        place = int(np.searchsorted(self._names, name))
        if place == self._names.size or self._names[place] != name:
            return None
        was_due = not self._settled[place]
        self._settled[place] = True
        return was_due


def _refuse(items: Iterable[Item], name: int) -> None:
    paths = dict.fromkeys(str(item.path) for item in items if digest(item.utterance) == name)
    raise ValueError(
        f"{' and '.join(list(paths)[:2])} would have one name in the score file, expected one each; rename one, or "
        "name them apart in a table with the columns path and utterance"
    )
