"""A clip and a network of two-dimensional layers in, where its last one sees what moves the score out: Grad-CAM."""

import numpy as np
import torch
from captum.attr import LayerGradCam
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from lightning_modules.explanations.clip import Clip
from lightning_modules.explanations.plane import Plane

_MAPS = 4  # dimensions: batch, channels, bins, frames


def gradcam(clip: Clip, network: nn.Module) -> NDArray[np.float64]:
    """Weigh the last maps that keep both axes by the mean of their gradients.

    Selvaraju et al. 2017, "Grad-CAM: visual explanations from deep networks via gradient-based localization", without
    the ReLU: what is below 0 speaks for spoof.

    Args:
        clip: whose score is explained.
        network: that its planes are scored by.

    Returns:
        ``(bins, columns)``, positive towards bona fide, in no unit: only the ratio of cells means something.

    Raises:
        ValueError: the network has no layer with an axis of frequency and one of time.
    """
    layer = last_maps(network, clip.planes[0])
    return clip.folded([_of_window(plane, layer) for plane in clip.planes])


def last_maps(network: nn.Module, plane: Plane) -> nn.Module:
    """Return the layer that is computed last of those that give maps with an axis of frequency and one of time.

    Raises:
        ValueError: there is none.
    """
    found: list[nn.Module] = []

    def note(module: nn.Module, _: object, output: object) -> None:
        if isinstance(output, Tensor) and output.dim() == _MAPS and min(output.shape[2:]) > 1:
            found.append(module)

    hooks = [module.register_forward_hook(note) for module in network.modules() if module is not network]
    try:
        with torch.no_grad():
            plane.score(plane.values[None])
    finally:
        for hook in hooks:
            hook.remove()
    if not found:
        raise ValueError(
            f"{type(network).__name__} has no layer with an axis of frequency and one of time, which Grad-CAM needs: "
            "explain it by integrated-gradients or occlusion"
        )
    return found[-1]


def _of_window(plane: Plane, layer: nn.Module) -> Tensor:
    coarse: Tensor = LayerGradCam(plane.score, layer).attribute(plane.values[None])
    fine = functional.interpolate(coarse.detach(), plane.values.shape, mode="bilinear", align_corners=False)
    return fine[0, 0]
