"""The cache gives back what was computed, once, whatever happened to its files or to who wrote them."""

import pickle
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from datamodules import feature_cache
from datamodules.feature_cache import RecordStore
from datamodules.safe_files import locked

LENGTHS = (7, 3, 12)
NAMES = [f"utterance {number}" for number in range(len(LENGTHS))]


def record(index: int) -> np.ndarray:
    return np.random.default_rng(index).normal(size=(4, LENGTHS[index])).astype(np.float16)


class Counted:
    """Computes records and remembers which."""

    def __init__(self, compute=record) -> None:
        self.rows, self._compute = [], compute

    def __call__(self, index):
        self.rows.append(index)
        return self._compute(index)


@pytest.fixture
def opened(tmp_path):
    """Open a store of the three records."""

    def opener(compute=record, recipe=None, names=NAMES, source=None) -> RecordStore:
        return RecordStore(tmp_path, recipe or {"a": 1}, names, compute, source)

    return opener


@pytest.fixture
def read_only(monkeypatch):
    """From its call on, no file may be made, written to or touched: root, who may run the tests, could else."""
    original = Path.open

    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    def opened(path, mode="r", *rest, **named):
        return refused() if set(mode) & set("wax+") else original(path, mode, *rest, **named)

    def deny() -> None:
        monkeypatch.setattr(Path, "open", opened)
        monkeypatch.setattr(Path, "mkdir", refused)
        monkeypatch.setattr("os.utime", refused)

    return deny


def same(store, rows=(0, 1, 2)):
    return all((store[row] == record(row)).all() for row in rows)


def test_gives_back_what_was_computed(opened):
    store = opened()
    assert store.missing == [0, 1, 2]
    assert store.fill() == {}
    for again in (store, opened(), pickle.loads(pickle.dumps(store))):
        assert again.missing == []
        assert [again[row].shape[1] for row in range(len(again))] == list(LENGTHS)
        assert same(again)


def test_filling_verifies_when_asked_to(opened):
    opened().fill()
    shard = opened()._shards[0]
    content = bytearray(shard.records.read_bytes())
    content[0] ^= 1
    shard.records.write_bytes(content)
    compute = Counted()
    opened(compute).fill()
    assert compute.rows == []
    opened(compute).fill(verify=True)
    assert compute.rows == [0]
    opened(compute).fill(verify=True)
    assert compute.rows == [0]
    assert same(opened(compute))
    assert compute.rows == [0]


def test_what_is_kept_is_kept_in_the_source_too(opened):
    source = opened(recipe={"a": 2})
    store = opened(lambda index: source[index] + 1, source=source)
    assert (store[0] == record(0) + 1).all()
    store.flush()
    assert opened(recipe={"a": 2}).missing == [1, 2]


def test_fetching_ahead_changes_nothing(opened):
    compute = Counted()
    store = opened(compute)
    store.prefetch([0, 1, 2])
    assert compute.rows == []
    store.fill()
    store.prefetch([2, 0, 0])
    assert same(store)


def test_computes_what_is_new_and_nothing_else(opened):
    opened(names=NAMES[:2]).fill()
    compute = Counted()
    opened(compute).fill()
    assert compute.rows == [2]
    other = Counted()
    opened(other, {"a": 2}).fill()
    assert other.rows == [0, 1, 2]


def test_one_record_for_the_same_audio_twice(opened):
    compute = Counted(lambda _: record(0))
    store = opened(compute, names=["same", "same", "same"])
    store.fill()
    assert compute.rows == [0]
    assert (store[2] == record(0)).all()


def test_what_is_not_filled_is_computed_when_it_is_read_and_kept(opened):
    compute = Counted()
    store = opened(compute)
    assert store[1].shape[1] == LENGTHS[1]
    assert same(store)
    assert sorted(compute.rows) == [0, 1, 2]
    assert opened().missing == [0, 1, 2]
    store.flush()
    assert opened().missing == []
    assert same(opened())


def test_much_that_was_read_is_kept_without_being_told(opened, monkeypatch):
    monkeypatch.setattr(feature_cache, "KEPT_BYTES", 60)
    store = opened()
    assert same(store)
    assert 2 not in opened().missing


def test_shards_are_of_a_size_and_in_order(opened, monkeypatch):
    monkeypatch.setattr(feature_cache, "SHARD_BYTES", 1)
    store = opened()
    store.fill(jobs=2)
    assert len(list(store.folder.glob("*.bin"))) == len(LENGTHS)
    assert same(opened())


