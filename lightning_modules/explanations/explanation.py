"""A detector and a recording in, why it has the score that it has out: a map, regions, and how far to trust both."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lightning_modules.detector import Detector
from lightning_modules.explanations.clip import Clip, clip_of
from lightning_modules.explanations.faithfulness import DRAWS, Faithfulness, faithfulness
from lightning_modules.explanations.gradcam import gradcam
from lightning_modules.explanations.integrated_gradients import integrated_gradients
from lightning_modules.explanations.occlusion import occlusion
from lightning_modules.explanations.patches import Patches, patches_of
from lightning_modules.explanations.plane import Kind, kind_of
from lightning_modules.explanations.randomisation import randomised, similarity
from lightning_modules.explanations.regions import Region, regions_of
from lightning_modules.metrics.calibration import Calibration

Method = Literal["gradcam", "integrated-gradients", "occlusion"]
METHODS: Final = get_args(Method)
PATCH: Final[dict[Kind, tuple[float, float]]] = {"features": (500.0, 0.1), "waveform": (1000.0, 0.2)}
"""Hertz and seconds of a patch; networks that read the waveform take longer for each."""
RANDOM_NETWORKS: Final = 1


@dataclass(frozen=True)
class Explanation:
    """Why a recording has its score.

    Attributes:
        method: that made the map.
        waveform: ``(samples,)``, what was explained.
        sample_rate_hz: of it.
        score: calibrated log-likelihood ratio, higher = more bona fide.
        threshold: above which audio is called bona fide.
        empty_score: score with every cell taken away.
        values: the map ``(bins, columns)``: what each cell gives to the score, positive towards bona fide; of
            ``gradcam`` in no unit.
        bin_edges_hz: ``(bins + 1,)``.
        column_s: length of a column.
        patches: equal pieces of the map.
        regions: the strongest first.
        faithfulness: how well the map's order foretells the score.
        similarities: rank correlation of the map with those of networks with random weights.
    """

    method: Method
    waveform: NDArray[np.float32]
    sample_rate_hz: int
    score: float
    threshold: float
    empty_score: float
    values: NDArray[np.float64]
    bin_edges_hz: NDArray[np.float64]
    column_s: float
    patches: Patches
    regions: tuple[Region, ...]
    faithfulness: Faithfulness
    similarities: tuple[float, ...]

    @property
    def decision(self) -> str:
        """``bonafide`` or ``spoof``."""
        return "bonafide" if self.score > self.threshold else "spoof"

    @property
    def in_score_units(self) -> bool:
        """Whether the map's cells are shares of the score."""
        return self.method != "gradcam"

    @property
    def patch_sums(self) -> NDArray[np.float64]:
        """What the map gives to each patch ``(bands, segments)``."""
        return self.patches.sums(self.values)


def explain(
    detector: Detector,
    waveform: NDArray[np.float32],
    method: Method | None = None,
    *,
    calibration: Calibration | None = None,
    threshold: float = 0.0,
    seed: int = 0,
    draws: int = DRAWS,
    random_networks: int = RANDOM_NETWORKS,
) -> Explanation:
    """Explain the score of a recording of any length: the mean over its windows.

    Args:
        detector: in evaluation mode, on the CPU.
        waveform: ``(samples,)`` in [-1, 1], at the detector's sample rate.
        method: ``gradcam``, ``integrated-gradients`` or ``occlusion``; the detector's default when not given.
        calibration: of its scores; as they are when not given.
        threshold: calibrated score above which audio is called bona fide.
        seed: of random maps and random networks.
        draws: random maps that the map is held against.
        random_networks: that the map is held against.

    Raises:
        ValueError: the waveform is empty, silent or too short, or the method is not for such a detector.
    """
    method = method or default_method(detector)
    _require_fitting(detector, method)
    calibration = calibration or Calibration()
    clip = clip_of(detector, waveform, calibration)
    patches = patches_of(clip, *PATCH[kind_of(detector)])
    values = attribute(detector, clip, patches, method)
    sums = patches.sums(values)
    score, empty_score = clip.scores(np.stack([np.full((clip.bins, clip.columns), kept) for kept in (True, False)]))
    direction = 1 if score > threshold else -1
    others = [
        patches.sums(attribute(network, clip_of(network, waveform, calibration), patches, method))
        for network in (randomised(detector, seed + number) for number in range(random_networks))
    ]
    return Explanation(
        method=method,
        waveform=waveform,
        sample_rate_hz=detector.frontend.sample_rate_hz,
        score=float(score),
        threshold=threshold,
        empty_score=float(empty_score),
        values=values,
        bin_edges_hz=clip.bin_edges_hz,
        column_s=clip.column_s,
        patches=patches,
        regions=tuple(regions_of(clip, patches, sums)),
        faithfulness=faithfulness(clip, patches, sums, direction, np.random.default_rng(seed), draws),
        similarities=tuple(similarity(sums, other) for other in others),
    )


def default_method(detector: Detector) -> Method:
    """Return the method that is taken when none is named."""
    return "occlusion" if kind_of(detector) == "waveform" else "integrated-gradients"


def attribute(detector: Detector, clip: Clip, patches: Patches, method: Method) -> NDArray[np.float64]:
    """Return the map ``(bins, columns)`` of a clip, positive towards bona fide."""
    if method == "gradcam":
        return gradcam(clip, detector.network)
    if method == "occlusion":
        return occlusion(clip, patches)
    return integrated_gradients(clip)


def _require_fitting(detector: Detector, method: Method) -> None:
    if method not in METHODS:
        raise ValueError(f"found method {method!r}, expected one of {', '.join(METHODS)}")
    if method == "gradcam" and kind_of(detector) == "waveform":
        raise ValueError(
            f"Grad-CAM is for networks that read a spectrogram; {type(detector.network).__name__} reads what "
            f"{type(detector.frontend).__name__} gives, which has no axis of frequency: explain it by "
            "integrated-gradients or occlusion"
        )
