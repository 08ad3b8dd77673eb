"""The cache gives back what was computed, once, whatever happened to its files."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from datamodules.feature_cache import RecordStore, open_or_build

LENGTHS = (7, 3, 12)


def records() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(length, 4)).astype(np.float16) for length in LENGTHS]


def only_store(root: Path) -> Path:
    (directory,) = (path for path in root.iterdir() if path.name != "locks")
    return directory


def test_gives_back_what_was_computed(tmp_path):
    store = open_or_build(tmp_path, {"a": 1}, records)
    assert len(store) == len(LENGTHS)
    for index, record in enumerate(records()):
        assert store.frames(index) == len(record)
        np.testing.assert_array_equal(store.read(index, 0, len(record)), record)
    np.testing.assert_array_equal(store.read(2, 5, 3), records()[2][5:8])


def test_repeats_a_short_record_end_to_end(tmp_path):
    store = open_or_build(tmp_path, {}, records)
    np.testing.assert_array_equal(store.read(1, 0, 8), np.concatenate([records()[1]] * 3)[:8])


def test_computes_once_and_again_only_for_another_key(tmp_path):
    calls = []

    def compute():
        calls.append(1)
        return records()

    for key in ({"a": 1}, {"a": 1}, {"a": 2}):
        open_or_build(tmp_path, key, compute)
    assert len(calls) == 2


@pytest.mark.parametrize("damage", ["flipped byte", "truncated", "index gone", "index garbled"])
def test_damage_is_found_and_mended(tmp_path, damage):
    open_or_build(tmp_path, {}, records)
    directory = only_store(tmp_path)
    file = directory / ("records.bin" if damage in ("flipped byte", "truncated") else "index.npz")
    content = bytearray(file.read_bytes())
    if damage == "flipped byte":
        content[9] ^= 1
        file.write_bytes(content)
    elif damage == "index gone":
        file.unlink()
    else:
        file.write_bytes(content[: len(content) // 2])
    calls = []
    store = open_or_build(tmp_path, {}, lambda: calls.append(1) or records())
    assert calls
    np.testing.assert_array_equal(store.read(0, 0, LENGTHS[0]), records()[0])


def test_an_interrupted_build_leaves_nothing_that_counts(tmp_path):
    def interrupted():
        yield records()[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_or_build(tmp_path, {}, interrupted)
    assert len(open_or_build(tmp_path, {}, records)) == len(LENGTHS)
    RecordStore(only_store(tmp_path))


def test_an_empty_partition_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="no trial"):
        open_or_build(tmp_path, {}, list)


def _build(root: Path) -> None:
    def compute():
        with (root / "calls").open("a") as file:
            file.write("x")
        return records()

    open_or_build(root / "cache", {}, compute)


def test_processes_that_ask_at_once_build_once(tmp_path):
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_build, args=(tmp_path,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert (tmp_path / "calls").read_text() == "x"
