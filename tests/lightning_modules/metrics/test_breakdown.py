"""Each attack is judged against all bona fide trials."""

import pytest

from lightning_modules.metrics.breakdown import per_attack_eer
from tests.lightning_modules.metrics import asvspoof


def test_each_attack_against_all_bona_fide():
    scores = [3.0, 4.0, 0.0, 1.0, 5.0, 6.0]
    labels = [1, 1, 0, 0, 0, 0]
    attacks = ["-", "-", "A02", "A02", "A01", "A01"]
    assert per_attack_eer(scores, labels, attacks) == {"A01": 1.0, "A02": 0.0}


def test_lengths_and_labels_must_fit():
    with pytest.raises(ValueError, match="found 1 attacks for 2 scores"):
        per_attack_eer([1.0, 0.0], [1, 0], ["-"])
    with pytest.raises(ValueError, match="expected 1 for bona fide and 0 for spoof"):
        per_attack_eer([1.0, 0.0], [1, 2], ["-", "A01"])


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "a17_percent"), [("softmax", 23.482), ("amsoftmax", 13.449)])
def test_golden_attacks(realdata, name, a17_percent):
    file = asvspoof.load(realdata, name)
    eers = per_attack_eer(file.scores, file.labels, file.attacks)
    assert list(eers) == [f"A{number:02d}" for number in range(7, 20)]
    assert round(100 * eers["A17"], 3) == a17_percent
    assert max(eers, key=eers.get) == "A17"
