"""A candidate's run and the champion in, how much worse the candidate is on the same trials out: a paired bootstrap."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datamodules.manifest import Manifest
from experiments import registry, tracking
from experiments.evaluate import evaluated_tag
from experiments.evidence_files import SCORES_FILE
from experiments.score_files import read_scores
from experiments.scored_trials import ScoredTrials
from lightning_modules.metrics.bootstrap import Difference, bootstrap_difference

PARTITION = "eval"
_LEVEL = 0.90  # of an interval whose upper end alone is used: a difference is below that with 95 % confidence


@dataclass(frozen=True)
class Comparison:
    """A candidate beside the champion.

    Attributes:
        version: of the champion.
        difference: of the candidate's EER from the champion's; ``high`` is its upper bound with 95 % confidence. None
            where the two were not scored on the same trials.
        remedy: what to type for it.
    """

    version: str
    difference: Difference | None
    remedy: str = ""


def compare(run_id: str, corpus: Manifest, name: str) -> Comparison | None:
    """Compare a run with the champion on eval of a corpus; none where there is no champion.

    Speakers are drawn where the corpus names them, trials otherwise; both systems are measured on every resample.

    Args:
        run_id: of the candidate, evaluated on the corpus.
        corpus: that both are judged on.
        name: of the registered model.
    """
    version = registry.holder(name, registry.CHAMPION)
    if version is None:
        return None
    champion = str(registry.version_of(f"models:/{name}/{version}").run_id)
    return against(run_id, champion, corpus, f"models:/{name}@{registry.CHAMPION}", version)


def against(run_id: str, other: str, corpus: Manifest, name: str, version: str = "") -> Comparison:
    """Compare a run with another on eval of a corpus.

    Args:
        run_id: of the candidate.
        other: run that it is compared with.
        corpus: that both are judged on.
        name: of the other, for the command that would evaluate it.
        version: of the other, if it is one.
    """
    for one, whose in ((run_id, run_id), (other, name)):
        if tracking.get(one).data.tags.get(evaluated_tag(PARTITION)) != corpus.digest:
            remedy = (
                f"{whose} was evaluated on other data: run `spooflab evaluate --model {whose} --config C` with a "
                f"config C of {corpus.name}"
            )
            return Comparison(version, None, remedy)
    trials = corpus.partition(PARTITION)
    ours = ScoredTrials.of(trials, _scores(run_id, corpus), np.zeros(len(trials)))
    difference = bootstrap_difference(
        ours.scores, _scores(other, corpus), ours.labels, ours.resampling_units, level=_LEVEL
    )
    return Comparison(version, difference)


def _scores(run_id: str, corpus: Manifest) -> NDArray[np.float64]:
    """What a run's evaluation says of the trials, in the corpus's order."""
    file = read_scores(tracking.fetch(run_id, f"evaluation/{PARTITION}/{SCORES_FILE}"))
    score_of = dict(zip(file.utterances, file.scores, strict=True))
    return np.array([score_of[trial.utterance] for trial in corpus.partition(PARTITION)])
