"""What every augmentation is, and how several make one."""

import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]


class Augmentation(ABC):
    """What alters a waveform at random.

    Not generic in its parameters: a generic type is no class that a config can name.

    Args:
        probability: How likely a waveform is altered at all, from 0 to 1.

    Attributes:
        version: Raised by hand whenever the same draw would give another waveform; part of a cached view's recipe.
    """

    version: ClassVar[int] = 1

    def __init__(self, probability: float) -> None:
        if not 0 <= probability <= 1:
            raise ValueError(f"found probability={probability}, expected 0 to 1")
        self.probability = probability

    @abstractmethod
    def draw(self, rng: np.random.Generator, samples: int) -> Any:  # noqa: ANN401 - each has its own
        """Draw the parameters for a waveform of this length: a frozen dataclass of plain values."""

    @abstractmethod
    def apply(self, waveform: Audio, parameters: Any) -> Audio:  # noqa: ANN401
        """Alter a waveform ``(samples,)``; the same parameters always give the same result."""

    @property
    def parts(self) -> Iterator["Augmentation"]:
        """This and every augmentation that it is made of."""
        yield self

    def prepare(self) -> None:
        """Find and check what is read from disk, so that what is wrong is told before a training starts.

        Raises:
            OSError: It is not there.
            ValueError: It is damaged.
        """
        for part in self.parts:
            if part is not self:
                part.prepare()

    @property
    def recipe(self) -> dict[str, Any]:
        """Plain values that fix what a generator makes of a waveform: the class and its arguments."""
        cls = type(self)
        names = [name for name in inspect.signature(cls.__init__).parameters if name != "self"]
        return {
            "class_path": f"{cls.__module__}.{cls.__qualname__}",
            "version": self.version,
            **{name: getattr(self, name) for name in names},
        }

    def __call__(self, waveform: Audio, rng: np.random.Generator) -> Audio:
        """Alter a waveform ``(samples,)``, or return it as it is, as the generator has it."""
        if rng.random() >= self.probability:
            return waveform
        return self.apply(waveform, self.draw(rng, len(waveform)))


class _Several(Augmentation):
    """What is made of several augmentations; what it draws is the seed of the generator that they draw from."""

    def __init__(self, augmentations: Sequence[Augmentation], probability: float = 1.0) -> None:
        super().__init__(probability)
        if not augmentations:
            raise ValueError(f"found no augmentations in {type(self).__name__}, expected at least one")
        self.augmentations = list(augmentations)

    @property
    def parts(self) -> Iterator[Augmentation]:
        """This and every augmentation of all."""
        yield self
        for augmentation in self.augmentations:
            yield from augmentation.parts

    @property
    def recipe(self) -> dict[str, Any]:
        """The recipes of all, in their order."""
        return {**super().recipe, "augmentations": [augmentation.recipe for augmentation in self.augmentations]}

    def draw(self, rng: np.random.Generator, samples: int) -> int:  # noqa: ARG002
        """Draw a seed."""
        return draw_seed(rng)


class Compose(_Several):
    """One augmentation after another, each by its own probability."""

    def apply(self, waveform: Audio, parameters: int) -> Audio:
        """Apply all augmentations in their order."""
        rng = np.random.default_rng(parameters)
        for augmentation in self.augmentations:
            waveform = augmentation(waveform, rng)
        return waveform


class OneOf(_Several):
    """One of several augmentations, all equally likely, by its own probability."""

    def apply(self, waveform: Audio, parameters: int) -> Audio:
        """Choose, and apply what was chosen."""
        rng = np.random.default_rng(parameters)
        return self.augmentations[int(rng.integers(len(self.augmentations)))](waveform, rng)


class Parallel(_Several):
    """The mean of what each augmentation makes of the same waveform."""

    def apply(self, waveform: Audio, parameters: int) -> Audio:
        """Apply each augmentation to the waveform, and mix."""
        rng = np.random.default_rng(parameters)
        altered = [augmentation(waveform, rng) for augmentation in self.augmentations]
        mean: Audio = np.mean(altered, axis=0, dtype=np.float32)
        return mean


def draw_seed(rng: np.random.Generator) -> int:
    """Draw the seed of a generator of its own."""
    return int(rng.integers(2**63))


def require_rising(name: str, low: float, high: float) -> None:
    """Refuse a range whose limits are the wrong way round, or no numbers."""
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"found {name} from {low} to {high}, expected numbers")
    if low > high:
        raise ValueError(f"found {name} from {low} to {high}, expected the lower limit first")
