"""Nodes of a graph ``(batch, nodes, dimensions)`` in, nodes that have looked at one another out: AASIST's layers.

As in J. Jung, H.-S. Heo, H. Tak, H. Shim, J. S. Chung, B.-J. Lee, H.-J. Yu and N. Evans, "AASIST: Audio anti-spoofing
using integrated spectro-temporal graph attention networks", ICASSP 2022. Every graph is complete: each node looks at
each, itself included. A pair of nodes is seen as the product of the two, so attention is symmetric before its softmax.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

INPUT_DROPOUT = 0.2  # of what a layer is given
POOLING_DROPOUT = 0.3  # of what nodes are judged by


class Attention(nn.Module):
    """How much each node looks at each: a softmax over what two nodes' product is worth.

    Args:
        inputs: Dimensions of a node.
        hidden: Dimensions of the space that a product is judged in.
        kinds: How many kinds of pairs there are, each with a judge of its own.
        temperature: What worths are divided by before the softmax; the higher, the more even the attention.
    """

    def __init__(self, inputs: int, hidden: int, kinds: int, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature
        self.project = nn.Linear(inputs, hidden)
        self.judges = nn.ParameterList(nn.init.xavier_normal_(torch.empty(hidden, 1)) for _ in range(kinds))

    def worth(self, products: Tensor) -> Tensor:
        """What products ``(batch, …, inputs)`` are worth to each judge: ``(batch, …, kinds)``."""
        return torch.tanh(self.project(products)) @ torch.cat(list(self.judges), dim=1) / self.temperature


class Update(nn.Module):
    """A node's next value: one linear map of what it saw in the others, and one of itself."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.of_others = nn.Linear(inputs, outputs)
        self.of_itself = nn.Linear(inputs, outputs)

    def forward(self, seen: Tensor, nodes: Tensor) -> Tensor:
        """Turn two times ``(batch, nodes, inputs)`` into ``(batch, nodes, outputs)``."""
        updated: Tensor = self.of_others(seen) + self.of_itself(nodes)
        return updated


class GraphAttention(nn.Module):
    """Attention among nodes of one kind.

    Args:
        inputs: Dimensions of a node.
        outputs: Dimensions that it is given.
        temperature: Of the softmax.
    """

    def __init__(self, inputs: int, outputs: int, temperature: float) -> None:
        super().__init__()
        self.drop = nn.Dropout(INPUT_DROPOUT)
        self.attention = Attention(inputs, outputs, 1, temperature)
        self.update = Update(inputs, outputs)
        self.norm = nn.BatchNorm1d(outputs)

    def forward(self, nodes: Tensor) -> Tensor:
        """Turn ``(batch, nodes, inputs)`` into ``(batch, nodes, outputs)``."""
        nodes = self.drop(nodes)
        worth = self.attention.worth(pairs(nodes)).squeeze(-1)
        return functional.selu(normalised(self.norm, self.update(worth.softmax(dim=-1) @ nodes, nodes)))


class StackingGraphAttention(nn.Module):
    """Attention among nodes of two kinds and one stack node, which sees all of them and is seen by none.

    Both kinds are first brought into one space. Pairs within the first kind, within the second, and across, have a
    judge each.

    Args:
        inputs: Dimensions of a node.
        outputs: Dimensions that it is given.
        temperature: Of the softmax.
    """

    def __init__(self, inputs: int, outputs: int, temperature: float) -> None:
        super().__init__()
        self.align_temporal = nn.Linear(inputs, inputs)
        self.align_spectral = nn.Linear(inputs, inputs)
        self.drop = nn.Dropout(INPUT_DROPOUT)
        self.attention = Attention(inputs, outputs, 3, temperature)
        self.update = Update(inputs, outputs)
        self.stack_attention = Attention(inputs, outputs, 1, temperature)
        self.stack_update = Update(inputs, outputs)
        self.norm = nn.BatchNorm1d(outputs)

    def forward(self, temporal: Tensor, spectral: Tensor, stack: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Turn ``(batch, nodes, inputs)`` of both kinds, and the stack node ``(batch, 1, inputs)``, into outputs."""
        split = temporal.shape[1]
        nodes = self.drop(torch.cat((self.align_temporal(temporal), self.align_spectral(spectral)), dim=1))
        within_temporal, within_spectral, across = self.attention.worth(pairs(nodes)).unbind(-1)
        worth = torch.cat(
            (
                torch.cat((within_temporal[:, :split, :split], across[:, :split, split:]), dim=2),
                torch.cat((across[:, split:, :split], within_spectral[:, split:, split:]), dim=2),
            ),
            dim=1,
        )
        shown = self.stack_attention.worth(nodes * stack).softmax(dim=1).transpose(1, 2) @ nodes
        updated = self.update(worth.softmax(dim=-1) @ nodes, nodes)
        updated = functional.selu(normalised(self.norm, updated))
        return updated[:, :split], updated[:, split:], self.stack_update(shown, stack)


class GraphPooling(nn.Module):
    """Keeps the share of the nodes that a learnt direction rates highest, each times its rating.

    As in H. Gao and S. Ji, "Graph U-Nets", ICML 2019.

    Args:
        inputs: Dimensions of a node.
        ratio: Share of the nodes that is kept; one node at least.
    """

    def __init__(self, inputs: int, ratio: float) -> None:
        super().__init__()
        if not 0 < ratio <= 1:
            raise ValueError(f"found a pooling ratio of {ratio}, expected more than 0 and 1 at most")
        self.ratio = ratio
        self.drop = nn.Dropout(POOLING_DROPOUT)
        self.rate = nn.Linear(inputs, 1)

    def forward(self, nodes: Tensor) -> Tensor:
        """Turn ``(batch, nodes, inputs)`` into ``(batch, max(1, int(nodes * ratio)), inputs)``, the best first."""
        ratings = torch.sigmoid(self.rate(self.drop(nodes)))
        best = ratings.topk(max(1, int(nodes.shape[1] * self.ratio)), dim=1).indices
        return (nodes * ratings).gather(1, best.expand(-1, -1, nodes.shape[2]))


def pairs(nodes: Tensor) -> Tensor:
    """The product of each node with each: ``(batch, nodes, nodes, dimensions)``."""
    return nodes.unsqueeze(2) * nodes.unsqueeze(1)


def normalised(norm: nn.BatchNorm1d, nodes: Tensor) -> Tensor:
    """Batch normalisation of ``(batch, nodes, dimensions)``, over all nodes of the batch."""
    of_all: Tensor = norm(nodes.flatten(0, 1))
    return of_all.view_as(nodes)
