"""A run stands on the shelf as a registered version and a folder do, with its name and its mistakes."""

import pytest

from experiments import tracking
from experiments.cli import main as spooflab
from experiments.web.shelf import Shelf


def test_an_evaluated_run_is_taken_by_its_id(place, evaluated):
    shelf = Shelf([evaluated])
    taken = shelf.take(evaluated)
    assert taken.label == f"run {tracking.name_of(evaluated)}"
    assert taken.mistakes is not None
    assert f"spooflab report {evaluated}" in taken.card
    assert shelf.offered()[0] == evaluated
    assert shelf.take(evaluated).countermeasure is taken.countermeasure


def test_what_is_neither_run_nor_folder_nor_version_is_told(place):
    with pytest.raises(LookupError, match="no run 'nobody'"):
        Shelf(["nobody"]).take("nobody")


def test_a_run_that_was_not_evaluated_is_told_what_to_type(place, capsys):
    with tracking.run("bare") as run_id:
        pass
    assert spooflab(["app", "--model", run_id]) == 1
    assert f"spooflab evaluate --model {run_id}" in capsys.readouterr().err
