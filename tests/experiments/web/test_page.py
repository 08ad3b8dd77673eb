"""The page judges, explains, compares and refuses; it loads nothing from elsewhere."""

import re
import shutil
import urllib.request
from pathlib import Path

import gradio as gr
import numpy as np
import pytest

from datamodules.audio import decode
from experiments import app
from experiments.cli import main as spooflab
from experiments.threads import VARIABLE
from experiments.web import page as the_page
from experiments.web.examples import examples
from experiments.web.shelf import Shelf
from tests.encodings import RATE_HZ, by_libsndfile
from tests.served import tiny_countermeasure


@pytest.fixture
def models(tmp_path, monkeypatch):
    """Two models in folders, and an empty registry."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    return [str(tiny_countermeasure(tmp_path, seed)) for seed in range(2)]


@pytest.fixture
def shelf(models):
    return Shelf(models)


def test_a_recording_is_judged_and_explained(shelf, models, tiny_corpus):
    recording = str(examples(tiny_corpus)[0].path)
    verdict, next_up, explained = the_page._judge(shelf, "", recording, models[0], the_page._ALONE)
    score = shelf.take(models[0]).countermeasure.judge(recording).score
    assert f"{score:+.2f}".replace("-", "−") in verdict
    assert verdict.count("<img") == 4  # scale and timeline, by day and by night
    assert "reasons" in next_up
    why = the_page._explain(shelf, recording, models[0], explained)
    assert "How far to trust" in why
    assert why.count("<img") == 4
    assert not re.findall(r'(?:src|href)="http', verdict + why)


def test_a_long_recording_has_its_verdict_and_is_told_where_reasons_are(
    shelf, models, tiny_corpus, tmp_path, monkeypatch
):
    speech = decode(examples(tiny_corpus)[0].path, RATE_HZ)
    long = tmp_path / "long.wav"
    long.write_bytes(by_libsndfile(np.tile(speech, 1 + int(31 * RATE_HZ / len(speech))), "WAV", "PCM_16"))
    monkeypatch.setattr(the_page, "explain_recording", lambda *_, **__: pytest.fail("it was explained"))
    verdict, why, explained = the_page._judge(shelf, "", str(long), models[0], the_page._ALONE)
    assert verdict.count("<img") == 4
    assert "up to 30 s" in why
    assert "spooflab explain FILE" in why
    assert the_page._explain(shelf, str(long), models[0], explained) == gr.skip()


def test_lists_of_models_are_open_only_where_the_focus_is(shelf, models):
    lists = [block for block in the_page.page(shelf, [], models[0]).blocks.values() if isinstance(block, gr.Dropdown)]
    assert [block.elem_classes for block in lists] == [["choice"], ["choice"]]
    assert ".choice:not(:focus-within) .options { display: none; }" in the_page.STYLE


def test_reasons_keep_no_verdict_waiting_and_are_looked_for_one_at_a_time(shelf, models):
    blocks = the_page.page(shelf, [], models[0])
    lines = {dependency.fn.func: dependency.concurrency_id for dependency in blocks.fns.values() if dependency.inputs}
    assert lines[the_page._judge] != lines[the_page._explain]
    assert sum(dependency.concurrency_id == "reasons" for dependency in blocks.fns.values()) == 2


def test_it_computes_on_the_threads_that_are_its_share(models, monkeypatch):
    used = []
    monkeypatch.setattr(app, "use", used.append)
    monkeypatch.setenv(VARIABLE, "1")
    assert spooflab(["app", "--model", "models:/nobody@champion"]) == 1
    assert used == [1]


def test_two_models_stand_side_by_side_and_one_twice_does_not(shelf, models, tiny_corpus):
    recording = str(examples(tiny_corpus)[0].path)
    both, *_ = the_page._judge(shelf, "", recording, *models)
    assert both.count("<h2>") == 2
    assert all(Path(model).name in both for model in models)
    once, *_ = the_page._judge(shelf, "", recording, models[0], models[0])
    assert once.count("<h2>") == 1


def test_what_is_no_recording_is_refused_with_its_reason(shelf, models, tmp_path):
    hostile = tmp_path / "<b>.wav"
    hostile.write_bytes(b"<script>alert(1)</script>")
    told, next_up, explained = the_page._judge(shelf, "", str(hostile), models[0], the_page._ALONE)
    assert "cannot be judged" in told
    assert "<script>" not in told
    assert next_up == ""
    assert not explained
    assert the_page._explain(shelf, str(hostile), models[0], explained) == gr.skip()


def test_the_button_without_a_recording_says_what_to_do(shelf, models):
    told = {}
    for dependency in the_page.page(shelf, [], models[0]).fns.values():
        if getattr(dependency.fn, "func", None) is the_page._judge:
            told[dependency.targets[0][1]] = dependency.fn(None, models[0], the_page._ALONE)[0]
    assert "There is no recording yet" in told["click"]
    assert 'role="alert"' in told["click"]
    assert "Drop a recording" in told["change"]


def test_a_model_that_is_gone_is_told(shelf):
    told, *_ = the_page._judge(shelf, "", "any.wav", "models:/gone/1", the_page._ALONE)
    assert "cannot be judged" in told
    assert "models:/gone/1" in told


def test_examples_are_one_of_each_kind(tiny_corpus, tmp_path):
    labels = [example.label for example in examples(tiny_corpus)]
    assert labels[0] == "a real voice"
    assert len(set(labels)) == len(labels) > 3
    assert examples(tmp_path / "nowhere") == []


def test_it_is_served_without_anything_from_elsewhere(shelf, models, tiny_corpus):
    blocks = the_page.page(shelf, examples(tiny_corpus), models[0])
    assert isinstance(blocks, gr.Blocks)
    _, url, _ = blocks.launch(
        prevent_thread_lock=True, quiet=True, ssr_mode=False, theme=the_page.THEME, css=the_page.STYLE
    )
    try:
        with urllib.request.urlopen(url) as answer:
            assert "a real voice, or a fake?" in answer.read().decode()
        with urllib.request.urlopen(f"{url}theme.css") as answer:
            assert not re.findall(r"(?:@import|url\()[\"' ]*http", answer.read().decode())
    finally:
        blocks.close()


def test_a_model_that_is_not_there_is_told_before_anything_is_served(models, capsys):
    assert spooflab(["app", "--model", "models:/nobody@champion"]) == 1
    assert "no such model" in capsys.readouterr().err


def test_a_folder_of_examples_that_is_not_there_is_told(models, tmp_path, capsys):
    assert spooflab(["app", "--model", models[0], "--examples", str(tmp_path / "nosuch")]) == 1
    told = capsys.readouterr().err
    assert f"--examples: found no folder {tmp_path / 'nosuch'}" in told
    assert "spooflab corpus build" in told


def test_without_the_extra_it_says_what_to_install(models, monkeypatch, capsys):
    monkeypatch.setattr(app, "find_spec", lambda name: None)
    assert spooflab(["app", "--model", models[0]]) == 1
    assert "pip install 'spooflab[app]'" in capsys.readouterr().err


def test_a_broken_model_is_told(models, capsys):
    shutil.rmtree(models[0])
    Path(models[0]).mkdir()
    assert spooflab(["app", "--model", models[0]]) == 1
    assert "spooflab app" in capsys.readouterr().err
