"""A form and speech in, how far its scores are from its detector's out; too far, and the form is refused."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lightning_modules.detector import Detector
from lightning_modules.export.form import Form, RefusedError
from lightning_modules.export.onnx_model import shortest_samples

TOLERANCE: Final = 1e-4
"""How far the score of a form in single precision may be from the detector's; per unit of scores above 1."""
EXACT: Final = ("torchscript", "inductor", "onnx")
_BATCHES: Final = (1, 3)
_LENGTHS: Final = (0.61, 1.0, 1.37)  # of a crop: no round number of frames


def require_parity(form: Form, detector: Detector, speech: Sequence[NDArray[np.float32]]) -> float:
    """Hold a form against its detector, in batches of several sizes and, where it takes any, in several lengths.

    Args:
        form: in single precision.
        detector: that it is a form of.
        speech: waveforms ``(samples,)``, each repeated up to the length that is tried.

    Returns:
        The largest difference of a score.

    Raises:
        RefusedError: a score differs by more than the tolerance.
    """
    worst = 0.0
    for windows in _batches(form, detector, speech):
        with torch.inference_mode():
            expected = detector(windows)
        difference = ((form.together or form.score)(windows) - expected).abs()
        worst = max(worst, float(difference.max()))
        if not bool((difference <= TOLERANCE * expected.abs().clamp_min(1.0)).all()):
            raise RefusedError(
                f"its scores differ from the detector's by up to {float(difference.max()):.2g} in a batch of "
                f"{tuple(windows.shape)}, expected at most {TOLERANCE:g}"
            )
    return worst


def _batches(form: Form, detector: Detector, speech: Sequence[NDArray[np.float32]]) -> Iterator[Tensor]:
    crop = round(detector.crop_s * detector.specifications.sample_rate_hz)
    lengths = {max(round(share * crop), shortest_samples(detector)) for share in _LENGTHS}
    for samples in sorted(lengths) if form.samples is None else [form.samples]:
        for size in _BATCHES:
            rows = [np.resize(speech[row % len(speech)], samples) for row in range(size)]
            yield torch.from_numpy(np.stack(rows))
