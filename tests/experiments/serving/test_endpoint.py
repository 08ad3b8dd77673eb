"""The endpoint for real, on loopback: many clients, hostile ones among them, a new champion, and an end in mid-work.

`SPOOFLAB_SOAK_S=60` lets the first test last a minute.
"""

import os
import random
import shutil
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mlflow
import numpy as np
import pytest

from experiments.inference import Countermeasure
from tests.encodings import by_libsndfile, speech_of
from tests.endpoint import Clients, Endpoint
from tests.served import as_form, as_json, formats, hostile_bodies, hostile_files, tiny_countermeasure

pytestmark = pytest.mark.slow
SOAK_S = float(os.environ.get("SPOOFLAB_SOAK_S", "6"))
NAME = "served"


@pytest.fixture(scope="module")
def files(tiny_corpus) -> dict[str, bytes]:
    return formats(speech_of(tiny_corpus, seconds=2.5))


def scores_of(folder: Path, files: dict[str, bytes]) -> dict[str, float]:
    countermeasure = Countermeasure.load(folder)
    return {name: countermeasure.judge(content, name).score for name, content in files.items()}


def test_sixteen_clients_of_which_some_are_hostile(files, tiny_corpus, tmp_path):
    folder = tiny_countermeasure(tmp_path)
    expected = scores_of(folder, files)
    bad = hostile_files(speech_of(tiny_corpus))
    endpoint = Endpoint(str(folder), "--workers", "2", log=tmp_path / "log")
    seen: Counter[str] = Counter()

    def turn(seed: int) -> None:
        draw = random.Random(seed)
        name = draw.choice(list(files))
        if draw.random() < 0.025:
            assert 400 <= endpoint.post(draw.choice(list(hostile_bodies().values())))[0] < 500
            seen["hostile body"] += 1
            return
        if draw.random() < 0.025:
            status, answer = endpoint.post(as_form(dict([draw.choice(list(bad.items()))])))
            assert (status, answer["predictions"][0]["score"]) == (200, None), answer
            seen["hostile file"] += 1
            return
        asked = as_json(files[name]) if draw.random() < 0.5 else as_form({name: files[name]})
        status, answer = endpoint.post(asked)
        assert status == 200, answer
        assert answer["predictions"][0]["score"] == pytest.approx(expected[name], abs=1e-5), name
        seen[name] += 1

    try:
        started = [process.pid for process in endpoint.processes()]
        clients = Clients(16, turn)
        time.sleep(SOAK_S / 2)
        halfway_mb = endpoint.memory_mb()
        time.sleep(SOAK_S / 2)
        clients.stop()
        end_mb = endpoint.memory_mb()
        page = endpoint.get("/metrics")[1]
        print(f"{clients.turns} requests in {SOAK_S:g} s: {dict(seen)}; memory {halfway_mb} MB, then {end_mb} MB")
        assert [process.pid for process in endpoint.processes()] == started  # none died
        assert set(files) <= set(seen)
        assert all(end < 1.1 * halfway + 20 for halfway, end in zip(halfway_mb, end_mb, strict=True))
        counted = sum(
            float(line.split()[1]) for line in page.splitlines() if line.startswith("spooflab_requests_total")
        )
        assert counted == clients.turns  # of both processes, whichever told
    finally:
        assert endpoint.stop() == 0
    assert "Traceback" not in endpoint.log.read_text()


@pytest.fixture
def champions(tmp_path, monkeypatch):
    """A registry with two versions and a broken one; the first is champion."""
    monkeypatch.setenv(
        "MLFLOW_TRACKING_URI", os.environ.get("SPOOFLAB_SERVED_STORE", f"sqlite:///{tmp_path}/mlflow.db")
    )
    client = mlflow.MlflowClient(os.environ["MLFLOW_TRACKING_URI"])
    client.create_registered_model(NAME)
    folders = [tiny_countermeasure(tmp_path, seed) for seed in range(2)]
    for number, folder in enumerate([*folders, None]):
        source = tmp_path / f"version{number}" / "artifacts" / "countermeasure"
        if folder is None:
            source.mkdir(parents=True)
        else:
            shutil.copytree(folder, source)
        client.create_model_version(NAME, str(source.parent.parent))
    client.set_registered_model_alias(NAME, "champion", "1")
    return client, folders


def test_a_new_champion_drops_nothing(champions, files, tmp_path):
    client, folders = champions
    expected = {str(number): scores_of(folder, files) for number, folder in enumerate(folders, start=1)}
    endpoint = Endpoint(f"models:/{NAME}@champion", "--workers", "2", "--reload-s", "0.5", log=tmp_path / "log")
    seen: Counter[str] = Counter()

    def turn(seed: int) -> None:
        name = random.Random(seed).choice(list(files))
        status, answer = endpoint.post(as_form({name: files[name]}))
        assert status == 200, answer
        version = answer["model"]["version"]
        assert answer["predictions"][0]["score"] == pytest.approx(expected[version][name], abs=1e-5)
        seen[version] += 1

    def until(condition) -> None:
        end = time.monotonic() + 60
        while not condition() and not clients.failures:
            assert time.monotonic() < end, endpoint.log.read_text()
            time.sleep(0.1)

    clients = Clients(8, turn)
    try:
        until(lambda: seen["1"] > 20)
        client.set_registered_model_alias(NAME, "champion", "2")
        until(lambda: 'version="2"} 2.0' in endpoint.get("/metrics")[1])
        before = seen["1"]
        until(lambda: seen["2"] > 20)
        assert seen["1"] <= before + 8  # those that had begun
        client.set_registered_model_alias(NAME, "champion", "3")
        until(lambda: "was not loaded" in endpoint.log.read_text())
        after = seen["2"]
        until(lambda: seen["2"] > after + 20)
        assert "version 2 goes on" in endpoint.log.read_text()
    finally:
        clients.stop()
        assert endpoint.stop() == 0
    print(dict(seen))


def test_what_has_begun_is_answered_before_it_ends(files, tiny_corpus, tmp_path):
    endpoint = Endpoint(str(tiny_countermeasure(tmp_path)), "--workers", "1", log=tmp_path / "log")
    long = by_libsndfile(np.tile(speech_of(tiny_corpus), 60), "FLAC", "PCM_16")
    with ThreadPoolExecutor() as pool:
        try:
            answered = pool.submit(endpoint.post, as_form({"long.flac": long}, window_s=1.0, hop_s=0.05))
            while "spooflab_requests_in_flight 1.0" not in endpoint.get("/metrics")[1]:
                assert not answered.done(), answered.result()
        finally:
            assert endpoint.stop() == 0
        status, answer = answered.result()
    assert status == 200
    assert len(answer["predictions"][0]["windows"]) > 1000
