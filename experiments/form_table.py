"""A detector, names of forms and trials in, a row for each form out: its size, its speed, its cost in errors.

All forms are timed in turns: on one thread, from the waveform of 4 s of speech to its score, in the windows that it is
deployed with. Latencies have in them whatever else the machine does; speeds are of processor time, and have not.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from torch import Tensor

from datamodules.audio import decode
from datamodules.manifest import Trial
from datamodules.threads import one_thread
from experiments.inference_cost import CLIP_S, size_mb
from experiments.scored_trials import ScoredTrials
from lightning_modules.detector import Detector
from lightning_modules.export.form import Form, RefusedError
from lightning_modules.export.forms import Maker
from lightning_modules.export.parity import EXACT, require_parity
from lightning_modules.metrics.bootstrap import bootstrap_difference
from lightning_modules.metrics.eer import equal_error_rate
from lightning_modules.metrics.trials import split_by_label
from lightning_modules.scoring import cut_windows, score_waveform, window_starts

TORCH, FEATURES = "torch", "features alone"
TURNS, CALIBRATION_WINDOWS = 30, 64
_BYTES_PER_MB = 1_000_000
_WARM_UP = 3

Scorer = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Row:
    """What a form is and does. What does not apply to a row is none. Rates are fractions.

    Attributes:
        form: its name; ``torch`` is the detector itself, ``features alone`` its frontend.
        size_mb: of its file; of the weights for ``torch``.
        p50_ms: median time for 4 s of speech, by the clock.
        p95_ms: 95th percentile.
        cpu_ms: median processor time.
        times_real_time: how often the processor time goes into the speech's length.
        speedup: against ``torch``, in processor time, the median over the turns.
        max_delta: largest difference of a trial's calibrated score from that of ``torch``.
        eer: legacy.
        eer_grouped: ties rejected together.
        tie_rate: share of the trials whose score another has as well.
        eer_difference: from that of ``torch``.
        eer_low: lower end of its 95 % interval, by a paired bootstrap.
        eer_high: upper end.
        unit: what was drawn.
        samples: of the only windows that it takes; none where it takes any.
        opset: of ONNX.
        refused: why there is no such form; empty where there is.
    """

    form: str
    size_mb: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    cpu_ms: float | None = None
    times_real_time: float | None = None
    speedup: float | None = None
    max_delta: float | None = None
    eer: float | None = None
    eer_grouped: float | None = None
    tie_rate: float | None = None
    eer_difference: float | None = None
    eer_low: float | None = None
    eer_high: float | None = None
    unit: str | None = None
    samples: int | None = None
    opset: int | None = None
    refused: str = ""


@dataclass(frozen=True)
class Compared:
    """The forms of a detector.

    Attributes:
        rows: ``torch`` first, then its features alone, then the forms in the order that they were asked for in.
        forms: those that there are, by their names.
        trials: that errors are of.
        windows: that 4 s of speech are scored in.
    """

    rows: Sequence[Row]
    forms: dict[str, Form]
    trials: int
    windows: int


def tabulate(
    detector: Detector,
    names: Sequence[str],
    trials: Sequence[Trial],
    training: Sequence[Trial],
    folder: Path,
    *,
    turns: int = TURNS,
    errors: bool = True,
    facts: Mapping[str, str] | None = None,
    calibration_scale: float = 1.0,
) -> Compared:
    """Make forms of a detector, score trials with each, and time each.

    Args:
        detector: in evaluation mode, on the CPU.
        names: of the forms.
        trials: of dev or eval; of both classes.
        training: trials of train, which static quantization is calibrated on.
        folder: of the forms' files.
        turns: that times are of.
        errors: measure the error rates; not of a detector that was never trained.
        facts: that files of ONNX are to tell of themselves.
        calibration_scale: that scores are multiplied by to be log-likelihood ratios; differences are told of these.

    Raises:
        ValueError: there is no such form.
    """
    rate_hz = detector.specifications.sample_rate_hz
    maker = Maker(detector, folder, lambda: training_windows(detector, training), facts or {})
    with one_thread():
        waveforms = [decode(trial.path, rate_hz) for trial in trials]
        shown = track(names, "making forms", console=Console(stderr=True))
        made = {name: _made(maker, name, waveforms) for name in shown}
        forms = {name: form for name, form in made.items() if isinstance(form, Form)}
        expected = _scores(detector, None, waveforms, TORCH)
        scores = {name: _scores(detector, form.score, waveforms, name) for name, form in forms.items()}
        clip = np.resize(waveforms[0], round(CLIP_S * rate_hz))
        taken = _times(detector, forms, clip, turns)
    reference = ScoredTrials.of(trials, expected, np.zeros(len(trials)))
    rows = [
        Row(TORCH, size_mb=size_mb(detector), **_speed(taken, TORCH), **_errors(reference, None, errors=errors)),
        Row(FEATURES, **_speed(taken, FEATURES)),
    ]
    for name, form in made.items():
        if isinstance(form, RefusedError):
            rows.append(Row(name, refused=str(form)))
            continue
        found = reference.with_scores(scores[name])
        delta = abs(calibration_scale) * float(np.abs(scores[name] - expected).max())
        size = form.bytes / _BYTES_PER_MB
        more = {**_speed(taken, name), **_errors(found, reference, errors=errors)}
        rows.append(Row(name, size_mb=size, max_delta=delta, samples=form.samples, opset=form.opset, **more))
    return Compared(rows, forms, len(trials), len(_starts(detector, len(clip))))


def training_windows(detector: Detector, training: Sequence[Trial]) -> NDArray[np.float32]:
    """Cut the first window of each of some training utterances, from all over them: ``(windows, samples)``.

    Raises:
        ValueError: there are none.
    """
    if not training:
        raise ValueError("static quantization is calibrated on training speech, and there is none: name a --config")
    rate_hz = detector.specifications.sample_rate_hz
    places = np.linspace(0, len(training) - 1, min(CALIBRATION_WINDOWS, len(training))).round().astype(int)
    samples = round(detector.crop_s * rate_hz)
    return np.stack([np.resize(decode(training[place].path, rate_hz), samples) for place in places])


def _made(maker: Maker, name: str, speech: Sequence[NDArray[np.float32]]) -> Form | RefusedError:
    try:
        form = maker.make(name)
        if name in EXACT:
            require_parity(form, maker.detector, speech)
    except RefusedError as error:
        return error
    return form


def _scores(
    detector: Detector, score: Scorer | None, waveforms: Sequence[NDArray[np.float32]], title: str
) -> NDArray[np.float64]:
    shown = track(waveforms, f"scoring, {title}", console=Console(stderr=True))
    return np.array([score_waveform(detector, waveform, score=score).score for waveform in shown])


def _starts(detector: Detector, samples: int) -> NDArray[np.int64]:
    window = round(detector.crop_s * detector.specifications.sample_rate_hz)
    return window_starts(samples, window, window // 2)


def _times(
    detector: Detector, forms: dict[str, Form], clip: NDArray[np.float32], turns: int
) -> dict[str, NDArray[np.float64]]:
    """Seconds of each turn by the clock and of the processor ``(2, turns)``, by the names of what was timed."""
    window = round(detector.crop_s * detector.specifications.sample_rate_hz)
    windows = torch.from_numpy(cut_windows(clip, _starts(detector, len(clip)), window))

    def features() -> None:
        with torch.inference_mode():
            for one in windows.split(1):
                detector.normalisation(detector.extract(one))

    ways: dict[str, Callable[[], object]] = {TORCH: lambda: score_waveform(detector, clip), FEATURES: features}
    ways |= {name: _way(detector, clip, form.score) for name, form in forms.items()}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in track(range(turns + _WARM_UP), "timing", console=Console(stderr=True)):
        for name, way in ways.items():
            start, start_cpu = time.perf_counter(), time.process_time()
            way()
            taken[name].append((time.perf_counter() - start, time.process_time() - start_cpu))
    return {name: np.array(seconds[_WARM_UP:]).T for name, seconds in taken.items()}


def _way(detector: Detector, clip: NDArray[np.float32], score: Scorer) -> Callable[[], object]:
    return lambda: score_waveform(detector, clip, score=score)


def _speed(taken: dict[str, NDArray[np.float64]], name: str) -> dict[str, Any]:
    (middle, late), cpu = np.quantile(taken[name][0], [0.5, 0.95]), taken[name][1]
    return {
        "p50_ms": float(1000 * middle),
        "p95_ms": float(1000 * late),
        "cpu_ms": float(1000 * np.median(cpu)),
        "times_real_time": float(CLIP_S / np.median(cpu)),
        "speedup": None if name == FEATURES else float(np.median(taken[TORCH][1] / cpu)),
    }


def _errors(scored: ScoredTrials, reference: ScoredTrials | None, *, errors: bool) -> dict[str, Any]:
    if not errors:
        return {}
    classes = split_by_label(scored.scores, scored.labels)
    _, counts = np.unique(scored.scores, return_counts=True)
    rates: dict[str, Any] = {
        "eer": equal_error_rate(*classes).eer,
        "eer_grouped": equal_error_rate(*classes, variant="grouped").eer,
        "tie_rate": float(counts[counts > 1].sum() / counts.sum()),
    }
    if reference is None:
        return rates
    found = bootstrap_difference(scored.scores, reference.scores, scored.labels, scored.resampling_units)
    return {
        **rates,
        "eer_difference": found.difference,
        "eer_low": found.low,
        "eer_high": found.high,
        "unit": found.unit,
    }
