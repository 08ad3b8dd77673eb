"""The file of an ONNX model in, what it tells of itself out, read and written; ``session`` scores with it."""

from collections.abc import Mapping
from pathlib import Path

import onnx


def describe(path: Path, facts: Mapping[str, str]) -> None:
    """Write facts into an ONNX model, beside those that are there."""
    model = onnx.load(path)
    known = {entry.key: entry.value for entry in model.metadata_props}
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {**known, **facts})
    onnx.save(model, path)


def opset_of(path: Path) -> int:
    """Return the version of ONNX's own operators that a model is written in."""
    model = onnx.load(path, load_external_data=False)
    return int(next(entry.version for entry in model.opset_import if not entry.domain))
