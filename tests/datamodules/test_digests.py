"""A file is read once, and again when it may have changed."""

import hashlib
import os

import pytest

from datamodules import digests
from datamodules.digests import file_digests


@pytest.fixture
def paths(tmp_path):
    folder = tmp_path / "audio"
    folder.mkdir()
    found = [folder / f"{name}.flac" for name in "abc"]
    for path in found:
        path.write_bytes(path.name.encode() * 1000)
        os.utime(path, ns=(10**18, 10**18))
    return found


@pytest.fixture
def reads(monkeypatch):
    """Names of the files that are read from now on."""
    read = []
    original = digests.file_sha256

    def counted(path):
        read.append(path.name)
        return original(path)

    monkeypatch.setattr(digests, "file_sha256", counted)
    return read


def fresh(paths):
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def test_digests_are_those_of_the_files(paths, tmp_path):
    assert file_digests(paths) == fresh(paths)
    assert file_digests(paths, tmp_path / "memory") == fresh(paths)
    assert file_digests([], tmp_path / "memory") == []


def test_a_file_is_read_once(paths, reads, tmp_path):
    first = file_digests(paths, tmp_path / "memory")
    assert sorted(reads) == ["a.flac", "b.flac", "c.flac"]
    reads.clear()
    assert file_digests(paths, tmp_path / "memory") == first
    assert reads == []
    assert file_digests(paths) == first
    assert len(reads) == 3


@pytest.mark.parametrize("change", ["content", "time", "swapped"])
def test_a_changed_file_is_read_again(paths, reads, tmp_path, change):
    file_digests(paths, tmp_path / "memory")
    reads.clear()
    if change == "content":
        paths[1].write_bytes(b"longer" * 10_000)
    elif change == "time":
        paths[1].write_bytes(b"x" * paths[1].stat().st_size)
    else:
        paths[1].write_bytes(b"y" * paths[1].stat().st_size)
        os.utime(paths[1], ns=(10**18 - 1, 10**18 - 1))
    assert file_digests(paths, tmp_path / "memory") == fresh(paths)
    assert reads == ["b.flac"]


def test_a_file_that_is_still_young_is_read_again(paths, reads, tmp_path):
    os.utime(paths[0])
    file_digests(paths, tmp_path / "memory")
    reads.clear()
    stat = paths[0].stat()
    paths[0].write_bytes(b"z" * stat.st_size)
    os.utime(paths[0], ns=(stat.st_mtime_ns, stat.st_mtime_ns))  # as a clock that ticks too slowly would leave it
    assert file_digests(paths, tmp_path / "memory") == fresh(paths)
    assert reads == ["a.flac"]


@pytest.mark.parametrize("content", [b"", b"PK no archive", None])
def test_a_damaged_memory_is_written_again(paths, reads, tmp_path, content):
    file_digests(paths, tmp_path / "memory")
    (memory,) = (tmp_path / "memory").iterdir()
    whole = memory.read_bytes()
    memory.write_bytes(whole[:200] if content is None else content)
    assert file_digests(paths, tmp_path / "memory") == fresh(paths)
    assert [path.name for path in (tmp_path / "memory").iterdir()] == [memory.name]
    reads.clear()
    file_digests(paths, tmp_path / "memory")
    assert reads == []


def test_a_file_that_cannot_be_read_does_not_end_it_and_is_not_remembered(paths, monkeypatch, tmp_path):
    original = digests.file_sha256

    def closed(path):
        if path.name == "b.flac":  # root, who runs the tests in a container, could read it
            raise PermissionError(13, "Permission denied", str(path))
        return original(path)

    with monkeypatch.context() as closing:
        closing.setattr(digests, "file_sha256", closed)
        first, second, third = file_digests(paths, tmp_path / "memory")
        assert [first, third] == [fresh(paths)[0], fresh(paths)[2]]
        assert second not in fresh(paths)
    assert file_digests(paths, tmp_path / "memory") == fresh(paths)
