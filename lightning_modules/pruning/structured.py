"""A network and how many channels each layer keeps in, one with the others really removed out: smaller, and faster.

The least important channels go. Importance is, of a channel that batch normalisation scales, the size of that scale
(Liu et al. 2017, "Learning efficient convolutional networks through network slimming"), or the sum of the magnitudes
of its filter's weights (Li et al. 2017, "Pruning filters for efficient convnets"). As in the latter, a residual block
loses channels between its two convolutions, since its output is added to its input.
"""

from collections.abc import Sequence
from typing import Final, Literal, get_args

import torch
from torch import Tensor

from lightning_modules.networks.cnn import ConvBlock, SpectrogramCNN
from lightning_modules.networks.network import Network
from lightning_modules.networks.rawnet2 import RawNet2, ResidualBlock
from lightning_modules.pruning.narrowing import Cut, narrowed, normalisation_cuts

Importance = Literal["scale", "filter"]
IMPORTANCES: Final[tuple[Importance, ...]] = get_args(Importance)
_GATES: Final = 3  # of a GRU: reset, update, candidate


def layer_widths(network: Network) -> list[int]:
    """Return how many channels each layer has that can lose some, in the order that the others here keep to.

    Of the CNN they are the blocks; of RawNet2 the insides of its blocks, then its recurrent layers.

    Raises:
        ValueError: channels of no layer of such a network can be removed.
    """
    if isinstance(network, SpectrogramCNN):
        return list(network.channels)
    if isinstance(network, RawNet2):
        return [*(network.inner_channels or network.channels), *(network.gru_units,) * network.gru_layers]
    raise ValueError(
        f"found {type(network).__name__}, expected SpectrogramCNN or RawNet2: channels of no other can be removed; "
        "unstructured pruning takes any network"
    )


def prune_channels(network: Network, widths: Sequence[int], importance: Importance = "scale") -> Network:
    """Make a network with the most important channels of each layer.

    Args:
        network: left as it is.
        widths: channels that each layer keeps; see ``layer_widths``.
        importance: of a channel; ``scale`` of its normalisation, or ``filter`` weights, which recurrent units, without
            one, always have: those of their candidate state.

    Raises:
        ValueError: unknown importance, widths that cannot be, or a network whose channels cannot be removed.
    """
    if importance not in IMPORTANCES:
        raise ValueError(f"found importance {importance!r}, expected {' or '.join(IMPORTANCES)}")
    before = layer_widths(network)
    if len(widths) != len(before) or not all(1 <= new <= old for new, old in zip(widths, before, strict=True)):
        raise ValueError(f"found widths {list(widths)}, expected one for each of {before}, from 1 to that")
    scores = _importances(network, importance)
    kept = [score.topk(width).indices.sort().values for score, width in zip(scores, widths, strict=True)]
    if isinstance(network, RawNet2):
        return _narrowed_rawnet2(network, kept)
    return _narrowed_cnn(network, kept)


def _importances(network: Network, importance: Importance) -> list[Tensor]:
    """Of every channel ``(channels,)`` of each layer."""
    scores: list[Tensor] = []
    for block in network.modules():
        if isinstance(block, ConvBlock):
            scores.append(_importance(block.norm.weight, block.conv.weight, importance))
        elif isinstance(block, ResidualBlock):
            scores.append(_importance(block.norm2.weight, block.conv1.weight, importance))
    if isinstance(network, RawNet2):
        scores += [_candidates(network, layer) for layer in range(network.gru_layers)]
    return scores


def _importance(scale: Tensor, filters: Tensor, importance: Importance) -> Tensor:
    return scale.detach().abs() if importance == "scale" else filters.detach().abs().flatten(1).sum(dim=1)


def _candidates(network: RawNet2, layer: int) -> Tensor:
    weights = [getattr(network.gru, f"weight_{of}_l{layer}").detach() for of in ("ih", "hh")]
    return torch.cat([weight.chunk(_GATES)[-1].abs() for weight in weights], dim=1).sum(dim=1)


def _narrowed_cnn(network: Network, kept: Sequence[Tensor]) -> Network:
    cuts: dict[str, list[Cut]] = {}
    for index, channels in enumerate(kept):
        cuts |= normalisation_cuts(f"blocks.{index}.norm", channels)
        inputs = [Cut(1, kept[index - 1])] if index else []
        cuts[f"blocks.{index}.conv.weight"] = [Cut(0, channels), *inputs]
    cuts["squeeze.weight"] = [Cut(1, kept[-1])]
    return narrowed(network, {"channels": [len(channels) for channels in kept]}, cuts)


def _narrowed_rawnet2(network: RawNet2, kept: Sequence[Tensor]) -> Network:
    blocks = len(network.channels)
    inner, units = kept[:blocks], kept[blocks:]
    cuts: dict[str, list[Cut]] = {}
    for index, channels in enumerate(inner):
        cuts |= normalisation_cuts(f"blocks.{index}.norm2", channels)
        cuts |= {f"blocks.{index}.conv1.{part}": [Cut(0, channels)] for part in ("weight", "bias")}
        cuts[f"blocks.{index}.conv2.weight"] = [Cut(1, channels)]
    for layer, own in enumerate(units):
        gates = Cut(0, torch.cat([own + gate * network.gru_units for gate in range(_GATES)]))
        cuts |= {f"gru.bias_{of}_l{layer}": [gates] for of in ("ih", "hh")}
        cuts[f"gru.weight_hh_l{layer}"] = [gates, Cut(1, own)]
        cuts[f"gru.weight_ih_l{layer}"] = [gates, *([Cut(1, units[layer - 1])] if layer else [])]
    cuts["project.weight"] = [Cut(1, units[-1])]
    arguments = {"inner_channels": [len(channels) for channels in inner], "gru_units": len(units[-1])}
    return narrowed(network, arguments, cuts)
