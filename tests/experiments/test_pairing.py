"""A difference is called better or worse where it is more than chance, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.pairing import ALPHA, enough, pair
from experiments.scored_trials import ScoredTrials


def made(seed: int, speakers: int = 0, trials: int = 60) -> ScoredTrials:
    """Bona fide trials and two attacks, drawn from two normal distributions."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([1, 0, 0], trials)
    return ScoredTrials(
        utterances=[f"u{row}" for row in range(labels.size)],
        scores=rng.normal(1.5 * labels),
        labels=labels,
        attacks=np.repeat(["-", "easy", "hard"], trials).tolist(),
        speakers=[f"s{row % speakers}" for row in range(labels.size)] if speakers else None,
        codecs=None,
        durations_s=None,
    )


def shifted(scored: ScoredTrials, attack: str, by: float) -> ScoredTrials:
    rows = np.array([name == attack for name in scored.attacks])
    return scored.with_scores(scored.scores + by * rows)


@pytest.mark.parametrize("speakers", [0, 20])
def test_only_the_attack_that_changed_is_marked(speakers):
    first = made(0, speakers)
    worse, better = (pair(first, [shifted(first, "hard", by)], 300)[0] for by in (1.0, -2.0))
    assert (worse.attacks["hard"].verdict, better.attacks["hard"].verdict) == ("worse", "better")
    for found in (worse, better):
        assert found.attacks["easy"].verdict == "undecided"
        assert found.attacks["easy"].difference.difference == 0
    assert worse.pooled.verdict == "worse"
    assert worse.pooled.difference.unit == ("speaker" if speakers else "trial")


def test_of_alike_systems_hardly_any_is_marked():
    first, rng = made(1), np.random.default_rng(2)
    noisy = [first.with_scores(first.scores + 0.05 * rng.normal(size=first.scores.size)) for _ in range(3)]
    verdicts = [one.verdict for found in pair(first, noisy, 300) for one in (found.pooled, *found.attacks.values())]
    assert verdicts == ["undecided"] * 9


def test_every_attack_may_be_significant_however_many_there_are():
    assert enough(100, 40) == 1600
    first = made(3)
    many = replace(first, attacks=[name if name == "-" else f"{row % 12}" for row, name in enumerate(first.attacks)])
    found = pair(many, [many.with_scores(many.scores + 20 * (many.labels == 0))], resamples=100)[0]
    assert len(found.attacks) == 12
    assert {one.verdict for one in found.attacks.values()} == {"worse"}
    assert max(one.p_value for one in found.attacks.values()) <= ALPHA


def test_p_values_are_adjusted_to_the_number_of_questions():
    first = made(4)
    found = pair(first, [shifted(first, "hard", 0.3)], 300)[0]
    apart = {name: one.difference.p_value for name, one in found.attacks.items()}
    least = min(apart, key=apart.__getitem__)
    assert found.attacks[least].p_value == pytest.approx(min(1, 2 * apart[least]))


def test_an_attack_of_one_speaker_is_not_asked_about_by_speaker():
    first = made(5, speakers=10)
    speakers = [
        "alone" if name in ("-", "hard") else speaker
        for name, speaker in zip(first.attacks, first.speakers, strict=True)
    ]
    one_voice = replace(first, speakers=["b" if row % 2 else "a" for row in range(60)] + speakers[60:])
    assert one_voice.resampling_units is not None
    assert pair(one_voice, [one_voice.with_scores(-one_voice.scores)], 300)[0].attacks.keys() == {"easy"}
