"""A clip in, the share of each cell in its score out: integrated gradients."""

import numpy as np
from captum.attr import IntegratedGradients
from numpy.typing import NDArray
from torch import Tensor

from lightning_modules.explanations.clip import Clip
from lightning_modules.explanations.plane import Plane

STEPS = 32
_STEPS_AT_A_TIME = 10


def integrated_gradients(clip: Clip, steps: int = STEPS) -> NDArray[np.float64]:
    """Integrate the gradient of the score along the straight line from the baseline to what the network read.

    Sundararajan, Taly and Yan 2017, "Axiomatic attribution for deep networks". The cells add up to the score less that
    of the baseline (completeness), but for the error of the sum that stands for the integral.

    Args:
        clip: whose score is explained.
        steps: points on the line, by Gauss and Legendre.

    Returns:
        ``(bins, columns)`` in the unit of the score; positive is towards bona fide.
    """
    return clip.folded([_of_window(plane, steps) for plane in clip.planes])


def _of_window(plane: Plane, steps: int) -> Tensor:
    found: Tensor = IntegratedGradients(plane.score).attribute(
        plane.values[None], plane.baseline[None], n_steps=steps, internal_batch_size=_STEPS_AT_A_TIME
    )[0]
    cells = found.detach()
    return cells.sum(dim=-1) if cells.dim() > 2 else cells  # noqa: PLR2004 - real and imaginary part
