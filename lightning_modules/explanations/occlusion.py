"""A clip and patches of it in, what the score loses without each of them out: occlusion."""

import numpy as np
import torch
from captum.attr import FeatureAblation
from numpy.typing import NDArray
from torch import Tensor

from lightning_modules.explanations.clip import Clip
from lightning_modules.explanations.patches import Patches
from lightning_modules.explanations.plane import Plane

_PATCHES_AT_A_TIME = 8


def occlusion(clip: Clip, patches: Patches) -> NDArray[np.float64]:
    """Take each patch away in turn (Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks").

    Where the network reads the waveform, a patch is a notch in frequency for the time of a segment.

    Returns:
        ``(bins, columns)`` in the unit of the score, what the score loses without the patch, spread evenly over its
        cells; positive is towards bona fide.
    """
    labels = torch.from_numpy(patches.labels)
    maps = [_of_window(plane, labels[:, places]) for plane, places in zip(clip.planes, clip.places, strict=True)]
    return clip.folded(maps)


def _of_window(plane: Plane, labels: Tensor) -> Tensor:
    """Effect of the patches that a window has a part in, over their cells ``(bins, frames)``."""
    _, patch, cells = labels.unique(return_inverse=True, return_counts=True)
    mask = patch if plane.values.dim() == labels.dim() else patch.unsqueeze(-1)
    with torch.no_grad():
        effect: Tensor = FeatureAblation(plane.score).attribute(
            plane.values[None],
            plane.baseline[None],
            feature_mask=mask[None],
            perturbations_per_eval=_PATCHES_AT_A_TIME,
        )[0]
    return (effect if effect.dim() == labels.dim() else effect[..., 0]) / cells[patch]
