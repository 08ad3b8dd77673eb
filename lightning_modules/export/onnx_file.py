"""The file of an ONNX model in, a form that scores with it out; and what the file tells of itself, read and written."""

from collections.abc import Mapping
from pathlib import Path

import onnx

from lightning_modules.export.form import Form
from lightning_modules.export.session import Scorer

FORM_FACT, OPSET_FACT = "form", "opset"


def open_onnx(path: Path) -> Form:
    """Open a model that ``Maker`` made.

    Raises:
        RefusedError: the runtime does not take it.
    """
    scorer = Scorer(path)
    opset = scorer.metadata.get(OPSET_FACT)
    name = scorer.metadata.get(FORM_FACT, "onnx")
    return Form(name, path, scorer, scorer.samples, int(opset) if opset else None, scorer.together)


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
