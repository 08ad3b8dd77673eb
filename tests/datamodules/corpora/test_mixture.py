"""Mixtures keep apart what corpora call alike, keep together who speaks in both, and weigh as told."""

from collections import Counter
from pathlib import Path

import pytest

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from datamodules.corpora.in_the_wild import in_the_wild
from datamodules.corpora.mixture import mixture
from datamodules.datamodule import DeepfakeDataModule
from datamodules.manifest import LeakageError, Manifest, ManifestError, Trial


def corpus(name: str, speaker: str = "-", partition: str = "train") -> Manifest:
    return Manifest([Trial("U1", Path("x"), speaker, "-", "bonafide", partition, corpus=name)], name)


def test_utterances_are_told_apart_by_corpus():
    mixed = mixture([corpus("one"), corpus("two")])
    assert [(t.utterance, t.corpus) for t in mixed] == [("one/U1", "one"), ("two/U1", "two")]
    assert (mixed.name, mixed.weights) == ("mixture", {})


def test_weights_become_shares():
    mixed = mixture([corpus("one"), corpus("two"), corpus("judged", partition="eval")], weights=[3, 1, 0])
    assert mixed.weights == {"one": 0.75, "two": 0.25, "judged": 0.0}


def test_a_speaker_of_two_corpora_leaks():
    with pytest.raises(LeakageError, match=r"LA_0009 in eval\+train"):
        mixture([corpus("2019", "LA_0009"), corpus("2021", "LA_0009", "eval")])


@pytest.mark.parametrize(
    ("names", "weights", "message"),
    [
        (("one", "one"), None, r"found several corpora of one name \(one\).*give them with `name`"),
        (("one", "two"), [1], "found 1 weights, expected one for each of the 2 corpora: one, two"),
        (("one", "two"), [1, -1], r"found the weights \[1, -1\]"),
        (("one", "two"), [0, 0], "not all 0"),
        (("one", "two"), [1, float("nan")], "found the weights"),
    ],
)
def test_what_cannot_be_mixed(names, weights, message):
    with pytest.raises(ManifestError, match=message):
        mixture([corpus(name) for name in names], weights)


def test_weight_without_training_trials_and_mixtures_of_mixtures_are_refused():
    with pytest.raises(ManifestError, match=r"judged: found the weight 0\.5 but no trials in train"):
        mixture([corpus("one"), corpus("judged", partition="eval")], [0.5, 0.5])
    with pytest.raises(ManifestError, match=r"found mixtures to mix \(inner\)"):
        mixture([corpus("one"), mixture([corpus("two"), corpus("three")], name="inner")])


def test_training_draws_have_the_weights(miniature, tmp_path):
    shares = {"train": 0.7, "dev": 0.15, "eval": 0.15}
    wild = in_the_wild(str(miniature("in_the_wild", tmp_path / "wild")), shares)
    studio = asvspoof2019_la(str(miniature("asvspoof2019_la", tmp_path / "studio")))
    mixed = mixture([wild, studio], weights=[0.9, 0.1])
    module = DeepfakeDataModule(mixed, crop_s=0.5, batch_size=7, cache_dir=str(tmp_path), balanced=True)
    loader = module.train_dataloader()
    drawn: Counter[str] = Counter()
    for epoch in range(100):
        loader.sampler.set_epoch(epoch)
        drawn.update(mixed.partition("train")[draw.row].corpus for draw in loader.sampler)
    assert drawn["in_the_wild"] / drawn.total() == pytest.approx(0.9, abs=0.04)
    assert {name.split("/")[0] for batch in loader for name in batch["utterance"]} <= {"in_the_wild", "studio"}
