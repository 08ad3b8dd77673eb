"""Detectors of every kind become one, and its checkpoint alone gives it back."""

import pytest
import torch

from lightning_modules.detector import SPECIFICATIONS_KEY, Detector
from lightning_modules.enhancement import WienerFilter
from lightning_modules.frontends import LogMel, Waveform
from lightning_modules.fusing import fused_detector
from lightning_modules.losses import AmSoftmax, OcSoftmax
from lightning_modules.metrics.calibration import Calibration, FusionWeights, equal_weights
from lightning_modules.networks.cnn import SpectrogramCNN
from lightning_modules.networks.debug import DebugNetwork
from lightning_modules.networks.rawnet2 import RawNet2
from lightning_modules.normalisation import Normalisation
from lightning_modules.scoring import score_waveform

WAVEFORM = 0.1 * torch.randn(4, 16_000, generator=torch.Generator().manual_seed(0))
CALIBRATIONS = [Calibration(2.0, -1.0), Calibration(0.5, 3.0), Calibration(-4.0, 0.0)]
WEIGHTS = FusionWeights((0.2, 0.5, 0.9), -0.7)


def detectors(shorter="repeat") -> list[Detector]:
    """Three with all that a detector may have: enhancement, fitted normalisation, classifiers of losses."""
    torch.manual_seed(0)
    corpus = Normalisation("corpus", bins=20).fit([torch.randn(2, 20, 30)])
    rawnet2 = RawNet2(sinc_filters=4, sinc_taps=9, channels=(4, 4, 8), gru_units=8, gru_layers=1, embedding=8)
    made = [
        Detector(LogMel(n_mels=20), SpectrogramCNN(channels=(4, 8)), corpus, loss=AmSoftmax(), shorter=shorter),
        Detector(Waveform(), rawnet2, loss=OcSoftmax(), shorter=shorter),
        Detector(LogMel(n_mels=20), DebugNetwork(), enhancement=WienerFilter(), shorter=shorter),
    ]
    for detector in made:
        detector.crop_s = 0.5
    return [detector.eval() for detector in made]


@torch.no_grad()
def test_it_gives_the_weighted_sum_of_what_they_give():
    members = detectors()
    expected = WEIGHTS.llr(
        torch.stack(
            [fit.scale * each(WAVEFORM) + fit.offset for fit, each in zip(CALIBRATIONS, members, strict=True)], dim=1
        )
    )
    fused = fused_detector(members, CALIBRATIONS, WEIGHTS)
    assert not fused.training
    torch.testing.assert_close(fused(WAVEFORM).double(), torch.from_numpy(expected), atol=1e-5, rtol=1e-5)


def test_whole_utterances_too_through_their_windows():
    members = detectors()
    fused = fused_detector(members, CALIBRATIONS, equal_weights(3))
    waveform = WAVEFORM[0, :13_000].numpy()
    alone = [
        float(fit.llr(score_waveform(each, waveform).score)) for fit, each in zip(CALIBRATIONS, members, strict=True)
    ]
    assert score_waveform(fused, waveform).score == pytest.approx(sum(alone) / 3, abs=1e-5)


def test_the_checkpoint_alone_gives_it_back(tmp_path):
    fused = fused_detector(detectors(), CALIBRATIONS, WEIGHTS)
    torch.save(
        {"state_dict": fused.state_dict(), SPECIFICATIONS_KEY: fused.specifications.to_dict()}, tmp_path / "f.ckpt"
    )
    again = Detector.from_file(tmp_path / "f.ckpt")
    assert again.specifications == fused.specifications
    with torch.no_grad():
        torch.testing.assert_close(again(WAVEFORM), fused(WAVEFORM), atol=0, rtol=0)


@torch.no_grad()
def test_padded_utterances_score_as_they_do_alone():
    fused = fused_detector(detectors("pad"), CALIBRATIONS, WEIGHTS)
    lengths = torch.tensor([16_000, 9001, 5000, 9001])
    padded = WAVEFORM.clone()
    for waveform, length in zip(padded, lengths, strict=True):
        waveform[length:] = torch.nan
    logits = fused.logits({"waveform": padded, "length": lengths})
    alone = torch.cat([fused(WAVEFORM[row : row + 1, :length]) for row, length in enumerate(lengths)])
    torch.testing.assert_close(logits[:, 1] - logits[:, 0], alone, atol=1e-5, rtol=1e-5)