@pytest.mark.parametrize("damage", ["flipped byte", "truncated", "records gone", "index gone", "index garbled"])
def test_damage_is_found_and_only_what_is_lost_is_computed_again(opened, tmp_path, damage, monkeypatch):
    monkeypatch.setattr(feature_cache, "SHARD_BYTES", 60)  # records 0 and 1 in one shard, 2 in another
    store = opened()
    store.fill()
    shard = store._shards[store._shard_of[0]]
    (index,) = store.folder.glob(f"{shard.records.stem}.*.npz")
    file = shard.records if damage in ("flipped byte", "truncated", "records gone") else index
    content = bytearray(file.read_bytes())
    if damage.endswith("gone"):
        file.unlink()
    elif damage == "truncated":
        file.write_bytes(content[: len(content) // 2])
    else:
        content[9] ^= 1
        file.write_bytes(content)
    compute = Counted()
    mended = opened(compute)
    mended.fill()
    assert same(mended)
    assert sorted(compute.rows) == ([0] if damage == "flipped byte" else [0, 1])
    mended.flush()
    unasked = Counted()
    assert same(opened(unasked))
    assert unasked.rows == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_keeps_what_was_computed_before_it(opened, error):
    def broken(index):
        if index == 2:
            raise error("no such file")
        return record(index)

    with pytest.raises(error, match="no such file"):
        opened(broken).fill()
    assert opened().missing == [2]


def test_errors_that_are_to_be_skipped_are_told(opened):
    def broken(index):
        if index == 1:
            raise ValueError("bad")
        return record(index)

    store = opened(broken)
    failed = store.fill(jobs=2, skip=(ValueError,))
    assert {row: str(error) for row, error in failed.items()} == {1: "bad"}
    assert store.missing == [1]
    assert same(store, [0, 2])


def test_equal_identities_fail_together(opened):
    def broken(index):
        if index in (0, 2):
            raise ValueError("bad")
        return record(index)

    failed = opened(broken, names=["same", "other", "same"]).fill(skip=(ValueError,))
    assert {row: str(error) for row, error in failed.items()} == {0: "bad", 2: "bad"}


def test_a_full_disk_is_told_and_leaves_no_rubbish(opened, monkeypatch):
    store = opened()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("datamodules.shards.os.fsync", full)
    with pytest.raises(
        OSError, match=r"cannot be written \(No space left on device\): free space there, or set data\."
    ):
        store.fill()
    assert sorted(path.name for path in store.folder.iterdir()) == ["lock", "recipe.json"]


def test_a_whole_cache_may_be_read_only(opened, read_only):
    opened().fill()
    read_only()
    store = opened()
    store.fill()
    assert same(store)
    store.flush()
    with pytest.raises(
        OSError, match=r"cannot be written \(Permission denied\): make it writable, or set data\.cache_dir"
    ):
        opened(names=["new"], recipe={"a": 2})


def test_a_cache_below_a_file_is_told_without_advice_on_space(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"cannot be written \(Not a directory\): set data\.cache_dir to another place"):
        RecordStore(tmp_path / "file", {}, NAMES, record)


@pytest.mark.parametrize("damage", [b"", b"[]", b"{", b"\xff\xfe", None])
def test_a_damaged_recipe_is_written_anew_and_costs_no_record(opened, damage):
    store = opened()
    store.fill()
    path = store.folder / "recipe.json"
    whole = path.read_bytes()
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    assert opened().missing == []
    assert path.read_bytes() == whole


def test_a_recipe_that_cannot_be_written_leaves_nothing(opened, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        opened()
    assert [path.name for path in tmp_path.glob("*/*")] == ["lock"]


def test_what_is_kept_waits_for_the_folder(opened):
    store = opened()
    assert same(store)
    flush = threading.Thread(target=store.flush)
    with locked(store.folder):
        flush.start()
        flush.join(0.2)
        assert flush.is_alive()
        assert opened().missing == [0, 1, 2]
    flush.join()
    assert opened().missing == []


def test_what_another_kept_meanwhile_is_not_written_again(opened):
    one, other = opened(), opened()
    assert same(one, [0, 1])
    assert same(other, [1, 2])
    one.flush()
    other.flush()
    again = opened()
    assert same(again)
    assert sum(len(shard) for shard in again._shards) == 3


def test_a_cache_that_was_pruned_while_it_is_used_is_made_anew(opened):
    opened(names=NAMES[:2]).fill()
    store = opened()
    assert same(store, [2])
    shutil.rmtree(store.folder)
    store.prefetch([0, 1])
    assert same(store)
    store.flush()
    assert (store.folder / "recipe.json").exists()
    assert opened().missing == []


def test_threads_read_and_keep_at_once(opened, monkeypatch):
    monkeypatch.setattr(feature_cache, "KEPT_BYTES", 1)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            store = opened()
            assert all(pool.map(lambda row, store=store: same(store, [row]), [0, 1, 2] * 8))
            shutil.rmtree(store.folder)


def test_an_empty_partition_is_an_error(opened):
    with pytest.raises(ValueError, match="no trial"):
        opened(names=[])


def test_progress_is_reported(opened):
    seen = []
    opened().fill(report=lambda rows: (seen.append(row) or row for row in rows))
    assert seen == [0, 1, 2]
