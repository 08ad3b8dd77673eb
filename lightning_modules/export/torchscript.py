"""A detector in, TorchScript out, for windows of its crop alone; its weights as they are, or in 16 or 8 bits."""

import io
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from lightning_modules.detector import Detector
from lightning_modules.export.form import RefusedError
from lightning_modules.export.graph import Graph
from lightning_modules.networks.network import Network


class ScriptScorer:
    """Scores windows of one length, one at a time: batches are no faster on one thread.

    Args:
        module: traced and frozen, or compiled.
        samples: of the windows.
    """

    def __init__(self, module: Callable[[Tensor], Tensor], samples: int) -> None:
        self._module = module
        self.samples = samples

    def __call__(self, waveform: Tensor) -> Tensor:
        """Turn waveforms ``(batch, samples)`` into scores ``(batch,)``.

        Raises:
            ValueError: they are of another length.
        """
        if waveform.shape[1] != self.samples:
            raise ValueError(f"found windows of {waveform.shape[1]} samples, expected {self.samples}: it was traced so")
        with torch.inference_mode():
            return torch.cat([self._module(window) for window in waveform.split(1)])


def write_torchscript(
    detector: Detector,
    to: Path,
    network_dtype: torch.dtype = torch.float32,
    weights_dtype: torch.dtype | None = None,
) -> ScriptScorer:
    """Write a detector as TorchScript, and return what scores with the file.

    Args:
        detector: in evaluation mode, on the CPU.
        to: the file.
        network_dtype: that the network computes in.
        weights_dtype: that weights of linear and recurrent layers are kept in, ``torch.float16`` or ``torch.qint8``; as
            they are when not given. What they are multiplied by stays in single precision, or is rounded as it comes.

    Raises:
        RefusedError: the detector has no weights to keep so, or cannot be traced.
    """
    graph = Graph(detector, "torchscript", network_dtype)
    if weights_dtype is not None:
        graph.network = _with_smaller_weights(graph.network, weights_dtype)
    samples = round(detector.crop_s * detector.specifications.sample_rate_hz)
    example = 0.1 * torch.randn(1, samples, generator=torch.Generator().manual_seed(0))
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what depends on the size, which is one
            frozen = torch.jit.freeze(torch.jit.trace(graph.eval(), example, check_trace=False))
    except (RuntimeError, TypeError, ValueError, NotImplementedError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise RefusedError(f"{type(detector.network).__name__} cannot be traced: {reason}") from error
    buffer = io.BytesIO()
    torch.jit.save(frozen, buffer)
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(buffer.getvalue())
    return ScriptScorer(torch.jit.optimize_for_inference(torch.jit.load(to)), samples)


def _with_smaller_weights(network: Network, dtype: torch.dtype) -> Network:
    kinds = {nn.Linear, nn.GRU, nn.LSTM}
    if not any(type(module) in kinds for module in network.modules()):
        raise RefusedError("the network has no linear or recurrent layer, whose weights could be kept in fewer bits")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch moves its quantization into a package of its own
        smaller: Network = torch.ao.quantization.quantize_dynamic(network, kinds, dtype=dtype)
    return smaller
