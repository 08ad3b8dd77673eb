"""Precision and compilation change how a network computes, and nothing of what a checkpoint is."""

import pytest
import torch

from experiments.train import SCRATCH, train
from experiments.training_config import parse
from lightning_modules.detector import Detector
from lightning_modules.frontends import LogMel
from lightning_modules.networks.cnn import SpectrogramCNN

WAVEFORM = 0.1 * torch.randn(4, 16_000, generator=torch.Generator().manual_seed(0))


def test_the_frontend_is_in_single_precision_whatever_the_network_is_in():
    torch.manual_seed(0)
    detector = Detector(LogMel(), SpectrogramCNN()).eval()
    with torch.no_grad():
        features, scores = detector.extract(WAVEFORM), detector(WAVEFORM)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert torch.equal(detector.extract(WAVEFORM), features)
            assert not torch.equal(LogMel()(WAVEFORM), features)  # which on its own would not be
            found = detector(WAVEFORM)
    assert found.dtype == torch.float32
    assert not torch.equal(found, scores)
    torch.testing.assert_close(found, scores, atol=0.05, rtol=0)


def test_a_compiled_network_is_the_same_in_a_checkpoint(place, monkeypatch):
    compiled = []
    monkeypatch.setattr(SpectrogramCNN, "compile", lambda network: compiled.append(type(network)))
    run_id = train(place.words(epochs=1, compile=True)).run_id
    assert compiled == [SpectrogramCNN]
    assert train(place.words(epochs=1)).run_id
    assert len(compiled) == 1
    assert Detector.from_file(SCRATCH / run_id / "last.ckpt")


def test_compiling_leaves_names_of_weights_and_the_class_alone():
    detector = Detector(LogMel(), SpectrogramCNN())
    names = list(detector.state_dict())
    specifications = detector.specifications
    detector.network.compile()
    assert list(detector.state_dict()) == names
    assert detector.specifications == specifications


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("network", ["cnn", "rawnet2"])
def test_a_gpu_trains_compiled_in_bfloat16_what_a_cpu_scores(place, network):
    words = place.words(network, epochs=1, compile=True, trainer__precision="bf16-mixed")
    cli = parse([*words, "--trainer.accelerator=gpu", "--trainer.devices=1"])
    assert cli.trainer.num_devices == 1
    outcome = train([*words, "--trainer.accelerator=gpu", "--trainer.devices=1", "--trainer.deterministic=warn"])
    detector = Detector.from_file(SCRATCH / outcome.run_id / "last.ckpt")
    with torch.no_grad():
        on_cpu = detector(WAVEFORM)
        on_gpu = detector.cuda()(WAVEFORM.cuda()).cpu()
    torch.testing.assert_close(on_gpu, on_cpu, atol=1e-2, rtol=1e-2)
