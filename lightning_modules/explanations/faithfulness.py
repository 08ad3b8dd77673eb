"""A map and random ones as smooth in, how the score goes as each has its patches taken away or put back out."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lightning_modules.explanations.clip import Clip
from lightning_modules.explanations.patches import Patches

FRACTIONS: Final = (0.0, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
"""Of the patches, at which the score is measured."""
TOLD_FRACTION: Final = 0.1
DRAWS: Final = 5


@dataclass(frozen=True)
class Curves:
    """How much less (deletion) or more (insertion) the decision is supported, at each of ``FRACTIONS``.

    Attributes:
        deletion: what the score has lost with the first patches of the map taken away.
        insertion: what it has won with none but these there, over none at all.
    """

    deletion: tuple[float, ...]
    insertion: tuple[float, ...]

    @property
    def deletion_area(self) -> float:
        """Mean of the deletion over all fractions; higher is more faithful."""
        return float(np.trapezoid(self.deletion, FRACTIONS))

    @property
    def insertion_area(self) -> float:
        """Mean of the insertion over all fractions; higher is more faithful."""
        return float(np.trapezoid(self.insertion, FRACTIONS))


@dataclass(frozen=True)
class Faithfulness:
    """Whether a map names what moves the score, measured on the detector itself, in the unit of the score.

    Attributes:
        direction: 1 where the decision is bona fide and patches that raise the score go first; -1 where it is spoof.
        of_map: of the map.
        of_random: of each random map.
    """

    direction: int
    of_map: Curves
    of_random: tuple[Curves, ...]

    @property
    def moved(self) -> float:
        """How much the score moves, with its sign, when the first tenth of the map's patches is taken away."""
        return -self.direction * self.of_map.deletion[FRACTIONS.index(TOLD_FRACTION)]

    @property
    def moved_by_random(self) -> list[float]:
        """The same of each random map."""
        place = FRACTIONS.index(TOLD_FRACTION)
        return [-self.direction * curves.deletion[place] for curves in self.of_random]

    @property
    def better_than_random(self) -> int:
        """Random maps whose two areas together are less than the map's."""
        own = self.of_map.deletion_area + self.of_map.insertion_area
        return sum(own > curves.deletion_area + curves.insertion_area for curves in self.of_random)


def faithfulness(
    clip: Clip,
    patches: Patches,
    sums: NDArray[np.float64],
    direction: int,
    generator: np.random.Generator,
    draws: int = DRAWS,
) -> Faithfulness:
    """Take patches away, and put them back into nothing, those first that support the decision most.

    Petsiuk, Das and Saenko 2018, "RISE: randomized input sampling for explanation of black-box models"; the patches
    that speak against the decision come last. Random maps have the map's own power spectrum.

    Args:
        clip: whose score is explained.
        patches: of its grid.
        sums: of the map's cells in each, ``(bands, segments)``.
        direction: 1 to follow what raises the score, -1 what lowers it.
        generator: of the random maps.
        draws: random maps.
    """
    random = tuple(_curves(clip, patches, as_smooth(sums, generator), direction, generator) for _ in range(draws))
    return Faithfulness(direction, _curves(clip, patches, direction * sums, direction, generator), random)


def as_smooth(values: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    """Draw a map of the same power spectrum, hence as smooth, with the phases of noise."""
    noise = np.fft.fft2(generator.standard_normal(values.shape))
    magnitudes = np.abs(np.fft.fft2(values - values.mean()))
    drawn: NDArray[np.float64] = np.fft.ifft2(magnitudes * np.exp(1j * np.angle(noise))).real
    return drawn


def _curves(
    clip: Clip, patches: Patches, support: NDArray[np.float64], direction: int, generator: np.random.Generator
) -> Curves:
    """Go through patches in falling order of how much they support the decision, those that tie by lot."""
    lot = generator.permutation(support.size)
    rank = np.empty(support.size, np.int64)
    rank[lot[np.argsort(-support.ravel()[lot], kind="stable")]] = np.arange(support.size)
    first = np.stack([rank.reshape(support.shape) < round(part * support.size) for part in FRACTIONS])
    cells = patches.spread(first)
    scores = direction * clip.scores(np.concatenate((~cells, cells[1:-1])))
    whole, nothing = scores[0], scores[len(FRACTIONS) - 1]
    put_back = np.concatenate(([nothing], scores[len(FRACTIONS) :], [whole]))
    return Curves(tuple((whole - scores[: len(FRACTIONS)]).tolist()), tuple((put_back - nothing).tolist()))
