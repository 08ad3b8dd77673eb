"""What is written down for an export gives the numbers of what it stands for, on real speech."""

import numpy as np
import pytest
import torch

from lightning_modules.detector import Detector
from lightning_modules.enhancement import SpectralSubtraction, WienerFilter
from lightning_modules.export.graph import Graph
from lightning_modules.export.onnx_model import write_onnx
from lightning_modules.export.parity import TOLERANCE, require_parity
from lightning_modules.export.recurrent_int8 import with_8_bit_recurrence
from lightning_modules.export.session import open_onnx
from lightning_modules.frontends import CQT, LFCC, MFCC, LogLinear, LogMel, Waveform
from lightning_modules.fusing import member_description
from lightning_modules.networks.debug import DebugNetwork
from lightning_modules.networks.fusion import Fusion
from lightning_modules.networks.rawnet2 import RawNet2
from lightning_modules.normalisation import Normalisation

FRONTENDS = {
    "waveform": Waveform(),
    "log_mel": LogMel(n_mels=40),
    "log_linear": LogLinear(n_fft=256, window_ms=16.0),
    "odd_window": LogLinear(window_ms=27.0625),
    "lfcc": LFCC(),
    "mfcc": MFCC(delta_orders=2),
    "cqt": CQT(f_min_hz=250.0, bins_per_octave=12),
    "log_mel_8k": LogMel(8000, n_mels=32, n_fft=256),
}


def debug(frontend, **others):
    torch.manual_seed(0)
    return Detector(frontend, DebugNetwork(), crop_s=1.0, **others).eval()


def small_rawnet2(**others):
    torch.manual_seed(0)
    network = RawNet2(sinc_filters=8, sinc_taps=65, channels=(8, 8, 16, 16), gru_units=16, embedding=8, **others)
    return Detector(Waveform(), network, Normalisation("utterance", bins=1), crop_s=1.0).eval()


@pytest.mark.parametrize("frontend", FRONTENDS.values(), ids=FRONTENDS)
def test_features_as_products_are_the_features(frontend, windows):
    detector = debug(frontend)
    with torch.inference_mode():
        expected = detector.normalisation(detector.extract(windows))
        found = Graph(detector, "onnx").features(windows)
    loud = expected.abs() < 5  # cells of next to no power are rounding in either way
    torch.testing.assert_close(found[loud], expected[loud], atol=2e-2, rtol=0)
    assert float((found - expected).abs().mean()) < 1e-4


@pytest.mark.parametrize("enhancement", [SpectralSubtraction(), WienerFilter(noise="leading-frames")])
def test_enhancement_as_convolutions_is_the_enhancement(enhancement, windows):
    detector = debug(LogMel(), enhancement=enhancement)
    with torch.inference_mode():
        found = Graph(detector, "onnx").enhancement(windows)
        torch.testing.assert_close(found, enhancement(windows), atol=1e-4, rtol=0)


def parity(detector, clips, path):
    write_onnx(detector, path)
    form = open_onnx(path)
    assert require_parity(form, detector, clips) <= TOLERANCE
    return form


@pytest.mark.slow
def test_every_frontend_in_one_graph_of_any_length(clips, tmp_path):
    members = [debug(FRONTENDS[name]) for name in ("log_mel", "log_linear", "lfcc", "mfcc", "cqt")]
    members.append(debug(LogMel(n_mels=20), normalisation=Normalisation("sliding", bins=20)))
    fusion = Fusion([member_description(member) for member in members])
    detector = Detector(Waveform(), fusion, Normalisation("none", bins=1), crop_s=1.0).eval()
    assert parity(detector, clips, tmp_path / "all.onnx").samples is None


@pytest.mark.slow
def test_rawnet2_of_any_length_and_with_8_bit_recurrence(clips, windows, tmp_path):
    detector = small_rawnet2()
    form = parity(detector, clips, tmp_path / "rawnet2.onnx")
    assert form.samples is None
    looped = open_onnx(with_8_bit_recurrence(form.path))
    scores = form.score(windows)
    assert 0 < float((looped.score(windows) - scores).abs().max()) < 0.05 * float(scores.abs().max())


@pytest.mark.slow
def test_what_depends_on_the_length_is_for_the_crop_alone(clips, tmp_path):
    detector = debug(LogMel(n_mels=20), enhancement=SpectralSubtraction())
    form = parity(detector, clips, tmp_path / "enhanced.onnx")
    assert form.samples == 16_000
    with pytest.raises(ValueError, match="expected 16000"):
        form.score(torch.from_numpy(np.resize(clips[0], (1, 8000))))


def test_filters_read_single_precision_in_a_narrow_network(windows):
    graph = Graph(small_rawnet2(), "onnx", torch.bfloat16)
    assert graph.network.sinc.bank.bank.dtype == torch.float32
    assert graph.network.blocks[0].conv1.weight.dtype == torch.bfloat16


def test_long_filters_go_by_the_fourier_transform_in_torchscript(windows):
    torch.manual_seed(0)
    network = RawNet2(sinc_filters=4, sinc_taps=251, channels=(4, 4), gru_units=4, gru_layers=1, embedding=4)
    detector = Detector(Waveform(), network, Normalisation("none", bins=1), crop_s=1.0).eval()
    graph = Graph(detector, "torchscript")
    traced = torch.jit.trace(graph, windows[:1], check_trace=False)
    with torch.inference_mode():
        torch.testing.assert_close(traced(windows[:1]), detector(windows[:1]), atol=1e-5, rtol=0)
    assert "fft" in str(traced.inlined_graph)
