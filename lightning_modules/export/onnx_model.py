"""A detector in, the file of an ONNX model out: waveforms in, scores out, with all that its user must know inside."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
import onnxruntime
import torch
from torch import Tensor
from torch.export import Dim

from lightning_modules.detector import Detector
from lightning_modules.enhancement import Enhancement
from lightning_modules.enhancement.noise_tracking import MinimumStatistics
from lightning_modules.export.form import RefusedError
from lightning_modules.export.graph import Graph
from lightning_modules.export.recurrent import OPSET
from lightning_modules.export.session import INPUT, OUTPUT
from lightning_modules.frontends import Frontend
from lightning_modules.networks.sinc import SincFilterbank
from lightning_modules.normalisation import Normalisation

SHORTEST_S, LONGEST_S = 0.25, 600.0
_LONGER = 1.37  # than a crop: no round number of frames
_NEAR = 1e-3  # what is wrong for a length is off by more
_FATAL = 4  # what a trial says of its failure is of no use to anybody
_SCOPES = "pkg.torch.onnx.name_scopes"
_FIXED = (Frontend, Enhancement, Normalisation, SincFilterbank)


def write_onnx(detector: Detector, to: Path, network_dtype: torch.dtype = torch.float32) -> None:
    """Write a detector as an ONNX model, for batches of any size and waveforms of any length.

    A detector whose operations depend on the length is written for windows of its crop alone.

    Args:
        detector: in evaluation mode, on the CPU.
        to: the file.
        network_dtype: that the network computes in; the frontend is in single precision.

    Raises:
        RefusedError: the exporter cannot write what the detector computes.
    """
    graph = Graph(detector, "onnx", network_dtype)
    samples = round(detector.crop_s * detector.specifications.sample_rate_hz)
    example = 0.1 * torch.randn(2, samples, generator=torch.Generator().manual_seed(0))
    shortest = shortest_samples(detector)
    model = _written(graph, example, shortest) if shortest < samples else None
    lengths = (shortest, round(_LONGER * samples))
    if model is None or not _takes_any_batch(model) or not _holds(model, detector, lengths, network_dtype):
        model = _written(graph, example, None)
    if model is None:
        raise RefusedError(f"{type(detector.network).__name__} cannot be written as ONNX: {_why(graph, example)}")
    to.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, to)


def nodes_to_keep(path: Path, detector: Detector) -> list[str]:
    """Return the names of the nodes of an ONNX model that are not to be rounded to 8 bits.

    They are those that make what the network reads, filters in it that are not learnt, and the classifier: it is small,
    and of logits in 8 bits many trials would have the same score.
    """
    fixed = {name for name, module in Graph(detector, "onnx").named_modules() if isinstance(module, _FIXED)}
    fixed.add("network.classifier")
    return [node.name for node in onnx.load(path).graph.node if _is_fixed(node, fixed)]


def shortest_samples(detector: Detector) -> int:
    """Return how long a waveform must be, at least, for an export of any length."""
    frontend, network = detector.frontend, detector.network
    frames = getattr(network, "shortest_input_frames", 1)
    shortest = max(
        round(SHORTEST_S * frontend.sample_rate_hz),
        2 * (frontend.shortest_input_samples + frontend.hop_samples * (frames - 1)),  # a single frame is another case
        2 * getattr(network, "shortest_input_samples", 1),
    )
    if detector.enhancement is not None and isinstance(tracker := detector.enhancement.tracker, MinimumStatistics):
        frames = tracker.frames + tracker.smoothing_frames
        shortest = max(shortest, frames * detector.enhancement.transform.hop_samples)
    return shortest


def _is_fixed(node: onnx.NodeProto, fixed: set[str]) -> bool:
    scopes = next((entry.value for entry in node.metadata_props if entry.key == _SCOPES), "")
    names = [name.strip(" []'\"") for name in scopes.split(",")]
    return not any(name.partition(".")[0] == "network" for name in names) or not fixed.isdisjoint(names)


def _written(graph: Graph, example: Tensor, shortest: int | None) -> onnx.ModelProto | None:
    """The model; for any length from the shortest on, or that of the example. None where that cannot be."""
    try:
        return _exported(graph, example, shortest)
    except (torch.onnx.OnnxExporterError, RuntimeError, ValueError):
        return None


def _exported(graph: Graph, example: Tensor, shortest: int | None) -> onnx.ModelProto:
    shapes: dict[int, Dim] = {0: Dim("batch", min=1, max=4096)}
    if shortest is not None:
        rate_hz = graph.frontend.sample_rate_hz
        shapes[1] = Dim("samples", min=shortest, max=round(LONGEST_S * rate_hz))
    with torch.no_grad(), _silence():
        program = torch.onnx.export(
            graph,
            (example,),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=(shapes,),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("the exporter gave nothing")
    return program.model_proto


def _holds(model: onnx.ModelProto, detector: Detector, lengths: tuple[int, ...], dtype: torch.dtype) -> bool:
    """Whether a model scores waveforms of other lengths than its example's as the detector does.

    What the exporter takes for a constant, such as how many nodes a graph keeps, is wrong for them.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception:  # noqa: BLE001 - who opens the file is told why it cannot be run
        return True
    for samples in lengths:
        waveforms = 0.1 * torch.randn(2, samples, generator=torch.Generator().manual_seed(0))
        try:
            (found,) = session.run([OUTPUT], {INPUT: waveforms.numpy()})
        except Exception:  # noqa: BLE001 - its exceptions have no common base
            return False
        with torch.inference_mode():
            expected = detector(waveforms)
        difference = (torch.from_numpy(found) - expected).abs()
        if dtype == torch.float32 and not bool((difference <= _NEAR * expected.abs().clamp_min(1.0)).all()):
            return False
    return True


def _takes_any_batch(model: onnx.ModelProto) -> bool:
    return bool(model.graph.input[0].type.tensor_type.shape.dim[0].dim_param)


def _why(graph: Graph, example: Tensor) -> str:
    try:
        _exported(graph, example, None)
    except (torch.onnx.OnnxExporterError, RuntimeError, ValueError) as error:
        lines = [line.strip() for line in str(error.__cause__ or error).splitlines() if line.strip()]
        return next((line for line in lines if "rror" in line), lines[0] if lines else type(error).__name__)
    return "it could be this time"


@contextmanager
def _silence() -> Iterator[None]:
    """Leave out what the exporter says of packages that are not there, and of its own future."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
