"""Recurrent layers of PyTorch in, the operators of the same name in ONNX out: for steps of any number."""

from typing import Any

import torch
from torch import Tensor, nn

OPSET = 20


class Recurrent(nn.Module):
    """A GRU or LSTM, batches first, that is written into a graph as one operator a layer.

    PyTorch takes its own apart for an export, into as many steps as the example has.

    Args:
        layers: with their weights; without projections, and without dropout, which is for training.
    """

    def __init__(self, layers: nn.RNNBase) -> None:
        super().__init__()
        self.layers = layers
        self.kind = layers.mode
        self.units = layers.hidden_size
        self.directions = 2 if layers.bidirectional else 1
        # PyTorch's order of gates is reset, update, new and input, forget, cell, output; that of ONNX
        # update, reset, new and input, output, forget, cell.
        order = [1, 0, 2] if self.kind == "GRU" else [0, 3, 1, 2]
        for layer in range(layers.num_layers):
            for name, kinds in (("w", ("weight_ih",)), ("r", ("weight_hh",)), ("b", ("bias_ih", "bias_hh"))):
                parts = [
                    torch.cat([_reordered(getattr(layers, f"{kind}_l{layer}{end}"), order) for kind in kinds])
                    for end in ("", "_reverse")[: self.directions]
                ]
                self.register_buffer(f"{name}_{layer}", torch.stack(parts), persistent=False)

    def forward(self, steps: Tensor) -> tuple[Tensor, None]:
        """Turn ``(batch, steps, inputs)`` into ``(batch, steps, directions * units)``; the last states are not told."""
        outputs = steps.transpose(0, 1)
        attributes: dict[str, Any] = {"hidden_size": self.units}
        attributes |= {"direction": "bidirectional"} if self.directions > 1 else {}
        attributes |= {"linear_before_reset": 1} if self.kind == "GRU" else {}
        for layer in range(self.layers.num_layers):
            shape = (outputs.shape[0], self.directions, outputs.shape[1], self.units)
            weights = [self.get_buffer(f"{name}_{layer}") for name in ("w", "r", "b")]
            made = torch.onnx.ops.symbolic(
                self.kind, [outputs, *weights], attributes, dtype=outputs.dtype, shape=shape, version=OPSET
            )
            outputs = made.transpose(1, 2).flatten(2)
        return outputs.transpose(0, 1), None


def _reordered(weight: Tensor, order: list[int]) -> Tensor:
    """Gates of a weight or a bias ``(gates * units, …)`` in another order."""
    gates = weight.detach().chunk(len(order))
    return torch.cat([gates[number] for number in order])
