"""A module and an example input in, what it costs out: parameters, multiply-accumulates, bytes."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

NOT_COUNTED = "Fourier transforms, element-wise arithmetic, normalisation, activations, pooling, softmax"


@dataclass(frozen=True)
class Parameters:
    """How many numbers of a module are learnt.

    Attributes:
        trainable: that a gradient is computed for.
        frozen: that stay as they are.
    """

    trainable: int
    frozen: int

    @property
    def total(self) -> int:
        """Both."""
        return self.trainable + self.frozen


@dataclass(frozen=True)
class Cost:
    """What a module costs for one input.

    Attributes:
        parameters: learnt numbers, those that several layers share once.
        macs: multiply-accumulates of matrix products, convolutions, recurrent layers and attention: two floating-point
            operations each. Not counted is what ``NOT_COUNTED`` names.
        size_bytes: of parameters and buffers as they are kept in a checkpoint.
    """

    parameters: Parameters
    macs: int
    size_bytes: int


def cost(module: nn.Module, *inputs: Tensor) -> Cost:
    """Count what a module needs for an input, on the CPU, in evaluation mode.

    Args:
        module: on the CPU; its mode and weights are left as they are.
        inputs: what its ``forward`` takes; a batch of one gives the cost of one example.
    """
    return Cost(count_parameters(module), count_macs(module, *inputs), size_bytes(module))


def count_parameters(module: nn.Module) -> Parameters:
    """Count parameters; a tensor that several layers share counts once."""
    trainable = sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
    return Parameters(trainable, sum(parameter.numel() for parameter in module.parameters()) - trainable)


def size_bytes(module: nn.Module) -> int:
    """Count the bytes of the state dict's tensors."""
    return sum(value.nbytes for value in module.state_dict().values() if isinstance(value, Tensor))


def count_macs(module: nn.Module, *inputs: Tensor) -> int:
    """Count the multiply-accumulates of one forward pass (see ``Cost``)."""
    counter = FlopCounterMode(display=False, custom_mapping={torch.ops.aten.mkldnn_rnn_layer: _recurrent_flops})
    was_training = {part: part.training for part in module.modules()}
    module.eval()
    try:
        with torch.no_grad(), _countable_attention(), counter:
            module(*inputs)
    finally:
        for part, training in was_training.items():
            part.training = training
    return counter.get_total_flops() // 2


@contextmanager
def _countable_attention() -> Iterator[None]:
    """Compute attention as the matrix products that it is: the counter knows no fused kernel of the CPU."""
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


def _recurrent_flops(
    inputs: Sequence[int],
    from_input: Sequence[int],
    from_state: Sequence[int],
    *_: object,
    out_shape: object = None,  # noqa: ARG001 - the counter's signature
    **__: object,
) -> int:
    """One direction of one layer of an LSTM as oneDNN computes it: two matrices ``(4 units, …)``, once a step.

    The counter gives shapes for tensors: ``inputs`` are ``(steps, batch, size)``.
    """
    return 2 * math.prod(inputs[:-1]) * (math.prod(from_input) + math.prod(from_state))
