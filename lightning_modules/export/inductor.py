"""A detector in, compiled machine code out, by `torch.export` and a C++ compiler: for windows of its crop alone."""

import shutil
import tempfile
import warnings
from pathlib import Path

import torch
from torch._inductor import aoti_compile_and_package, aoti_load_package

from lightning_modules.detector import Detector
from lightning_modules.export.form import RefusedError
from lightning_modules.export.graph import Graph
from lightning_modules.export.torchscript import ScriptScorer

COMPILERS = ("g++", "clang++", "c++")


def write_inductor(detector: Detector, to: Path) -> ScriptScorer:
    """Compile a detector ahead of time (AOTInductor) for this kind of processor, and return what scores with the file.

    Args:
        detector: in evaluation mode, on the CPU.
        to: the package, ``.pt2``.

    Raises:
        RefusedError: there is no compiler, or the detector cannot be compiled.
    """
    if not any(shutil.which(compiler) for compiler in COMPILERS):
        raise RefusedError(f"found no C++ compiler ({', '.join(COMPILERS)}), expected one: install g++")
    graph = Graph(detector, "torchscript")
    samples = round(detector.crop_s * detector.specifications.sample_rate_hz)
    example = 0.1 * torch.randn(1, samples, generator=torch.Generator().manual_seed(0))
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        with torch.no_grad(), warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
            warnings.simplefilter("ignore")
            made = Path(
                aoti_compile_and_package(
                    torch.export.export(graph, (example,)), package_path=str(Path(folder) / "model.pt2")
                )
            )
            shutil.move(made, to)
            compiled = aoti_load_package(str(to))
            compiled(example)
    except Exception as error:
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise RefusedError(f"{type(detector.network).__name__} cannot be compiled: {reason}") from error
    return ScriptScorer(compiled, samples)
