"""An ONNX model in, one with 8-bit weights out; what makes the network's input is left in single precision."""

import io
import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    create_calibrator,
    quantize_dynamic,
    quantize_static,
    save_tensors_data,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from lightning_modules.export.form import RefusedError
from lightning_modules.export.session import INPUT

Calibrator = Literal["minmax", "entropy", "percentile"]
_METHODS: Final = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}
_STATIC: Final = ["Conv", "MatMul", "Gemm"]
_DYNAMIC: Final = ["MatMul", "Gemm"]
_BINS = 2048  # of a histogram; of the runtime's 128 entropy has to keep all
_AT_ONCE = 8  # windows of which all that every layer gives is held: of AASIST 3 GB


def in_8_bits_dynamic(model: Path, to: Path, kept: Sequence[str]) -> None:
    """Keep weights of matrix products in 8 bits, a scale for each column; their inputs are rounded as they come.

    Args:
        model: in single precision.
        to: the file that is written.
        kept: names of nodes that stay as they are.
    """
    with _prepared(model) as whole:
        quantize_dynamic(
            whole,
            to,
            op_types_to_quantize=_DYNAMIC,
            per_channel=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=list(kept),
        )


def in_8_bits_static(
    model: Path, to: Path, kept: Sequence[str], windows: NDArray[np.float32], calibrator: Calibrator
) -> None:
    """Compute convolutions and matrix products in 8 bits, with scales for their inputs that were seen in calibration.

    Args:
        model: in single precision.
        to: the file that is written.
        kept: names of nodes that stay as they are.
        windows: of training speech ``(windows, samples)``.
        calibrator: how the range of an input is told from what it was: by its extremes, by the range that keeps most
            of its information (Migacz 2017, "8-bit inference with TensorRT"), or by what all but a few lie in.

    Raises:
        RefusedError: there is no such range.
    """
    with _prepared(model) as whole:
        quantize_static(
            whole,
            to,
            calibration_cache_path=_ranges(whole, windows, calibrator),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=_STATIC,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=list(kept),
            calibrate_method=_METHODS[calibrator],
        )


def _ranges(model: str, windows: NDArray[np.float32], calibrator: Calibrator) -> Path:
    """Write the range of each input beside a model.

    Raises:
        RefusedError: a layer gives much the same everywhere, of which there is no histogram.
    """
    folder = Path(model).parent
    seen = create_calibrator(
        model, _STATIC, str(folder / "augmented.onnx"), _METHODS[calibrator], extra_options={"num_bins": _BINS}
    )
    path = folder / "ranges.json"
    try:
        for first in range(0, len(windows), _AT_ONCE):
            seen.collect_data(_Windows(windows[first : first + _AT_ONCE]))
        save_tensors_data(seen.compute_data(), path)
    except ValueError as error:
        raise RefusedError(
            f"{calibrator} finds no range for a layer that gives much the same everywhere ({error}): take minmax"
        ) from error
    return path


class _Windows(CalibrationDataReader):
    """Gives one window after the other."""

    def __init__(self, windows: NDArray[np.float32]) -> None:
        self._rest = iter(windows)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Return the next window, or none after the last."""
        window = next(self._rest, None)
        return None if window is None else {INPUT: window[np.newaxis]}


@contextmanager
def _prepared(model: Path) -> Iterator[str]:
    """A copy of a model in which all shapes that are known are written down; what calibrators print is left out."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)  # where the quantizer says what it would rather have
    try:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            whole = str(Path(folder) / "whole.onnx")
            quant_pre_process(str(model), whole, skip_optimization=True, skip_symbolic_shape=True)
            yield whole
    finally:
        root.setLevel(before)
