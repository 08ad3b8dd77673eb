"""The name of a form and a detector in, the form out: its file, and what scores with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from lightning_modules.detector import Detector
from lightning_modules.export.form import Form
from lightning_modules.export.inductor import write_inductor
from lightning_modules.export.onnx_file import describe, opset_of
from lightning_modules.export.onnx_model import nodes_to_keep, write_onnx
from lightning_modules.export.quantization import Calibrator, in_8_bits_dynamic, in_8_bits_static
from lightning_modules.export.recurrent_int8 import with_8_bit_recurrence
from lightning_modules.export.session import FORM_FACT, OPSET_FACT, open_onnx
from lightning_modules.export.torchscript import write_torchscript

STATIC: Final = "onnx-int8-static"
FORMS: Final = (
    *("torchscript", "torchscript-bf16", "torchscript-fp16", "torchscript-int8-dynamic", "inductor"),
    *("onnx", "onnx-fp16", "onnx-bf16", "onnx-int8-dynamic"),
    *(f"{STATIC}-{calibrator}" for calibrator in get_args(Calibrator)),
)
_DTYPES: Final = {"bf16": torch.bfloat16, "fp16": torch.float16}
_SCRIPTED: Final = {"bf16": torch.bfloat16}  # a processor computes nothing of it in fp16
_SCRIPTED_WEIGHTS: Final = {"fp16": torch.float16, "int8-dynamic": torch.qint8}


@dataclass(frozen=True)
class Maker:
    """Makes forms of a detector, in a folder.

    Attributes:
        detector: in evaluation mode, on the CPU.
        folder: of their files.
        calibration: gives windows of training speech ``(windows, samples)``; asked for static quantization alone.
        facts: that files of ONNX are to tell of themselves, beside what they are.
    """

    detector: Detector
    folder: Path
    calibration: Callable[[], NDArray[np.float32]]
    facts: Mapping[str, str] = field(default_factory=dict)

    def make(self, name: str) -> Form:
        """Make a form.

        Args:
            name: one of ``FORMS``.

        Raises:
            RefusedError: this detector, or this machine, cannot have it.
            ValueError: there is no such form.
        """
        if name not in FORMS:
            raise ValueError(f"found the form {name!r}, expected one of {', '.join(FORMS)}")
        kind, _, rest = name.partition("-")
        match kind:
            case "torchscript":
                path = self.folder / f"{name}.pt"
                dtype, weights_dtype = _SCRIPTED.get(rest, torch.float32), _SCRIPTED_WEIGHTS.get(rest)
                script = write_torchscript(self.detector, path, dtype, weights_dtype)
                return Form(name, path, script, script.samples)
            case "inductor":
                path = self.folder / f"{name}.pt2"
                scorer = write_inductor(self.detector, path)
                return Form(name, path, scorer, scorer.samples)
        path = self.folder / f"{name}.onnx"
        if rest.startswith("int8"):
            self._quantize(rest, path)
        else:
            write_onnx(self.detector, path, _DTYPES.get(rest, torch.float32))
        describe(path, {**self.facts, FORM_FACT: name, OPSET_FACT: str(opset_of(path))})
        return open_onnx(path)

    def _quantize(self, kind: str, path: Path) -> None:
        single = self.folder / "onnx.onnx"
        if not single.exists():
            write_onnx(self.detector, single)
        kept = nodes_to_keep(single, self.detector)
        calibrator = kind.removeprefix("int8-static-")
        if calibrator != kind:
            in_8_bits_static(single, path, kept, self.calibration(), calibrator)  # type: ignore[arg-type]
        else:
            in_8_bits_dynamic(with_8_bit_recurrence(single), path, kept)
