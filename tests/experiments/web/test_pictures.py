"""In pictures of a comparison the models stand in the order of the words."""

import dataclasses

from experiments.explanation_picture import LIGHT
from experiments.web.pictures import scale, timeline
from tests.verdicts import VERDICT

BOTH = {"first": VERDICT, "second": dataclasses.replace(VERDICT, score=1.0, decision="bonafide")}


def test_the_first_model_is_on_top():
    figure = scale(BOTH, LIGHT)
    figure.draw_without_rendering()
    tops = [text.get_window_extent().y0 for text in figure.axes[0].texts]
    assert [text.get_text().strip() for text in figure.axes[0].texts] == list(BOTH)
    assert tops[0] > tops[1]


def test_the_names_of_two_models_cover_none_of_their_scores():
    figure = timeline(BOTH, LIGHT)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    legend = axes.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == list(BOTH)
    assert legend.get_window_extent().y0 >= axes.get_window_extent().y1
    assert timeline({"first": VERDICT}, LIGHT).axes[0].get_legend() is None
