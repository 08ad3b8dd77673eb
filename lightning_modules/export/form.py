"""What every form of a detector is: a file that scores waveforms, and how far it may be used."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor


class RefusedError(ValueError):
    """A form that this detector, or this machine, cannot have; the message says why."""


@dataclass(frozen=True)
class Form:
    """A detector in a form of its own.

    Attributes:
        name: one of ``FORMS``.
        path: of its file.
        score: waveforms ``(batch, samples)`` in [-1, 1] to scores ``(batch,)``, as the detector gives them.
        samples: of the only windows that it takes; none where it takes any.
        opset: of the operators of ONNX; none in other forms.
        together: the same for a batch as a whole; none where the file takes one waveform at a time.
    """

    name: str
    path: Path
    score: Callable[[Tensor], Tensor]
    samples: int | None
    opset: int | None = None
    together: Callable[[Tensor], Tensor] | None = None

    @property
    def bytes(self) -> int:
        """Size of its file."""
        return self.path.stat().st_size
