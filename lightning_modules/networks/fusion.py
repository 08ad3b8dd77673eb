"""Raw waveforms ``(batch, 1, samples)`` in, logits ``(batch, 2)`` out: detectors, fused at the level of scores."""

from collections.abc import Sequence
from functools import partial
from typing import TypedDict

import torch
from torch import Tensor, nn

from lightning_modules.enhancement import Enhancement
from lightning_modules.extraction import extract, extract_each
from lightning_modules.frontends import Frontend
from lightning_modules.lengths import fewest
from lightning_modules.networks.network import Network, rebuild, to_score
from lightning_modules.normalisation import Normalisation
from lightning_modules.specifications import Description, build


class MemberDescription(TypedDict):
    """What of a detector's specifications makes a waveform a score."""

    enhancement: Description | None
    frontend: Description
    normalisation: Description
    network: Description
    classifier: Description | None


class Fusion(Network):
    """Members, side by side > log-likelihood ratio of each > weighted sum.

    Linear fusion of subsystems, as in N. Brümmer, L. Burget, J. Černocký et al., "Fusion of heterogeneous speaker
    recognition systems in the STBU submission for the NIST speaker recognition evaluation 2006", IEEE Transactions on
    Audio, Speech and Language Processing 15(7), 2007. The embedding is what each member says, its calibrated
    log-likelihood ratio, and the classifier is linear: the score is their weighted sum plus an offset. Weights are
    equal until :meth:`weigh` sets others.

    Members read the waveform itself, each through its own enhancement and frontend, so the detector around them has the
    frontend ``Waveform`` and no normalisation.

    Cost: the sum of the members', and two weights of the classifier for each, and two more.

    Args:
        members: What each is made of; all of one sampling rate.

    Raises:
        ValueError: There are fewer than two members, or their sampling rates differ.
    """

    def __init__(self, members: Sequence[MemberDescription]) -> None:
        super().__init__()
        self.members = list(members)
        chains = [Chain(member) for member in members]
        rates_hz = {chain.frontend.sample_rate_hz for chain in chains}
        if len(self.members) < 2 or len(rates_hz) > 1:  # noqa: PLR2004
            raise ValueError(
                f"found {len(self.members)} members of {' and '.join(map(str, sorted(rates_hz))) or 'no'} Hz, expected "
                "two or more of one sampling rate"
            )
        self.chains = nn.ModuleList(chains)
        self.embedding = len(chains)
        self.classifier = nn.Linear(self.embedding, 2)
        self.weigh([1 / self.embedding] * self.embedding)

    def weigh(self, weights: Sequence[float], offset: float = 0.0) -> None:
        """Make the score the weighted sum of the members' log-likelihood ratios, plus an offset."""
        signs = torch.tensor([-0.5, 0.5])  # of spoof and bona fide: the score is their difference
        self.classifier.load_state_dict({"weight": torch.outer(signs, torch.tensor(weights)), "bias": signs * offset})

    def embed(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Turn waveforms ``(batch, 1, samples)`` into log-likelihood ratios ``(batch, members)``.

        Raises:
            ValueError: The input is no waveform, or too short for a member.
        """
        if features.shape[1:-1] != (1,):
            raise ValueError(
                f"found input of shape {tuple(features.shape)}, expected waveforms (batch, 1, samples): members have "
                "frontends of their own, so configure the frontend lightning_modules.frontends.Waveform"
            )
        fewest(features, lengths)
        return torch.stack([chain(features.squeeze(1), lengths) for chain in self.chains], dim=1)


class Chain(nn.Module):
    """A member: enhancement > frontend > normalisation > network > score > log-likelihood ratio.

    Attributes:
        scale: by which a score becomes a log-likelihood ratio; its calibration, and 1 until it is set.
        offset: added after scaling, 0 until it is set.
    """

    scale: Tensor
    offset: Tensor

    def __init__(self, description: MemberDescription) -> None:
        super().__init__()
        enhancement = description["enhancement"]
        self.enhancement = None if enhancement is None else build(enhancement, Enhancement)
        self.frontend = build(description["frontend"], Frontend)
        self.normalisation = build(description["normalisation"], Normalisation)
        self.network = rebuild(description["network"], description["classifier"])
        self.register_buffer("scale", torch.ones(()))
        self.register_buffer("offset", torch.zeros(()))

    def forward(self, waveform: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Turn waveforms ``(batch, samples)``, valid up to their lengths, into log-likelihood ratios ``(batch,)``."""
        extraction = partial(extract, frontend=self.frontend, enhancement=self.enhancement)
        features, frames = extract_each(extraction, waveform, lengths)
        logits: Tensor = self.network(self.normalisation(features, frames), frames)
        return self.scale * to_score(logits.float()) + self.offset
