"""A network and a share in, so many of its weights zero out: the smallest of all layers, and zero they stay."""

from collections.abc import Iterator

import torch
from torch import nn

_PRUNED = (nn.Conv1d, nn.Conv2d, nn.Linear, nn.GRU, nn.LSTM)


def prune_weights(network: nn.Module, share: float) -> None:
    """Set the smallest weights of a network to zero, by their magnitude over all layers together.

    As in Han, Pool, Tran and Dally 2015, "Learning both weights and connections for efficient neural networks". Biases
    and normalisation stay. A network pruned before keeps its zeros: they are the smallest.

    Args:
        network: changed in place; convolutions, linear and recurrent layers.
        share: of the weights that are to be zero, from 0 to 1, those that were before included.

    Raises:
        ValueError: another share, or a network without such layers.
    """
    if not 0 <= share < 1:
        raise ValueError(f"found a share of {share}, expected 0 or more and less than 1")
    weights = list(_weights(network))
    if not weights:
        raise ValueError(f"{type(network).__name__} has no convolution, linear or recurrent layer to prune")
    # `global_unstructured` of torch takes no weights whose channels lie side by side in memory.
    flat = torch.cat([weight.detach().abs().reshape(-1) for weight in weights])
    smallest = torch.ones_like(flat, dtype=torch.bool)
    smallest[flat.topk(flat.numel() - round(share * flat.numel())).indices] = False
    with torch.no_grad():
        for weight, mask in zip(weights, smallest.split([weight.numel() for weight in weights]), strict=True):
            weight.masked_fill_(mask.reshape(weight.shape), 0.0)


def keep_zeros(network: nn.Module) -> None:
    """Have weights that are zero stay zero in training: an optimiser that begins now never sees a gradient of them.

    Neither momentum nor weight decay moves a zero without a gradient.
    """
    for weight in _weights(network):
        kept = weight.detach() != 0
        weight.register_hook(lambda gradient, kept=kept: gradient * kept.to(gradient.device))


def zero_share(network: nn.Module) -> float:
    """Share of the weights of convolutions, linear and recurrent layers that are zero."""
    weights = list(_weights(network))
    return sum(int(torch.count_nonzero(weight == 0)) for weight in weights) / sum(weight.numel() for weight in weights)


def _weights(network: nn.Module) -> Iterator[nn.Parameter]:
    for module in network.modules():
        if isinstance(module, _PRUNED):
            yield from (weight for weight in module.parameters(recurse=False) if weight.dim() > 1)
