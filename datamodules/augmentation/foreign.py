"""Any transform of audiomentations, drawn from a seed instead of from the process's global generators."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import audiomentations
import numpy as np
from audiomentations.core.transforms_interface import BaseWaveformTransform

from datamodules.augmentation.augmentation import Audio, Augmentation, draw_seed

_GLOBAL_GENERATORS = Lock()


class Audiomentation(Augmentation):
    """A transform of audiomentations, such as ``audiomentations.PitchShift`` or ``audiomentations.ClippingDistortion``.

    It draws from ``random`` and ``numpy.random``, which are seeded for it and put back afterwards: else what a clip
    gets would depend on the process it is loaded in, and on all that was drawn before. Threads take turns.

    Args:
        transform: The transform; its own ``p`` counts as well.
        probability: How likely a waveform is altered.
        sample_rate_hz: Sampling rate.
    """

    def __init__(
        self, transform: BaseWaveformTransform, probability: float = 1.0, sample_rate_hz: int = 16_000
    ) -> None:
        super().__init__(probability)
        self.transform = transform
        self.sample_rate_hz = sample_rate_hz

    @property
    def recipe(self) -> dict[str, Any]:
        """The transform's class, its settings, and the version of audiomentations."""
        cls = type(self.transform)
        settings = {name: value for name, value in vars(self.transform).items() if name != "parameters"}
        return {
            **super().recipe,
            "transform": {"class_path": f"{cls.__module__}.{cls.__qualname__}", "settings": repr(settings)},
            "audiomentations": audiomentations.__version__,
        }

    def draw(self, rng: np.random.Generator, samples: int) -> int:  # noqa: ARG002
        """Draw a seed."""
        return draw_seed(rng)

    def apply(self, waveform: Audio, parameters: int) -> Audio:
        """Apply the transform; what changes the length is cut, or repeated end to end."""
        with _GLOBAL_GENERATORS, _seeded(parameters):
            altered = self.transform(samples=waveform.copy(), sample_rate=self.sample_rate_hz)
        return np.resize(altered, len(waveform)).astype(np.float32)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    before, numpy_before = random.getstate(), np.random.get_state()  # noqa: NPY002 - what audiomentations draws from
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(before)
        np.random.set_state(numpy_before)  # noqa: NPY002
