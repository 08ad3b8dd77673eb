"""A cache can be looked at, verified and pruned without losing what is whole."""

import os
import time

import numpy as np
import pytest

from datamodules import feature_cache
from datamodules.cache_survey import damaged, prune, survey
from datamodules.feature_cache import RecordStore

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


def test_no_cache(tmp_path):
    with pytest.raises(FileNotFoundError, match="found no cache there"):
        survey(tmp_path / "none")
