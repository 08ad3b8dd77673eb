"""What removing half the channels of a network is worth where it is deployed: from waveform to score, on one thread.

Weights make no difference to it, so none are trained. Both forms of a network take turns, each as it is deployed.
"""

import copy
from collections.abc import Callable

import torch
from _claims import Claim, main, speedup

from datamodules.threads import one_thread
from experiments.inference_cost import clip
from lightning_modules.detector import Detector
from lightning_modules.frontends import LogMel, Waveform
from lightning_modules.networks.cnn import SpectrogramCNN
from lightning_modules.networks.rawnet2 import RawNet2
from lightning_modules.normalisation import Normalisation
from lightning_modules.prepared import prepare
from lightning_modules.pruning.structured import layer_widths, prune_channels

WARM_UP = 3
AT_LEAST = {"cnn": 1.2, "rawnet2_2021": 1.5}


def detectors() -> dict[str, Detector]:
    """The networks that gain: RawNet2 in the size of rawnet2_small.yaml gained nothing when it was measured."""
    torch.manual_seed(0)
    raw = Normalisation("utterance", bins=1)
    return {
        "cnn": Detector(LogMel(), SpectrogramCNN()),
        "rawnet2_2021": Detector(Waveform(), RawNet2(), raw),
    }


def scorer(detector: Detector) -> Callable[[], object]:
    """Score 4 s, as deployed."""
    waveform = clip(detector.frontend.sample_rate_hz)
    prepared = prepare(detector.eval(), waveform.shape[-1])
    return lambda: prepared(waveform)


def measure(quick: bool) -> list[Claim]:
    """Time each network whole and with half of its channels, in turns."""
    claims = []
    with one_thread(), torch.inference_mode():
        for name, detector in detectors().items():
            smaller = copy.deepcopy(detector)
            widths = [width // 2 for width in layer_widths(detector.network)]
            smaller.network = prune_channels(detector.network, widths)
            whole, half = scorer(detector), scorer(smaller)
            for _ in range(WARM_UP):
                whole(), half()
            turns = 11 if quick else 101
            claims.append(Claim(f"{name} with half of its channels", speedup(half, whole, turns), AT_LEAST[name]))
    return claims


if __name__ == "__main__":
    main(measure, "Half the channels against all of them.")
