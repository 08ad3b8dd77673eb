"""How fast RawNet2 (2021) and AASIST are against their published construction, on one thread, with the same logits.

Ours is what `spooflab evaluate`, `score` and the endpoint run: the eager network, in inference mode. The published
construction (`_published.py`) has the same weights: random ones, normalisations settled on some noise. A single clip
in RawNet2 waits for the 12.6 MB of a recurrent layer's weights at each of 29 steps, in either construction, so that
less is to be gained, and the less the busier the machine's memory.
"""

import sys
from collections.abc import Callable

import torch
from _claims import Claim, main, speedup
from _published import PublishedAasist, PublishedRawNet2
from torch import Tensor, nn
from torch.nn import functional

from experiments.allocator import keep_freed_memory
from lightning_modules.networks import aasist, rawnet2

SAMPLES = 64_600
SAME = 1e-5  # the largest difference of a logit
APART = 0.1  # what the logits of different clips spread by, at least


def clips(count: int, samples: int = SAMPLES) -> Tensor:
    """Noise under envelopes that swell and fade differently fast ``(count, 1, samples)``."""
    time = torch.arange(samples) / samples
    envelopes = torch.stack([0.3 * torch.sin(3.0 * (row + 1) * time).square() for row in range(count)])
    return (envelopes * torch.randn(count, samples, generator=torch.Generator().manual_seed(0)))[:, None]


def settled(network: nn.Module, waveforms: Tensor) -> nn.Module:
    """Let the normalisations learn their statistics from some waveforms."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001 - the base of all of them
            module.momentum = None
    with torch.no_grad():
        network.train()(waveforms)
    return network.eval()


def wide_awake(network: PublishedRawNet2) -> PublishedRawNet2:
    """Double the weights behind the convolutions: as drawn, they make nearly the same of whatever they hear."""
    with torch.no_grad():
        for layer in (network.gru, network.fc1_gru, network.fc2_gru):
            for weight in layer.parameters():
                weight.mul_(2 if weight.dim() > 1 else 1)
    return network


def inference(network: nn.Module, waveforms: Tensor) -> Callable[[], Tensor]:
    """A way to get the logits of some waveforms."""

    def run() -> Tensor:
        with torch.inference_mode():
            logits: Tensor = network(waveforms)
        return logits

    return run


def training_step(network: nn.Module, waveforms: Tensor) -> Callable[[], None]:
    """A way to do one step of Adam."""
    network.train()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-6)
    labels = torch.arange(len(waveforms)) % 2

    def run() -> None:
        optimiser.zero_grad()
        functional.cross_entropy(network(waveforms), labels).backward()
        optimiser.step()

    return run


def same_logits(name: str, ours: nn.Module, theirs: nn.Module) -> None:
    """Refuse to compare networks that do not say the same, or that say the same of all."""
    waveforms = clips(4)
    found, expected = inference(ours, waveforms)(), inference(theirs, waveforms)()
    worst, spread = float((found - expected).abs().max()), float(expected.std(dim=0).max())
    print(f"{name}: logits differ by {worst:.1e} at most; they spread by {spread:.2f}", file=sys.stderr)
    if worst > SAME or spread < APART:
        raise SystemExit(f"{name}: the logits differ, or do not depend on the waveform: there is nothing to compare")


def claims(quick: bool) -> list[Claim]:
    """Measure inference with the allocator as it comes, then training with the memory that `spooflab train` keeps."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    turns, few = (5, 1) if quick else (15, 7)
    pairs = {
        "RawNet2 (2021)": (
            wide_awake(PublishedRawNet2()),
            rawnet2.RawNet2(legacy_2021=True),
            rawnet2.rename_published_weights,
        ),
        "AASIST": (PublishedAasist(), aasist.AASIST(legacy_2022=True), aasist.rename_published_weights),
    }
    targets = {"RawNet2 (2021)": {1: 1.2, 8: 1.5}, "AASIST": {1: 2.0, 8: 2.0}}
    measured = []
    for name, (theirs, ours, renamed) in pairs.items():
        ours.eval().load_state_dict(renamed(settled(theirs, clips(4, 16_000)).state_dict()))
        same_logits(name, ours, theirs)
        for batch in (1, 8):
            waveforms = clips(batch)
            ways = inference(ours, waveforms), inference(theirs, waveforms)
            ratio = speedup(*ways, turns if batch == 1 else few)
            measured.append(Claim(f"{name}: inference, batches of {batch}", ratio, targets[name][batch]))
    keep_freed_memory()
    theirs, ours, _ = pairs["RawNet2 (2021)"]
    steps = training_step(ours, clips(16)), training_step(theirs, clips(16))
    speedup(*steps, 1)  # the first steps make the optimiser's memory
    ratio = speedup(*steps, few + 1)
    return [*measured, Claim("RawNet2 (2021): training step, batches of 16", ratio, 1.15)]


if __name__ == "__main__":
    main(claims, __doc__ or "")
