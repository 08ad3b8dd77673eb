"""A machine joins a sweep if it has what the sweep was launched with."""

import pytest

from experiments import sweep_runs
from experiments.cli import main as spooflab
from sweeps.join import refuse_other_data
from sweeps.launch import launch
from sweeps.study import DATA, DEFAULT_STORAGE, IDENTITY, settled
from tests.sweeps.wreckage import assert_accounted_for


@pytest.fixture
def left_alone(quick_space, monkeypatch):
    """A sweep that was launched, and whose trials wait for others."""
    monkeypatch.setattr("sweeps.engine.run_crew", lambda members, study, update: None)
    return lambda name: launch(quick_space(name), name, 2)


def join(name: str, *more: str) -> int:
    return spooflab(["sweep", "worker", "--name", name, "--storage", DEFAULT_STORAGE, *more])


@pytest.mark.slow
def test_a_worker_joins_by_name_and_storage_alone(left_alone, place, capsys):
    study = left_alone("joined")
    assert settled(study) == []
    assert join("joined", "--workers", "2") == 0
    assert "2 of 2 trials ended" in capsys.readouterr().out
    assert_accounted_for(study, sweep_runs.sweep("joined").info.run_id, 2)


def test_another_corpus_another_space_another_store_are_refused(left_alone, place, capsys, monkeypatch):
    study = left_alone("refused")
    digest, identity = (study.user_attrs[name] for name in (DATA, IDENTITY))
    study.set_user_attr(DATA, "0" * 64)
    assert join("refused") == 1
    told = capsys.readouterr().err
    assert f"found digest {digest[:12]}" in told
    assert "expected 000000000000" in told
    study.set_user_attr(DATA, digest)

    study.set_user_attr(IDENTITY, identity.replace('"data.crop_s": 1.0', '"data.crop_s": 2.5'))
    assert join("refused") == 1
    assert "data.crop_s: 2.5 -> 1.0" in capsys.readouterr().err
    study.set_user_attr(IDENTITY, identity)

    study.set_user_attr("parent", "f" * 32)
    assert join("refused") == 1
    assert "set MLFLOW_TRACKING_URI" in capsys.readouterr().err
    assert settled(study) == []


def test_a_sweep_that_nobody_launched_is_refused(place, capsys):
    assert join("nobody's") == 1
    assert 'no sweep "nobody\'s"' in capsys.readouterr().err


def test_the_same_corpus_is_not(tiny_corpus):
    from datamodules.corpora.asvspoof2019 import asvspoof2019_la

    corpus = asvspoof2019_la(str(tiny_corpus))
    refuse_other_data("s", corpus, corpus.digest)
    with pytest.raises(ValueError, match="copy the launcher's"):
        refuse_other_data("s", corpus, "0" * 64)
