"""Features ``(batch, bins, frames)`` in, features of zero mean and unit variance per bin out."""

from collections.abc import Iterable
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from lightning_modules import lengths as of

Mode = Literal["utterance", "sliding", "corpus", "none"]


class Normalisation(nn.Module):
    """Mean-variance normalisation of every bin, by the utterance itself, by the corpus, or not at all.

    ``utterance`` removes channel and level, and needs nothing learnt. ``sliding`` does so by the frames around each
    frame, for long audio whose channel or noise changes. ``corpus`` keeps them, and must be fitted on the *training*
    partition; its ``mean`` and ``std``, both ``(bins,)``, travel in the state dict.

    Args:
        mode: ``utterance``, ``sliding``, ``corpus`` or ``none``.
        bins: Bins of the features; used by ``corpus`` alone.
        floor: Smallest standard deviation divided by, in the unit of the features.
        window_frames: Odd number of frames that ``sliding`` looks at, half before and half after; 301 at a hop of
            10 ms are the 3 s of Kaldi's ``apply-cmvn-sliding``. Fewer at both ends, where there are no more.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mode: Mode = "utterance", bins: int = 80, floor: float = 1e-3, window_frames: int = 301) -> None:
        super().__init__()
        if mode not in get_args(Mode):
            raise ValueError(f"found mode={mode!r}, expected one of {', '.join(get_args(Mode))}")
        if window_frames < 1 or window_frames % 2 == 0:
            raise ValueError(f"found window_frames={window_frames}, expected an odd number: as many before as after")
        self.mode = mode
        self.bins = bins
        self.floor = floor
        self.window_frames = window_frames
        self.frames_seen = 0
        if mode == "corpus":
            self.register_buffer("mean", torch.zeros(bins))
            self.register_buffer("std", torch.ones(bins))

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Normalise ``(batch, bins, frames)``.

        Args:
            features: Of equally long examples, or padded ones.
            lengths: Valid frames of each, int64 ``(batch,)``: the others count for nothing, and become 0.

        Raises:
            RuntimeError: In mode ``corpus`` before :meth:`fit` or the loading of a fitted state.
        """
        return of.cleared(self._normalised(features, lengths), lengths)

    def _normalised(self, features: Tensor, lengths: Tensor | None) -> Tensor:
        if self.mode == "none":
            return features
        if self.mode == "utterance":
            variance, mean = of.var_mean(features, lengths)
            return (features - mean.unsqueeze(-1)) / variance.clamp_min(self.floor**2).sqrt().unsqueeze(-1)
        if self.mode == "sliding":
            return self._slide(features, lengths)
        if self.frames_seen == 0:
            raise RuntimeError(
                "corpus normalisation has no statistics yet: call fit() with the training features, load a checkpoint "
                "that holds them, or use mode='utterance', which needs none"
            )
        return (features - self.mean[:, None]) / self.std[:, None].clamp_min(self.floor)

    def _slide(self, features: Tensor, lengths: Tensor | None) -> Tensor:
        # The mean of the whole is taken off first: the variance is a difference of squares, which it would eat up.
        centred = of.cleared(features - of.mean(features, lengths).unsqueeze(-1), lengths)
        mean, square = self._around(centred, lengths), self._around(centred.square(), lengths)
        return (centred - mean) / (square - mean.square()).clamp_min(self.floor**2).sqrt()

    def _around(self, values: Tensor, lengths: Tensor | None) -> Tensor:
        """Mean over the window around each frame; there is nothing beyond either end."""
        frames, half = values.shape[-1], self.window_frames // 2
        sums = functional.pad(values.double().cumsum(dim=-1), (1, 0))
        place = torch.arange(frames, device=values.device)
        begin, end = (place - half).clamp_min(0), (place + half + 1).clamp_max(frames)
        total = sums[..., end] - sums[..., begin]
        if lengths is None:
            return (total / (end - begin)).to(values.dtype)
        # Beyond its end an example adds zeros to the sum, and nothing to the count.
        count = (torch.minimum(end, lengths[:, None]) - begin).clamp_min(1)
        return (total / count[:, None]).to(values.dtype)

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
