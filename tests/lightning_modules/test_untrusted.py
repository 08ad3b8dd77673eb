"""Whatever a file holds, loading it gives its tensors or one error that names it."""

import numpy as np
import pytest
import torch

from lightning_modules.untrusted import load_tensors


def test_tensors_and_plain_values_are_loaded(tmp_path):
    torch.save({"weight": torch.arange(3), "epoch": 3, "names": ["a"]}, tmp_path / "good.ckpt")
    values = load_tensors(tmp_path / "good.ckpt")
    assert (values["epoch"], values["names"]) == (3, ["a"])
    assert torch.equal(values["weight"], torch.arange(3))


@pytest.mark.parametrize("size", [0, 1, 2, 16, 300])
def test_noise_is_refused_by_name(tmp_path, size):
    path = tmp_path / "noise.ckpt"
    for seed in range(40):
        path.write_bytes(np.random.default_rng(seed).bytes(size))
        with pytest.raises(ValueError, match=r"noise\.ckpt: damaged"):
            load_tensors(path)


def test_a_cut_or_altered_file_is_refused_or_read(tmp_path):
    path = tmp_path / "whole.ckpt"
    torch.save({"weight": torch.arange(300)}, path)
    whole, refusals = path.read_bytes(), []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        content = bytearray(whole)
        for place in rng.integers(len(content), size=4):
            content[place] = rng.integers(256)
        path.write_bytes(content[: rng.integers(1, len(content) + 1)] if seed % 2 else content)
        try:
            load_tensors(path)
        except ValueError as error:
            refusals.append(str(error))
    assert len(refusals) > 20
    assert all(refusal.startswith(f"{path}: damaged") for refusal in refusals)


def test_no_file_is_said_so(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_tensors(tmp_path / "nowhere.ckpt")
