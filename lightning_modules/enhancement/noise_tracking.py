"""Power spectra of noisy speech ``(batch, bins, frames)`` in, the power of the noise in them out."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

from lightning_modules.enhancement.short_time_fourier import MIN_DURATION_S, ShortTimeFourier, power_of

SMOOTHING_S = MIN_DURATION_S  # the shortest clip can just be smoothed
TRIAL_CLIPS = 16  # of white noise: some 4000 bins, whose mean is known to half a percent


class NoiseTracker(nn.Module, ABC):
    """What tells how much of a noisy power is noise."""

    @abstractmethod
    def forward(self, power: Tensor) -> Tensor:
        """Estimate the power of the noise.

        Args:
            power: Of the noisy speech, ``(batch, bins, frames)``.

        Returns:
            ``(batch, bins, frames)``, or ``(batch, bins, 1)`` where it is the same in all frames.
        """


class LeadingFrames(NoiseTracker):
    """The mean power of the first frames: right where a clip starts before its speech does, and the noise is steady.

    Args:
        transform: What the spectra are made with.
        duration_s: Length of the beginning; all of a shorter clip is taken for noise.
    """

    def __init__(self, transform: ShortTimeFourier, duration_s: float = 0.2) -> None:
        super().__init__()
        self.frames = transform.frames_in(duration_s)

    def forward(self, power: Tensor) -> Tensor:
        """Return ``(batch, bins, 1)``."""
        return power[..., : self.frames].mean(dim=-1, keepdim=True)


class MinimumStatistics(NoiseTracker):
    """The minimum of the smoothed power, since speech pauses in every bin now and then (Martin 2001).

    Simpler than Martin's: a moving average of one width stands for his recursion of varying pace. Average and minimum
    are centred: the clip is there as a whole, and noise after a frame tells as much as noise before it. Both stay
    inside the clip, and frames near its ends take over the minimum of the nearest window.

    A minimum lies below the mean, the further the more frames it is the minimum of. By how much is measured at
    construction, on white noise through the same transform and average, for every number of frames up to the window's:
    so the estimate is unbiased in a clip shorter than the window too.

    Args:
        transform: What the spectra are made with.
        window_s: Length that the minimum is taken over: longer than a bin is without a pause, shorter than the noise
            takes to change.
    """

    bias: Tensor

    def __init__(self, transform: ShortTimeFourier, window_s: float = 1.5) -> None:
        super().__init__()
        self.frames = transform.frames_in(window_s)
        self.smoothing_frames = transform.frames_in(SMOOTHING_S)

        samples = (self.frames + self.smoothing_frames) * transform.hop_samples
        noise = torch.randn(TRIAL_CLIPS, samples, generator=torch.Generator().manual_seed(0))
        power = power_of(transform.analyse(noise))
        minimum = self._smooth(power).cummin(dim=-1).values[..., : self.frames]
        self.register_buffer("bias", minimum.mean(dim=(0, 1)) / power.mean(), persistent=False)

    def forward(self, power: Tensor) -> Tensor:
        """Return ``(batch, bins, frames)``."""
        smooth = self._smooth(power)
        window = min(self.frames, smooth.shape[-1])
        minimum = -functional.max_pool1d(-smooth, window, stride=1) / self.bias[window - 1]
        missing = power.shape[-1] - minimum.shape[-1]
        return functional.pad(minimum, (missing // 2, missing - missing // 2), mode="replicate")

    def _smooth(self, power: Tensor) -> Tensor:
        return functional.avg_pool1d(power, self.smoothing_frames, stride=1)
