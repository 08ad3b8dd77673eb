"""The published scores of two countermeasures on ASVspoof 2019 LA eval give the published numbers."""

import pytest

from experiments.metrics import read_asv_scores
from lightning_modules.metrics.breakdown import by_attack
from lightning_modules.metrics.measures import measure
from lightning_modules.metrics.tdcf import TandemWeights
from lightning_modules.metrics.trials import SortedTrials, split_by_label
from tests.lightning_modules.metrics import asvspoof, reference

pytestmark = pytest.mark.realdata
# In percent, of the official toolkit's algorithm written naively; A17 is 23.5 and 13.5 (13.4490 to more digits).
EERS = {
    "softmax": "0.367 0.139 0.024 1.182 0.367 0.431 0.693 4.988 5.436 0.227 23.482 0.204 1.345",
    "amsoftmax": "0.221 0.065 0.017 0.635 0.024 0.530 0.268 0.506 0.693 0.506 13.449 4.271 0.856",
}


@pytest.fixture(scope="module")
def asv(realdata):
    """The official ASV scores."""
    return read_asv_scores(
        realdata / "asvspoof2019_la/ASVspoof2019_LA_asv_scores/ASVspoof2019.LA.asv.eval.gi.trl.scores.txt"
    )


def test_asv(asv):
    errors = asv.errors()
    assert round(100 * errors.eer, 4) == 2.4578
    assert round(errors.threshold, 6) == -5.680051
    assert round(errors.spoof_miss, 7) == 0.2393475
    v1, v2 = (TandemWeights.of(errors, version) for version in ("v1", "v2"))
    assert (round(v1.miss, 7), round(v1.false_acceptance, 7)) == (0.9150441, 0.3803262)
    floor = v2.floor / (v2.floor + min(v2.miss, v2.false_acceptance))
    assert round(floor, 7) == 0.0627329


@pytest.mark.parametrize(
    ("name", "eer", "v1", "v2", "min_dcf", "act_dcf", "cllr"),
    [
        ("softmax", 5.058, 0.1208, 0.1760, 0.1143, 1.00, 0.79),
        ("amsoftmax", 3.165, 0.0771, 0.1350, 0.0722, 1.00, 0.87),  # v1 is .077145; a table elsewhere has .0772
    ],
)
def test_pooled(realdata, asv, name, eer, v1, v2, min_dcf, act_dcf, cllr):
    file = asvspoof.load(realdata, name)
    found = measure(SortedTrials.of(*split_by_label(file.scores, file.labels)), asv.errors())
    assert (found.bonafide, found.spoof) == (7355, 63882)
    assert round(100 * found.eer, 3) == eer
    assert (round(found.min_tdcf_v1, 4), round(found.min_tdcf_v2, 4)) == (v1, v2)
    assert found.min_tdcf_v1 == pytest.approx(reference.min_tdcf_v1(file.scores, file.labels, asv.errors()), abs=1e-12)
    assert round(found.min_dcf, 4) == min_dcf
    assert (round(found.act_dcf, 2), round(found.cllr, 2)) == (act_dcf, cllr)


@pytest.mark.parametrize("name", EERS)
def test_by_attack(realdata, asv, name):
    file = asvspoof.load(realdata, name)
    found = by_attack(file.scores, file.labels, file.attacks, asv.errors)
    assert list(found) == [f"A{number:02d}" for number in range(7, 20)]
    assert " ".join(f"{100 * row.eer:.3f}" for row in found.values()) == EERS[name]
    assert all(row.min_tdcf_v1 is not None for row in found.values())
