"""A network in training in, one that learns under the rounding of its int8 form out.

Rounding has no gradient: that of the value itself is taken (the straight-through estimator of Bengio et al. 2013, put
to this use by Jacob et al. 2018, "Quantization and training of neural networks for efficient integer-arithmetic-only
inference").
"""

from typing import Any, Final

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

_LAYERS: Final = (nn.Conv1d, nn.Conv2d, nn.Linear)
_LARGEST: Final = 127  # of a weight; -128 is left out, as in the form
_LEVELS: Final = 255  # of an input, above the lowest
_SMALLEST: Final = 1e-12  # step, of what is zero everywhere


class QuantizationAware(pl.Callback):
    """Rounds, in training and on dev, what static quantization will: inputs and weights of convolutions, linear layers.

    The classifier is left in single precision, as it is in the form. The weights that are learnt and kept are those
    before rounding, and a checkpoint is that of any training. Batch normalisation, which the form folds into them,
    makes no difference: their steps are of each output channel.

    Args:
        momentum: share of the newest batch in the range that an input is rounded in, above 0 and at most 1.
    """

    def __init__(self, momentum: float = 0.05) -> None:
        if not 0 < momentum <= 1:
            raise ValueError(f"found momentum {momentum}, expected above 0 and at most 1, such as 0.05")
        self.momentum = momentum
        self._ranges: dict[str, Tensor] = {}
        self._roundings: list[_Rounding] = []

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Round from here on, also what dev is measured on."""
        self._roundings = [
            _Rounding(name, layer, self.momentum, self._ranges)
            for name, layer in pl_module.named_modules()
            if isinstance(layer, _LAYERS) and name.startswith("network.") and name != "network.classifier"
        ]

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Leave the network as it was made."""
        for rounding in self._roundings:
            rounding.end()

    def state_dict(self) -> dict[str, Any]:
        """Return the ranges, for a training that is gone on with."""
        return dict(self._ranges)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the ranges."""
        self._ranges.update(state_dict)


class _Rounding:
    """Of one layer: whenever it is called, until it ends.

    Args:
        name: of the layer.
        layer: with a weight ``(outputs, …)``.
        momentum: of the range.
        ranges: by name; low and high ``(2,)``. Training moves that of the layer.
    """

    def __init__(self, name: str, layer: nn.Module, momentum: float, ranges: dict[str, Tensor]) -> None:
        self._name, self._momentum, self._ranges = name, momentum, ranges
        self._hooks = [
            layer.register_forward_pre_hook(self._before),
            layer.register_forward_hook(self._after, always_call=True),
        ]

    def end(self) -> None:
        """Round no more."""
        for hook in self._hooks:
            hook.remove()

    def _before(self, layer: nn.Module, inputs: tuple[Tensor]) -> Tensor:
        (values,) = inputs
        if layer.training:
            self._see(values.detach())
        vars(layer)["weight"] = rounded_weight(layer.weight)  # type: ignore[arg-type] # is found before the parameter
        return rounded_input(values, self._ranges[self._name].to(values.device))

    def _after(self, layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:  # noqa: ARG002
        vars(layer).pop("weight", None)

    def _see(self, values: Tensor) -> None:
        newest = torch.stack(torch.aminmax(values)).float()
        before = self._ranges.get(self._name, newest).to(newest.device)
        self._ranges[self._name] = before.lerp(newest, self._momentum)


def rounded_weight(weight: Tensor) -> Tensor:
    """Round a weight ``(outputs, …)`` to 255 values for each output channel, as many below zero as above.

    Returns:
        The same shape, with the gradient of the identity.
    """
    step = (weight.detach().abs().flatten(1).amax(dim=1) / _LARGEST).clamp_min(_SMALLEST)
    zero = torch.zeros_like(step, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(weight, step, zero, 0, -_LARGEST, _LARGEST)


def rounded_input(values: Tensor, extremes: Tensor) -> Tensor:
    """Round values to 256 between two extremes ``(2,)``, of which zero is one.

    Returns:
        The same shape, with the gradient of the identity, none beyond the extremes.
    """
    low, high = extremes[0].clamp_max(0.0), extremes[1].clamp_min(0.0)
    step = ((high - low) / _LEVELS).clamp_min(_SMALLEST)
    zero = (-low / step).round().to(torch.int32)
    return torch.fake_quantize_per_tensor_affine(values.float(), step, zero, 0, _LEVELS)
