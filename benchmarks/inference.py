"""What forms of a detector take against eager PyTorch, and against the usual pipeline.

Eager PyTorch is what one has without this project: the CNN written out in the default layout, with normalisation, ReLU
and pooling as layers of their own, on our features; RawNet2 and AASIST as they were published. Our own detectors are
faster than that before they have any form (channels last, pooling before ReLU, filters by Fourier transform); their
times are told too.

On one thread, 4 s of noise, from waveform to score, forms in turns with what they are held against. Weights are random:
they make no difference to the time, and error rates of them would mean nothing; `spooflab compress` tells those of a
trained detector. Times are of the processor, since a neighbour's share of a core is no speed of ours.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from _claims import Claim, main
from _published import PublishedAasist, PublishedRawNet2
from _usual_pipeline import PlainCNN
from _usual_pipeline import score as usual_score
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from experiments.allocator import keep_freed_memory
from lightning_modules.detector import Detector
from lightning_modules.export.form import RefusedError
from lightning_modules.export.forms import Maker
from lightning_modules.frontends import LogMel, Waveform
from lightning_modules.networks import aasist, rawnet2
from lightning_modules.networks.cnn import SpectrogramCNN
from lightning_modules.normalisation import Normalisation

CLIP_S, RATE_HZ = 4.0, 16_000
QUICK_FORMS = ("onnx", "torchscript", "torchscript-bf16")
CNN_FORMS = (*QUICK_FORMS, "onnx-fp16")


def seconds(way: Callable[[], object]) -> float:
    """Processor time of a call."""
    start = time.process_time()
    way()
    return time.process_time() - start


def in_turns(ways: dict[str, Callable[[], object]], turns: int) -> dict[str, np.ndarray]:
    """Processor time of each turn of each way, after two to warm up."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(turns + 2):
        for name, way in ways.items():
            taken[name].append(seconds(way))
    return {name: np.array(times[2:]) for name, times in taken.items()}


def forms_of(detector: Detector, names: tuple[str, ...], clip: Tensor, folder: Path) -> dict[str, Callable[[], object]]:
    """Ways to score a clip, by the names of the forms that this machine can have; told how far scores are off."""
    maker, ways = Maker(detector, folder, clip.numpy), {}
    with torch.inference_mode():
        expected = float(detector(clip))
    for name in names:
        try:
            form = maker.make(name)
        except RefusedError as error:
            print(f"{name}: refused, {error}", file=sys.stderr)
            continue
        print(f"{name}: score off by {abs(float(form.score(clip)) - expected):.1e}", file=sys.stderr)
        ways[name] = partial(form.score, clip)
    return ways


def eager(network: nn.Module, clip: Tensor) -> Callable[[], object]:
    """A network, or a detector, as PyTorch runs it."""

    def run() -> None:
        with torch.no_grad():
            network(clip)

    return run


def told(name: str, taken: dict[str, np.ndarray]) -> None:
    """Say the median of each on stderr."""
    for way, times in taken.items():
        print(f"{name}: {way:26s} {1000 * np.median(times):8.2f} ms", file=sys.stderr)


def ratio(taken: dict[str, np.ndarray], ours: str, theirs: str) -> float:
    """How many times as fast ours is; 0 where there is no such form."""
    return float(np.median(taken[theirs] / taken[ours])) if ours in taken else 0.0


def small_cnn(clip: Tensor, folder: Path, turns: int, *, quick: bool) -> list[Claim]:
    """The shipped CNN."""
    detector = Detector(LogMel(), SpectrogramCNN(), crop_s=CLIP_S).eval()
    plain = PlainCNN().eval()
    ways = {
        "plain": eager(nn.Sequential(detector.frontend, detector.normalisation, plain), clip),
        "torch": eager(detector, clip),
        "usual": partial(usual_score, plain, clip[0].numpy()),
    }
    taken = in_turns({**ways, **forms_of(detector, QUICK_FORMS if quick else CNN_FORMS, clip, folder)}, turns)
    told("CNN", taken)
    best = min((name for name in taken if name not in ways), key=lambda name: float(np.median(taken[name])))
    return [
        Claim("CNN: ONNX from the waveform, against eager torch", ratio(taken, "onnx", "plain"), 3.0),
        Claim(f"CNN: the fastest form ({best}), against eager torch", ratio(taken, best, "plain"), 4.0),
        Claim(f"CNN: the fastest form ({best}), against real time", CLIP_S / float(np.median(taken[best])), 1000.0),
        Claim(f"CNN: the fastest form ({best}), against librosa + eager torch", ratio(taken, best, "usual"), 8.0),
    ]


def raw_networks(clip: Tensor, folder: Path, turns: int, *, quick: bool) -> list[Claim]:
    """RawNet2 of 2021 and AASIST, each with the weights of its published construction."""
    int8 = "torchscript-int8-dynamic"
    claims = []
    pairs = {
        "RawNet2": (
            PublishedRawNet2(),
            rawnet2.RawNet2(legacy_2021=True),
            rawnet2,
            ("torchscript", "torchscript-fp16", int8),
        ),
        "AASIST": (PublishedAasist(), aasist.AASIST(legacy_2022=True), aasist, ("torchscript", "torchscript-bf16")),
    }
    for name, (theirs, ours, module, names) in pairs.items():
        ours.load_state_dict(module.rename_published_weights(theirs.eval().state_dict()))
        detector = Detector(Waveform(), ours, Normalisation("none", bins=1), crop_s=CLIP_S).eval()
        ways = {"published": eager(theirs, clip.unsqueeze(1)), "torch": eager(detector, clip)}
        forms = forms_of(detector, names if quick else (*names, "onnx", "onnx-fp16"), clip, folder / name)
        taken = in_turns({**ways, **forms}, turns)
        told(name, taken)
        best = min((form for form in (*forms, "torch") if form != int8), key=lambda form: float(np.median(taken[form])))
        claims.append(
            Claim(f"{name}: {best}, against its published construction", ratio(taken, best, "published"), 2.0)
        )
        if int8 in names:
            claims.append(
                Claim(f"{name}: {int8}, against its published construction", ratio(taken, int8, "published"), 2.5)
            )
    return claims


def measure(quick: bool) -> list[Claim]:
    """Measure all; quickly, few turns and no more exports than claims need."""
    torch.set_num_threads(1)
    threadpool_limits(1)  # of NumPy's products: threads that wait in a loop count as time of whatever comes next
    torch.manual_seed(0)
    keep_freed_memory()
    clip = 0.1 * torch.randn(1, round(CLIP_S * RATE_HZ))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        few = 5 if quick else 15
        return [*small_cnn(clip, folder, 3 * few, quick=quick), *raw_networks(clip, folder, few, quick=quick)]


if __name__ == "__main__":
    main(measure, __doc__ or "")
