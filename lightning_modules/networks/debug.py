"""Features ``(batch, bins, frames)`` in, logits ``(batch, 2)`` out, by a network that trains in seconds: for tests."""

from torch import Tensor, nn
from torch.nn import functional

from lightning_modules.lengths import cleared, fewest
from lightning_modules.networks.network import Network
from lightning_modules.networks.pooling import band_statistics


class DebugNetwork(Network):
    """Convolution > ReLU > mean and deviation over time, per band > classifier.

    Of no paper: for tests, and to try a corpus or a config before the hours that a real network takes. It reads any
    number of bins and frames, waveforms too, and learns what differs in level between the bands.

    Cost for 4 s as 80 bins x 400 frames: 56 parameters, 0.9 million MACs.

    Args:
        channels: Maps of the convolution.
        bands: Bands of frequency the statistics are kept for.
    """

    def __init__(self, channels: int = 3, bands: int = 2) -> None:
        super().__init__()
        self.channels = channels
        self.bands = bands
        self.conv = nn.Conv2d(1, channels, kernel_size=3, padding=1)
        self.embedding = 2 * channels * bands
        self.classifier = nn.Linear(self.embedding, 2)

    def embed(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Turn ``(batch, bins, frames)`` into ``(batch, 2 * channels * bands)``."""
        fewest(features, lengths)
        maps = functional.relu(self.conv(cleared(features, lengths).unsqueeze(1)))
        return band_statistics(maps, self.bands, lengths)
