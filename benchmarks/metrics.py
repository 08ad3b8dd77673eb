"""How fast metrics are, against the published way: concatenate all scores, sort them stably, count along."""

import tracemalloc
from collections.abc import Callable

import numpy as np
from _claims import Claim, main, processor_seconds, speedup
from numpy.typing import NDArray

from lightning_modules.metrics.bootstrap import bootstrap_eer
from lightning_modules.metrics.breakdown import by_attack
from lightning_modules.metrics.eer import equal_error_rate
from lightning_modules.metrics.measures import measure
from lightning_modules.metrics.trials import SortedTrials

Scores = NDArray[np.float64]
EVAL = (7_355, 63_882)  # ASVspoof 2019 LA eval: bona fide, spoof
MILLION = (103_000, 897_000)  # the same share
SPEAKERS, ATTACKS = 67, 13
RESAMPLES = 1000


def trials(bonafide: int, spoof: int) -> tuple[Scores, Scores]:
    """Normal scores of an EER of about 5 %, in no order."""
    rng = np.random.default_rng(0)
    return rng.normal(3.3, 1, bonafide), rng.normal(0, 1, spoof)


def published(bonafide: Scores, spoof: Scores) -> tuple[float, float]:
    """EER and threshold as the challenges' own toolkits compute them."""
    scores = np.concatenate((bonafide, spoof))
    labels = np.repeat([1.0, 0.0], [bonafide.size, spoof.size])
    order = np.argsort(scores, kind="mergesort")
    below = np.cumsum(labels[order])
    thresholds = np.append(scores[order[0]] - 0.001, scores[order])
    frr = np.append(0, below / bonafide.size)
    far = np.append(1, (spoof.size - (np.arange(1, scores.size + 1) - below)) / spoof.size)
    best = np.argmin(np.abs(frr - far))
    return float(frr[best] + far[best]) / 2, float(thresholds[best])


def naive_bootstrap(bonafide: Scores, spoof: Scores, resamples: int) -> None:
    """Resample, concatenate, sort, count."""
    rng = np.random.default_rng(0)
    for _ in range(resamples):
        published(rng.choice(bonafide, bonafide.size), rng.choice(spoof, spoof.size))


def claims(quick: bool) -> list[Claim]:
    """Measure every claim."""
    turns = 5 if quick else 25
    few = 20 if quick else 200
    bonafide, spoof = trials(*EVAL)
    many = trials(*MILLION)
    if equal_error_rate(bonafide, spoof) != published(bonafide, spoof):
        raise SystemExit("the two ways do not give the same EER: there is nothing to compare")
    scores, labels = np.concatenate((bonafide, spoof)), np.repeat([1, 0], EVAL)
    rng = np.random.default_rng(0)
    speakers = rng.integers(SPEAKERS, size=scores.size).astype(str).tolist()
    attacks = rng.integers(ATTACKS, size=scores.size).astype(str).tolist()

    def everything() -> None:
        measure(SortedTrials.of(bonafide, spoof))
        by_attack(scores, labels, attacks)

    speaker_s = processor_seconds(lambda: bootstrap_eer(scores, labels, speakers, resamples=RESAMPLES), 3)
    return [
        Claim(
            "EER of 71,237 trials, against concatenating and merge-sorting",
            speedup(lambda: equal_error_rate(bonafide, spoof), lambda: published(bonafide, spoof), 4 * turns),
            8,
        ),
        Claim(
            "EER of 1,000,000 trials, against the same",
            speedup(lambda: equal_error_rate(*many), lambda: published(*many), turns),
            10,
        ),
        Claim(
            "1,000 bootstrap resamples of 71,237 trials, against resampling and sorting each",
            speedup(
                lambda: bootstrap_eer(scores, labels, resamples=RESAMPLES),
                lambda: naive_bootstrap(bonafide, spoof, few),
                turns=3,
                ours_per=RESAMPLES,
                theirs_per=few,
            ),
            50,
        ),
        Claim("1,000 resamples of 67 speakers, in 10 s of processor time", 10 / speaker_s, 1),
        Claim(
            "all measures of 71,237 trials and of each of 13 attacks, in 1 s of processor time",
            1 / processor_seconds(everything, 3),
            1,
        ),
        Claim("memory of four times the trials, in units of four times the memory", _linearity(everything_of), 0.9),
    ]


def everything_of(factor: int) -> None:
    """All measures and an interval of so many times the trials."""
    bonafide, spoof = trials(*(factor * size for size in EVAL))
    measure(SortedTrials.of(bonafide, spoof))
    bootstrap_eer(np.concatenate((bonafide, spoof)), np.repeat([1, 0], [bonafide.size, spoof.size]), resamples=100)


def _linearity(work: Callable[[int], None]) -> float:
    peaks = []
    for factor in (1, 4):
        tracemalloc.start()
        work(factor)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return 4 * peaks[0] / peaks[1]


if __name__ == "__main__":
    main(claims, __doc__ or "")
