"""Modules that take short-time Fourier transforms in, the same out by products of matrices, which any runtime has.

An ONNX runtime has no fast Fourier transform worth the name: log-mel features of 4 s took 19 ms by its `DFT`, and 1 ms
as products. A power does not depend on where in the frame time starts. Started in its middle, cosines are even and
sines odd: the sums need only the sums and the differences of each two samples that lie alike on both sides of it.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from lightning_modules.enhancement import Enhancement
from lightning_modules.enhancement.enhancement import SILENCE
from lightning_modules.enhancement.short_time_fourier import ShortTimeFourier
from lightning_modules.frontends.short_time import ShortTimeFrontend


class FoldedPower(nn.Module):
    """The power of a waveform's transform, which is the sum of what `ShortTimeFrontend.squares` gives.

    Args:
        frontend: whose window and transform it is.
    """

    taper: Tensor
    cosines: Tensor
    sines: Tensor

    def __init__(self, frontend: ShortTimeFrontend) -> None:
        super().__init__()
        self.hop = frontend.hop_samples
        self.window = frontend.window_samples
        self.block = math.gcd(self.window, self.hop)
        self.middle = (self.window + 1) // 2  # of an odd window the middle sample counts once
        window = frontend.window[: self.window].double()
        time = torch.arange(self.window, dtype=torch.float64) - (self.window - 1) / 2
        phase = 2 * math.pi / frontend.n_fft * time[:, None] * torch.arange(frontend.n_fft // 2 + 1)
        # Of a window that is no mirror image of itself, such as a periodic one, both halves have factors of their own,
        # so the window is put on the samples and not into the factors.
        self.register_buffer("taper", window.float(), persistent=False)
        self.register_buffer("cosines", phase[self.window // 2 :].cos().float(), persistent=False)
        self.register_buffer("sines", phase[self.window // 2 :].sin().float(), persistent=False)
        if self.window % 2:
            self.cosines[0] /= 2

    def forward(self, waveform: Tensor) -> Tensor:
        """Turn ``(batch, samples)`` into ``(batch, frames, n_fft // 2 + 1, 1)``."""
        frames = self._frames(waveform) * self.taper
        before = frames[..., : self.middle].flip(-1)
        after = frames[..., self.window // 2 :]
        rows = (after + before).flatten(0, 1), (after - before).flatten(0, 1)
        real, imaginary = rows[0] @ self.cosines, rows[1] @ self.sines
        power = real * real + imaginary * imaginary  # `square` is written down as a slower `Pow`
        return power.unflatten(0, frames.shape[:2]).unsqueeze(-1)

    def _frames(self, waveform: Tensor) -> Tensor:
        """Cut ``(batch, frames, window)`` out of ``(batch, samples)``, by the blocks that windows and hops are made of.

        A runtime copies blocks; one sample at a time took three times as long as either of the products.
        """
        number = waveform.shape[1] // self.block
        blocks = waveform[:, : number * self.block].reshape(waveform.shape[0], number, self.block)
        frames = 1 + (waveform.shape[1] - self.window) // self.hop
        first = torch.arange(frames, device=waveform.device)[:, None] * (self.hop // self.block)
        place = first + torch.arange(self.window // self.block, device=waveform.device)
        return blocks[:, place].flatten(2)


class ConvolvedEnhancement(nn.Module):
    """An enhancement whose transform, and its inverse, are convolutions.

    Args:
        enhancement: that it computes.
    """

    tones: Tensor
    inverse: Tensor
    taper: Tensor

    def __init__(self, enhancement: Enhancement) -> None:
        super().__init__()
        self.enhancement = enhancement
        transform: ShortTimeFourier = enhancement.transform
        self.hop, samples = transform.hop_samples, transform.window_samples
        self.margin = samples // 2
        bins = samples // 2 + 1
        time = torch.arange(samples, dtype=torch.float64)
        phase = 2 * math.pi / samples * torch.arange(bins)[:, None] * time
        window = transform.window.double()
        tones = torch.cat((phase.cos(), -phase.sin())) * window
        twice = torch.full((bins, 1), 2.0, dtype=torch.float64)
        twice[0] = 1.0
        if samples % 2 == 0:
            twice[-1] = 1.0
        inverse = torch.cat((twice * phase.cos(), -twice * phase.sin())) / samples * window
        self.register_buffer("tones", tones.float().unsqueeze(1), persistent=False)
        self.register_buffer("inverse", inverse.float().unsqueeze(1), persistent=False)
        self.register_buffer("taper", window.square().float().view(1, 1, -1), persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """Enhance ``(batch, samples)``."""
        padded = functional.pad(waveform.unsqueeze(1), (self.margin, self.margin), mode="reflect")
        spectrum = functional.conv1d(padded, self.tones, stride=self.hop)
        real, imaginary = spectrum.chunk(2, dim=1)
        power = real.square() + imaginary.square()
        noise = self.enhancement.tracker(power).clamp_min(SILENCE)
        gain = self.enhancement.gain(power.clamp_min(SILENCE), noise).clamp(self.enhancement.floor, 1.0)
        enhanced = torch.cat((real * gain, imaginary * gain), dim=1)
        laid = functional.conv_transpose1d(enhanced, self.inverse, stride=self.hop)
        weights = functional.conv_transpose1d(torch.ones_like(gain[:1, :1]), self.taper, stride=self.hop)
        end = waveform.shape[-1]
        return (laid[:, 0, self.margin : self.margin + end]) / weights[:, 0, self.margin : self.margin + end]
