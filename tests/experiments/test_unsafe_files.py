"""What could run code when a model is opened is found, and none of it is run."""

import os
import pickle
import re

import numpy as np
import pytest
import torch

from experiments.unsafe_files import scan


class Hostile:
    """Pickled, it is a call of whatever it names."""

    def __init__(self, witness):
        self.witness = witness

    def __reduce__(self):
        return os.mkdir, (str(self.witness),)


@pytest.fixture
def model(tmp_path):
    """A folder such as a registered model has."""
    folder = tmp_path / "model"
    (folder / "code/experiments").mkdir(parents=True)
    (folder / "artifacts/countermeasure").mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {}\n")
    (folder / "requirements.txt").write_text("torch\n")
    (folder / "detector_pyfunc.py").write_text("#!/usr/bin/env python\n")
    (folder / "code/experiments/inference.py").write_text("")
    torch.save({"weights": torch.ones(3)}, folder / "artifacts/countermeasure/detector.ckpt")
    (folder / "weights.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    return folder


def test_a_model_as_it_is_registered_is_safe(model):
    assert scan(model) == []


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("model.pkl", b"anything", "a pickle"),
        ("deep/er/model.joblib", b"anything", "a pickle"),
        ("notes.txt", pickle.dumps([1]), "a pickle"),
        ("notes.json", b"\x7fELF\x02\x01", "a program or library"),
        ("helper.so", b"\x7fELF\x02\x01", "of no kind"),
        ("helper.exe", b"MZ\x90\0", "a program or library"),
        ("run.txt", b"#!/bin/sh\n", "a script"),
        ("page.html", b"<html>", r"of no kind that a model is expected to hold \(\.html\)"),
        ("unknown", b"text", "no suffix"),
        ("binary.yaml", b"\xff\xfe\0", "named as text, and is none"),
        ("other.py", b"", "code outside of code/"),
        ("broken.ckpt", b"no checkpoint", "damaged, or holds more than tensors"),
    ],
)
def test_what_should_not_be_there_is_found(model, name, content, fault):
    path = model / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    found = scan(model)
    assert any(line.startswith(f"{name}: ") for line in found)
    assert re.search(fault, " ".join(found))


def test_what_python_caches_beside_its_source_is_no_fault(model):
    cache = model / "code/experiments/__pycache__"
    cache.mkdir()
    (cache / "inference.cpython-311.pyc").write_bytes(b"bytecode")
    (cache / "unknown.cpython-311.pyc").write_bytes(b"bytecode")
    assert [line.partition(":")[0] for line in scan(model)] == ["code/experiments/__pycache__/unknown.cpython-311.pyc"]


def test_arrays_of_objects_are_pickles(model):
    np.save(model / "array.npy", np.array([{}], dtype=object), allow_pickle=True)
    assert [line.partition(":")[0] for line in scan(model)] == ["array.npy"]


@pytest.mark.parametrize("name", ["weights.pt", "weights.ckpt", "weights.pth"])
def test_a_hostile_checkpoint_is_found_and_not_run(model, tmp_path, name):
    witness = tmp_path / "it-ran"
    torch.save({"weights": Hostile(witness)}, model / name)
    assert [line.partition(":")[0] for line in scan(model)] == [name]
    assert not witness.exists()


def test_links_and_executables_are_found(model, tmp_path):
    (model / "link.txt").symlink_to("/etc/hostname")
    (model / "folder").symlink_to(tmp_path)
    (model / "requirements.txt").chmod(0o755)
    found = scan(model)
    assert [line.partition(":")[0] for line in found] == ["folder", "link.txt", "requirements.txt"]
    assert "may be executed" in found[2]
