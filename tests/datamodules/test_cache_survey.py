"""A cache can be looked at, verified and pruned without losing what is whole."""

import os
import threading
import time

import numpy as np
import pytest

from datamodules import feature_cache
from datamodules.cache_survey import damaged, prune, survey
from datamodules.feature_cache import RecordStore
from datamodules.safe_files import locked

NAMES = ["a", "b", "c"]


def record(index):
    return np.full((2, 5 + index), index, np.float16)


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store of three records, each in a shard of its own."""
    monkeypatch.setattr(feature_cache, "SHARD_BYTES", 1)
    filled = RecordStore(tmp_path, {"sample_rate_hz": 16000, "features": {"class_path": "x.LogMel"}}, NAMES, record)
    filled.fill()
    return filled


def flip(path):
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


def test_survey(store, tmp_path):
    (found,) = survey(tmp_path)
    assert (found.records, found.name, found.rubbish) == (3, "LogMel, 16000 Hz", [])
    assert found.size_bytes > sum(record(index).nbytes for index in range(3))
    assert found.unused_days < 0.01
    assert list(damaged(found)) == []


def test_a_flipped_byte_is_found(store, tmp_path):
    flip(store._shards[1].records)
    ((shard, row),) = damaged(*survey(tmp_path))
    assert (shard.records, row) == (store._shards[1].records, 0)


def test_a_damaged_record_that_was_computed_anew_is_none(store, tmp_path):
    flip(store._shards[1].records)
    again = RecordStore(tmp_path, {"sample_rate_hz": 16000, "features": {"class_path": "x.LogMel"}}, NAMES, record)
    again.fill(verify=True)
    (found,) = survey(tmp_path)
    assert found.records == 4
    assert list(damaged(found)) == []


def test_prune_removes_rubbish_alone(store, tmp_path):
    index = next(store.folder.glob(f"{store._shards[0].records.stem}.*"))
    flip(next(store.folder.glob(f"{store._shards[2].records.stem}.*.npz")))
    (store.folder / "left.part").write_bytes(b"killed")
    (found,) = survey(tmp_path)
    assert found.records == 2
    assert {path.suffix for path in found.rubbish} == {".part", ".bin", ".npz"}
    assert prune(found) == sum(path.stat().st_size for path in found.rubbish if path.exists()) or not any(
        path.exists() for path in found.rubbish
    )
    assert index.exists()
    (after,) = survey(tmp_path)
    assert (after.records, after.rubbish) == (2, [])
    assert RecordStore(tmp_path, found.recipe, NAMES, record).missing in ([0], [1], [2])


def test_prune_by_age(store, tmp_path):
    (found,) = survey(tmp_path)
    assert prune(found, unused_days=1) == 0
    old = time.time() - 3 * 86_400
    os.utime(store.folder / "recipe.json", (old, old))
    (found,) = survey(tmp_path)
    assert found.unused_days == pytest.approx(3, abs=0.1)
    assert prune(found, unused_days=1) == found.size_bytes
    assert survey(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", None])
def test_a_damaged_recipe_is_named_and_hides_no_other(store, tmp_path, content):
    RecordStore(tmp_path, {"sample_rate_hz": 8000}, NAMES, record).fill()
    path = store.folder / "recipe.json"
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    found = {recipe.name: recipe for recipe in survey(tmp_path)}
    assert set(found) == {"unknown recipe", "waveforms, 8000 Hz"}
    unknown = found["unknown recipe"]
    assert (unknown.recipe, unknown.records, unknown.rubbish) == (None, 3, [])
    assert unknown.damage == [
        f"{path}: damaged or missing; the next run of the recipe writes it anew, and reads the records"
    ]
    assert found["waveforms, 8000 Hz"].damage == list(damaged(unknown)) == []
    assert prune(unknown, unused_days=1) == 0
    assert prune(unknown, unused_days=0) == unknown.size_bytes
    assert len(survey(tmp_path)) == 1


@pytest.mark.parametrize("suffix", [".bin", ".npz"])
def test_a_file_that_is_cut_short_is_named(store, tmp_path, suffix):
    victim = next(store.folder.glob(f"*{suffix}"))
    os.truncate(victim, victim.stat().st_size - 4)
    (found,) = survey(tmp_path)
    (problem,) = found.damage
    assert problem.startswith(f"{victim}: ")
    assert len(found.rubbish) == 2
    prune(found)
    (after,) = survey(tmp_path)
    assert after.damage == []


def test_folders_of_others_are_left_alone(store, tmp_path):
    other = tmp_path / "scores"
    other.mkdir()
    (other / "recipe.json").write_text("{}")
    assert [found.folder for found in survey(tmp_path)] == [store.folder]


def test_what_is_being_filled_is_not_pruned(store, tmp_path):
    (found,) = survey(tmp_path)
    pruning = threading.Thread(target=prune, args=(found, 0))
    with locked(store.folder):
        pruning.start()
        pruning.join(0.2)
        assert pruning.is_alive()
        assert survey(tmp_path)[0].records == 3
    pruning.join()
    assert survey(tmp_path) == []


def test_a_folder_that_was_never_filled_goes(tmp_path):
    with locked(tmp_path / ("0" * 24)):
        pass
    (found,) = survey(tmp_path)
    assert prune(found) == 0
    assert survey(tmp_path) == []


def test_no_cache(tmp_path):
    with pytest.raises(FileNotFoundError, match="found no cache there"):
        survey(tmp_path / "none")
