"""A model's folder in, the files in it that could run code when they are opened, or are of no expected kind, out."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lightning_modules.untrusted import load_tensors

CODE: Final = "code"
"""Folder of a model that holds the code that is sent with it."""
_TEXT: Final = {".py", ".yaml", ".yml", ".json", ".txt", ".md", ".csv"}
_TENSORS: Final = {".ckpt", ".pt", ".pth"}
_OTHERS: Final = {".safetensors", ".onnx"}  # numbers and operators; a runtime loads no code of others for them
_WITHOUT_SUFFIX: Final = {"MLmodel", "registered_model_meta"}  # the second is written by a download
_PICKLES: Final = {".pkl", ".pickle", ".joblib", ".dill", ".npy", ".npz"}
_MAGIC: Final = {b"\x7fELF": "a program or library", b"MZ": "a program or library", b"#!": "a script"}
_PICKLE_STARTS: Final = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))
_ROOT_CODE: Final = "detector_pyfunc.py"


def scan(folder: Path) -> list[str]:
    """Return what is wrong with each file that should not be in a registered model, by its path; none in a safe one.

    Nothing in the files is run: checkpoints are read as tensors and plain values alone.
    """
    return [
        f"{path.relative_to(folder)}: {fault}"
        for path in sorted(folder.rglob("*"))
        if (path.is_symlink() or not path.is_dir()) and not _is_cache(path, path.relative_to(folder))
        for fault in _faults(path, path.relative_to(folder))
    ]


def _is_cache(path: Path, inside: Path) -> bool:
    """Whether Python wrote a file when it loaded the model from there; who can write one can write the source as well.

    A store in a local folder hands out the very files that it keeps.
    """
    source = path.parent.parent / f"{path.name.partition('.')[0]}.py"
    return path.suffix == ".pyc" and inside.parts[0] == CODE and path.parent.name == "__pycache__" and source.is_file()


def _faults(path: Path, inside: Path) -> Iterator[str]:
    if path.is_symlink():
        yield f"a link to {path.readlink()}"
        return
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        yield "no regular file"
        return
    if mode & 0o111:
        yield "may be executed: take the right away with `chmod -x`"
    with path.open("rb") as file:
        start = file.read(4)
    suffix = path.suffix.lower()
    if suffix != ".py":
        yield from (what for magic, what in _MAGIC.items() if start.startswith(magic))
    if suffix in _PICKLES or (suffix not in _TENSORS and start.startswith(_PICKLE_STARTS)):
        yield "a pickle, which could run code when it is loaded"
    elif suffix in _TENSORS:
        try:
            load_tensors(path)
        except ValueError:
            yield "damaged, or holds more than tensors and plain values, which could be code"
    elif suffix in _TEXT or (not suffix and path.name in _WITHOUT_SUFFIX):
        yield from _faults_of_text(path, inside)
    elif suffix not in _OTHERS:
        yield f"of no kind that a model is expected to hold ({suffix or 'no suffix'})"


def _faults_of_text(path: Path, inside: Path) -> Iterator[str]:
    try:
        if "\0" in path.read_text(encoding="utf-8"):
            yield "named as text, and is none"
    except UnicodeDecodeError:
        yield "named as text, and is none"
    if path.suffix.lower() == ".py" and inside.parts[0] != CODE and str(inside) != _ROOT_CODE:
        yield f"code outside of {CODE}/"
