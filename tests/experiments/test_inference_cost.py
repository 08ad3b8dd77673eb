"""What a detector costs is measured on one thread, and before it is trained."""

import torch

from experiments.inference_cost import clip, latency_ms, size_mb
from lightning_modules.cost import size_bytes
from lightning_modules.detector import Detector
from lightning_modules.frontends import LogMel
from lightning_modules.networks.debug import DebugNetwork
from lightning_modules.normalisation import Normalisation


def detector(mode: str = "utterance") -> Detector:
    return Detector(LogMel(n_mels=20), DebugNetwork(), Normalisation(mode, bins=20))


def test_a_clip_is_four_seconds_and_always_the_same():
    assert clip(16_000).shape == (1, 64_000)
    assert torch.equal(clip(8_000, 0.5), clip(8_000, 0.5))


def test_latency_is_a_time_and_leaves_the_threads_as_they_were():
    before, threads = torch.get_num_threads(), []
    measured = detector()
    measured.network.register_forward_hook(lambda *_: threads.append(torch.get_num_threads()))
    assert latency_ms(measured, turns=2) > 0
    assert threads == [1, 1, 1]
    assert torch.get_num_threads() == before


def test_statistics_that_training_would_fit_are_no_hindrance():
    assert latency_ms(detector("corpus"), turns=1) > 0


def test_size_is_that_of_the_weights():
    measured = detector()
    assert size_mb(measured) == size_bytes(measured) / 1e6 > 0
