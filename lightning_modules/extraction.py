"""Waveforms ``(batch, samples)`` and their lengths in, features ``(batch, bins, frames)`` and theirs out."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from lightning_modules.enhancement import Enhancement
from lightning_modules.frontends import Frontend
from lightning_modules.lengths import by_length, if_padded


def extract(waveform: Tensor, frontend: Frontend, enhancement: Enhancement | None) -> Tensor:
    """Turn waveforms ``(batch, samples)`` into features ``(batch, bins, frames)``, before normalisation."""
    with torch.autocast(waveform.device.type, enabled=False):  # spectra need single precision
        if enhancement is not None:
            waveform = enhancement(waveform)
        if frontend.cacheable:
            return _features(waveform, frontend)
    return _features(waveform, frontend)


def extract_each(
    function: Callable[[Tensor], Tensor], waveform: Tensor, lengths: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Extract features of padded waveforms, each cut to its length first, and return the valid frames of each.

    So no frame reaches into the padding, whatever the enhancement and the frontend make of an end.

    Args:
        function: waveforms ``(some, samples)`` to features ``(some, bins, frames)``.
        waveform: ``(batch, samples)``.
        lengths: valid samples of each, int64 ``(batch,)``; none where all are.

    Returns:
        Features ``(batch, bins, frames)``, and valid frames ``(batch,)``, none where all are.
    """
    lengths = if_padded(waveform, lengths)
    if lengths is None:
        return function(waveform), None
    examples = by_length(function, waveform, lengths)
    frames = torch.tensor([example.shape[-1] for example in examples], device=waveform.device)
    return pad_sequence([example.mT for example in examples], batch_first=True).mT, frames


def _features(waveform: Tensor, frontend: Frontend) -> Tensor:
    features: Tensor = frontend(waveform)
    return features.float()
