"""What training a small CNN costs: against the same network built plainly, and against a loop without Lightning.

The plain network has the same weights and gives the same logits; its maps lie channel by channel, and it pools after
the activation instead of before. Lightning trains as `spooflab train` has it, without validation and tracking.
"""

import logging
import warnings
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytorch_lightning as pl
import torch
from _claims import Claim, main, speedup
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from experiments.allocator import keep_freed_memory
from experiments.training_callbacks import Interruption, StepSeed
from lightning_modules.detector import Detector
from lightning_modules.frontends import LogMel
from lightning_modules.networks.cnn import ConvBlock, SpectrogramCNN

BINS, FRAMES, BATCH = 80, 400, 32
SAME = 1e-4  # the largest difference of a logit


class PlainBlock(nn.Module):
    """3 x 3 convolution, batch normalisation, ReLU, 2 x 2 max pooling, in the default layout."""

    def __init__(self, block: ConvBlock) -> None:
        super().__init__()
        self.conv = block.conv
        self.norm = block.norm

    def forward(self, maps: Tensor) -> Tensor:
        """Turn ``(batch, inputs, bins, frames)`` into ``(batch, outputs, bins // 2, frames // 2)``."""
        return functional.max_pool2d(functional.relu(self.norm(self.conv(maps.contiguous()))), kernel_size=2)


def plain(network: SpectrogramCNN) -> SpectrogramCNN:
    """The same network as it is usually written."""
    usual = deepcopy(network).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    usual.blocks = nn.Sequential(*(PlainBlock(block) for block in usual.blocks))
    return usual


def batches(count: int) -> list[dict[str, Tensor]]:
    """Features as the cache gives them."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(BATCH) % 2
    draws = torch.zeros(BATCH, 3, dtype=torch.int64)
    return [
        {"features": torch.randn(BATCH, BINS, FRAMES, generator=generator), "label": labels, "draw": draws}
        for _ in range(count)
    ]


def loop(detector: Detector, data: list[dict[str, Tensor]]) -> Callable[[], None]:
    """A way to train on some batches without Lightning."""
    detector.train()
    optimiser = torch.optim.AdamW(detector.parameters(), lr=1e-4)

    def run() -> None:
        for batch in data:
            optimiser.zero_grad()
            detector.loss(detector.logits(batch), batch["label"]).backward()
            optimiser.step()

    return run


def lightning(detector: Detector, data: list[dict[str, Tensor]]) -> Callable[[], None]:
    """A way to train on them with it; making the trainer is a part."""
    options: dict[str, Any] = dict.fromkeys(
        ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False
    )

    def run() -> None:
        callbacks = [StepSeed(), Interruption(lambda: False)]
        pl.Trainer(max_epochs=1, accelerator="cpu", limit_val_batches=0, callbacks=callbacks, **options).fit(
            detector,
            DataLoader(data, batch_size=None),  # type: ignore[arg-type]
        )

    return run


def claims(quick: bool) -> list[Claim]:
    """Measure every claim."""
    torch.set_num_threads(1)
    keep_freed_memory()
    pl.seed_everything(0, verbose=False)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
    turns, steps = (4, 12) if quick else (9, 40)
    network, few, many = SpectrogramCNN(), batches(1), batches(steps)
    usual = plain(network)
    with torch.inference_mode():
        worst = float((network.eval()(few[0]["features"]) - usual.eval()(few[0]["features"])).abs().max())
    if worst > SAME:
        raise SystemExit(f"the logits differ by {worst:.1e}: there is nothing to compare")
    ours, theirs = (Detector(LogMel(), one) for one in (network, usual))
    return [
        Claim(
            f"a small CNN's training step, batches of {BATCH}, against the same network built plainly",
            speedup(loop(ours, few), loop(theirs, few), 3 * turns),
            1.8,
        ),
        Claim(
            f"{steps} steps by Lightning, against a loop without it",
            speedup(lightning(ours, many), loop(ours, many), turns),
            0.95,
        ),
    ]


if __name__ == "__main__":
    main(claims, __doc__ or "")
