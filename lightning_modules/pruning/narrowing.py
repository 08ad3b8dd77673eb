"""A network and which indices of its weights stay in, a narrower network of the same class with those out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from lightning_modules.classifiers import Classifier
from lightning_modules.networks.network import Network, rebuild
from lightning_modules.specifications import describe


@dataclass(frozen=True)
class Cut:
    """What stays of one axis of a tensor.

    Attributes:
        axis: of the tensor.
        kept: int64 ``(indices,)``, rising.
    """

    axis: int
    kept: Tensor


def narrowed(network: Network, arguments: Mapping[str, Any], cuts: Mapping[str, list[Cut]]) -> Network:
    """Make a network anew by other arguments, with what stays of its weights; the mode is kept.

    Args:
        network: left as it is.
        arguments: of the constructor, that say the smaller widths.
        cuts: by the name of a tensor in the state dict; others stay whole.
    """
    description = describe(network)
    description["init_args"] |= arguments
    replaced = isinstance(network.classifier, Classifier)
    narrow = rebuild(description, describe(network.classifier) if replaced else None)
    state = dict(network.state_dict())
    for name, parts in cuts.items():
        for cut in parts:
            state[name] = state[name].index_select(cut.axis, cut.kept)
    narrow.load_state_dict(state)
    return narrow.train(network.training)


def normalisation_cuts(norm: str, kept: Tensor) -> dict[str, list[Cut]]:
    """Cuts of a batch normalisation's tensors, by its name."""
    return {f"{norm}.{part}": [Cut(0, kept)] for part in ("weight", "bias", "running_mean", "running_var")}
