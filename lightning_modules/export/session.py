"""The file of an ONNX model in, what scores waveforms with it out; PyTorch computes nothing there."""

from pathlib import Path

import onnxruntime
import torch
from torch import Tensor

from lightning_modules.export.form import Form, RefusedError

FORM_FACT, OPSET_FACT = "form", "opset"
INPUT, OUTPUT = "waveform", "score"
_SEVERE = 3  # errors: warnings are of no use to who runs a model


class Scorer:
    """Scores waveforms by ONNX Runtime, all of whose optimisations are on.

    Args:
        path: of the model.
        threads: of one score; those of torch when not given.

    Attributes:
        samples: of the only windows that it takes; none where it takes any.
        metadata: what the file tells of itself.

    Raises:
        RefusedError: the runtime does not take the model.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        self._name = path.name
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or torch.get_num_threads()
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = _SEVERE
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions have no common base
            raise RefusedError(f"{path.name}: ONNX Runtime does not take it: {_first_line(error)}") from error
        length = self._session.get_inputs()[0].shape[1]
        self.samples = length if isinstance(length, int) else None
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    def __call__(self, waveform: Tensor) -> Tensor:
        """Turn waveforms ``(batch, samples)`` into scores ``(batch,)``, one after the other.

        Batches are no faster on one thread; and where numbers are rounded to 8 bits as they come, the scale is that of
        all of a batch, so that a window's score would depend on the windows that it happens to be scored with.

        Raises:
            ValueError: it takes windows of another length alone.
        """
        return torch.cat([self.together(one) for one in waveform.split(1)])

    def together(self, waveform: Tensor) -> Tensor:
        """Turn waveforms ``(batch, samples)`` into scores ``(batch,)``, as one batch.

        Raises:
            ValueError: it takes windows of another length alone.
            RuntimeError: the runtime fails.
        """
        if self.samples is not None and waveform.shape[1] != self.samples:
            raise ValueError(
                f"found windows of {waveform.shape[1]} samples, expected {self.samples}: this form takes no others"
            )
        try:
            (scores,) = self._session.run([OUTPUT], {INPUT: waveform.detach().float().numpy()})
        except Exception as error:  # its exceptions have no common base
            raise RuntimeError(f"{self._name}: {tuple(waveform.shape)} not scored: {_first_line(error)}") from error
        return torch.from_numpy(scores)


def open_onnx(path: Path) -> Form:
    """Open a model that ``Maker`` made.

    Raises:
        RefusedError: the runtime does not take it.
    """
    scorer = Scorer(path)
    opset = scorer.metadata.get(OPSET_FACT)
    name = scorer.metadata.get(FORM_FACT, "onnx")
    return Form(name, path, scorer, scorer.samples, int(opset) if opset else None, scorer.together)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
