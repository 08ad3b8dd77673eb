"""Several corpora in, one manifest out, with the share that each is to have of the training draws."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from datamodules.manifest import Manifest, ManifestError, shorten
from datamodules.tables import collector_paused


def mixture(corpora: list[Manifest], weights: list[float] | None = None, name: str = "mixture") -> Manifest:
    """Mix corpora: utterances become ``corpus/utterance``, speakers keep their names.

    Speakers are not renamed because corpora share some: ASVspoof 2019 and 2021 are both made from VCTK, and a speaker
    who trains in one and is judged in the other leaks.

    Args:
        corpora: each with a name of its own; in YAML functions of ``datamodules.corpora``.
        weights: share of each corpus in the training draws, in any unit; 0 for those that are not trained on. When not
            given each is drawn as often as it has trials.
        name: what reports call the mixture.

    Raises:
        ManifestError: two corpora of one name, a mixture in the mixture, or weights that cannot be.
        LeakageError: a speaker is in more than one partition.
    """
    _check_names(corpora)
    with collector_paused():
        trials = [
            replace(trial, utterance=f"{corpus.name}/{trial.utterance}", corpus=corpus.name)
            for corpus in corpora
            for trial in corpus
        ]
    notes = [note for corpus in corpora for note in corpus.notes]
    manifest = Manifest(trials, name, None if weights is None else _shares(corpora, weights), notes=notes)
    manifest.check_disjoint()
    return manifest


def _check_names(corpora: Sequence[Manifest]) -> None:
    repeated = [name for name, times in Counter(corpus.name for corpus in corpora).items() if times > 1]
    if repeated:
        raise ManifestError(
            f"found several corpora of one name ({shorten(repeated)}), expected a name for each; give them with `name`"
        )
    mixed = [corpus.name for corpus in corpora if len({trial.corpus for trial in corpus}) > 1]
    if mixed:
        raise ManifestError(
            f"found mixtures to mix ({shorten(mixed)}), expected corpora; name all corpora in one mixture"
        )


def _shares(corpora: Sequence[Manifest], weights: Sequence[float]) -> Mapping[str, float]:
    told = ", ".join(corpus.name for corpus in corpora)
    if len(weights) != len(corpora):
        raise ManifestError(
            f"found {len(weights)} weights, expected one for each of the {len(corpora)} corpora: {told}"
        )
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights) or not sum(weights):
        raise ManifestError(f"found the weights {weights}, expected numbers from 0 that are not all 0, for {told}")
    for corpus, weight in zip(corpora, weights, strict=True):
        if weight and not corpus.partition("train"):
            raise ManifestError(
                f"{corpus.name}: found the weight {weight:g} but no trials in train; give it the weight 0, or `shares` "
                f"with a part for train"
            )
    return {corpus.name: weight / sum(weights) for corpus, weight in zip(corpora, weights, strict=True)}
