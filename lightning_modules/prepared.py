"""A detector in, the same scores in less time out: traced and optimised once, where that changes no score."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from lightning_modules.detector import Detector
from lightning_modules.export.graph import Graph
from lightning_modules.frontends import Waveform

TOLERANCE = 1e-5
"""How far a prepared detector's score may be from the detector's own, in its unit; per unit of scores above 1."""


@dataclass(frozen=True)
class Prepared:
    """Scores waveforms as its detector does.

    Attributes:
        detector: in evaluation mode, on the CPU.
        samples: of the windows that the faster form is for; the detector itself scores others.
        fast: the faster form; none where the detector cannot be traced, or its scores would change.
        max_delta: largest difference of the two on the examples; 0 where there is no faster form.
        reason: why there is no faster form; empty where there is.
    """

    detector: Detector
    samples: int
    fast: torch.jit.ScriptModule | None
    max_delta: float
    reason: str

    def __call__(self, waveform: Tensor) -> Tensor:
        """Score waveforms ``(batch, samples)`` in [-1, 1]: log-likelihood ratios ``(batch,)``."""
        if self.fast is None or waveform.shape[-1] != self.samples:
            scores: Tensor = self.detector(waveform)
            return scores
        return torch.cat([self.fast(window) for window in waveform.split(1)])


def prepare(detector: Detector, samples: int | None = None) -> Prepared:
    """Trace a detector on windows of one length, fold what is constant (batch normalisation too), and compare.

    Tracing writes down what is computed for one input, so whatever depends on the size of the input is wrong for
    another: the faster form is for windows of one length, one at a time; batches are no faster on one thread.

    Args:
        detector: in evaluation mode, on the CPU; not changed.
        samples: of a window; the training crop when not given.
    """
    samples = samples or round(detector.crop_s * detector.frontend.sample_rate_hz)
    if isinstance(detector.frontend, Waveform):
        return Prepared(detector, samples, None, 0.0, "networks that read the waveform itself gain nothing")
    if next(detector.frontend.parameters(), None) is not None:
        return Prepared(detector, samples, None, 0.0, "a frontend with weights of its own would be in memory twice")
    try:
        fast = _traced(detector, samples)
        max_delta, allowed = _difference(detector, fast, samples)
    except (RuntimeError, TypeError, ValueError, torch.jit.TracingCheckError) as error:
        return Prepared(detector, samples, None, 0.0, f"it cannot be traced: {error}".splitlines()[0])
    if not allowed:
        return Prepared(detector, samples, None, 0.0, f"its scores would differ by {max_delta:.2g} when traced")
    return Prepared(detector, samples, fast, max_delta, "")


def _traced(detector: Detector, samples: int) -> torch.jit.ScriptModule:
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # of what depends on the size: see `prepare`
        traced = torch.jit.trace(Graph(detector, "torchscript"), next(_examples(samples)), check_trace=False)
        optimised: torch.jit.ScriptModule = torch.jit.optimize_for_inference(torch.jit.freeze(traced))
    return optimised


def _difference(detector: Detector, fast: torch.jit.ScriptModule, samples: int) -> tuple[float, bool]:
    """Return the largest difference on the examples, and whether every one of them is within the tolerance."""
    largest, allowed = 0.0, True
    with torch.inference_mode():
        for example in _examples(samples):
            expected = detector(example)
            delta = (fast(example) - expected).abs()
            largest = max(largest, float(delta))
            allowed &= bool(delta <= TOLERANCE * expected.abs().clamp_min(1.0))
    return largest, allowed


def _examples(samples: int) -> Iterator[Tensor]:
    """Windows ``(1, samples)`` of noise, the first loud, the last near silence; TorchScript optimises after two."""
    generator = torch.Generator().manual_seed(0)
    for level_db in (-10.0, -30.0, -60.0):
        yield 10 ** (level_db / 20) * torch.randn(1, samples, generator=generator).clamp(-3, 3) / 3
