"""Features ``(batch, bins, frames)`` in, features of zero mean and unit variance per bin out."""

from collections.abc import Iterable
from typing import Literal

import torch
from torch import Tensor, nn

Mode = Literal["utterance", "corpus", "none"]


class Normalisation(nn.Module):
    """Mean-variance normalisation of every bin, by the utterance itself, by the corpus, or not at all.

    ``utterance`` removes channel and level, and needs nothing learnt. ``corpus`` keeps them, and must be fitted on the
    *training* partition; its ``mean`` and ``std``, both ``(bins,)``, travel in the state dict.

    Args:
        mode: ``utterance``, ``corpus`` or ``none``.
        bins: Bins of the features; used by ``corpus`` alone.
        floor: Smallest standard deviation divided by, in the unit of the features.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mode: Mode = "utterance", bins: int = 80, floor: float = 1e-3) -> None:
        super().__init__()
        if mode not in ("utterance", "corpus", "none"):
            raise ValueError(f"found mode={mode!r}, expected 'utterance', 'corpus' or 'none'")
        self.mode = mode
        self.bins = bins
        self.floor = floor
        self.frames_seen = 0
        if mode == "corpus":
            self.register_buffer("mean", torch.zeros(bins))
            self.register_buffer("std", torch.ones(bins))

    def forward(self, features: Tensor) -> Tensor:
        """Normalise ``(batch, bins, frames)``.

        Raises:
            RuntimeError: In mode ``corpus`` before :meth:`fit` or the loading of a fitted state.
        """
        if self.mode == "none":
            return features
        if self.mode == "utterance":
            variance, mean = torch.var_mean(features, dim=-1, correction=0, keepdim=True)
            return (features - mean) / variance.sqrt().clamp_min(self.floor)
        if self.frames_seen == 0:
            raise RuntimeError(
                "corpus normalisation has no statistics yet: call fit() with the training features, load a checkpoint "
                "that holds them, or use mode='utterance', which needs none"
            )
        return (features - self.mean[:, None]) / self.std[:, None].clamp_min(self.floor)

    @torch.no_grad()
    def fit(self, batches: Iterable[Tensor]) -> "Normalisation":
        """Measure mean and standard deviation over all frames of all batches, in one pass and constant memory.

        The statistics of the batches are merged in float64 by the update of Chan, Golub and LeVeque (1979), so the
        order and size of the batches do not matter, and a large mean does not eat up the variance.

        Args:
            batches: Features, each ``(batch, bins, frames)``, of any lengths.

        Returns:
            The module itself.

        Raises:
            ValueError: For another number of bins, features that are not finite, or no frame at all.
        """
        if self.mode != "corpus":
            raise ValueError(f"mode {self.mode!r} has nothing to fit: use mode='corpus'")
        count = 0
        mean = torch.zeros(self.bins, dtype=torch.float64)
        squares = torch.zeros(self.bins, dtype=torch.float64)
        for batch in batches:
            if batch.shape[1:-1] != (self.bins,):
                raise ValueError(f"found features {tuple(batch.shape)}, expected (batch, {self.bins}, frames)")
            frames = batch.shape[0] * batch.shape[2]
            if frames == 0:
                continue
            variance, batch_mean = torch.var_mean(batch.double().cpu(), dim=(0, 2), correction=0)
            if not torch.isfinite(variance).all():
                raise ValueError("features hold NaN or infinity: find the clip with `spooflab corpus check`")
            shift = batch_mean - mean
            total = count + frames
            mean += shift * (frames / total)
            squares += variance * frames + shift.square() * (count * frames / total)
            count = total
        if count == 0:
            raise ValueError("no frame of features to fit on: the training partition is empty")
        self.mean.copy_(mean)
        self.std.copy_((squares / count).sqrt())
        self.frames_seen = count
        return self

    def get_extra_state(self) -> dict[str, int]:
        """Whether, and on how many frames, the statistics were measured: saved beside them."""
        return {"frames_seen": self.frames_seen}

    def set_extra_state(self, state: dict[str, int]) -> None:
        """Restore what :meth:`get_extra_state` saved."""
        self.frames_seen = state["frames_seen"]
