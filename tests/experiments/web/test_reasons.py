"""Regions that move nothing are not listed, and where none speaks for the verdict it is said."""

import dataclasses

import pytest

from datamodules.audio import decode
from experiments.explain import explain_waveform
from experiments.inference import Countermeasure
from experiments.web.examples import examples
from experiments.web.reasons import missing, reasons, telling
from lightning_modules.explanations.regions import Region
from tests.encodings import RATE_HZ
from tests.served import tiny_countermeasure


@pytest.fixture(scope="module")
def explained(tiny_corpus, tmp_path_factory):
    """What speaks for and against, of a real recording."""
    model = Countermeasure.load(tiny_countermeasure(tmp_path_factory.mktemp("model")))
    return explain_waveform(model, decode(examples(tiny_corpus)[0].path, RATE_HZ)[:RATE_HZ])


def with_effects(explained, score, *effects):
    regions = tuple(Region(0.0, 0.1, 0.0, 500.0, effect) for effect in effects)
    return telling(dataclasses.replace(explained, score=score, threshold=0.0, regions=regions))


def test_what_moves_nothing_is_neither_listed_nor_drawn(explained):
    found = with_effects(explained, 1.0, 0.3, -0.004, 0.0049, -0.2)
    assert [region.effect for region in found.regions] == [0.3, -0.2]
    assert len(reasons(found)) == 2


@pytest.mark.parametrize(("score", "effects"), [(1.0, (0.3, -0.4)), (-1.0, (0.3, -0.4)), (1.0, (0.2,))])
def test_where_a_region_speaks_for_the_verdict_nothing_is_missing(explained, score, effects):
    assert missing(with_effects(explained, score, *effects)) is None


@pytest.mark.parametrize(
    ("score", "effects", "verdict", "other"),
    [(-3.0, (0.3, 0.2, 0.1), "a synthetic voice", "bona fide"), (3.0, (-0.3, 0.004), "a real voice", "spoof")],
)
def test_where_all_speak_for_the_other_side_it_is_said(explained, score, effects, verdict, other):
    told = missing(with_effects(explained, score, *effects))
    assert f"No single region was found that speaks for the verdict, {verdict}" in told
    assert f"those below speak for {other}" in told


def test_where_none_moves_the_score_it_is_said(explained):
    assert "none moves the score" in missing(with_effects(explained, 1.0, 0.001))
