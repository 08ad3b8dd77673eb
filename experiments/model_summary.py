"""A training config in, what its detector is and costs out: ``spooflab train --print-summary``; no audio is needed."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch
from jsonargparse import ArgumentParser, Namespace
from rich.markup import escape
from rich.table import Table
from torch import Tensor, nn

from experiments.console import console
from experiments.inference_cost import size_mb
from experiments.training_config import read_only
from lightning_modules.cost import NOT_COUNTED, Parameters, count_macs, count_parameters
from lightning_modules.detector import Detector


@dataclass(frozen=True)
class Stage:
    """One step from the waveform to the logits.

    Attributes:
        name: its place in the chain.
        module: name of its class.
        output: shape of what comes out, for a batch of one.
        parameters: its learnt numbers.
    """

    name: str
    module: str
    output: tuple[int, ...]
    parameters: Parameters


@dataclass(frozen=True)
class Summary:
    """What a detector is and costs.

    Attributes:
        architecture: the network in one line, as its class says.
        crop_s: length of the input that shapes and operations are of, in seconds.
        stages: from the waveform to the logits; the network's embedding and classifier apart.
        children: learnt numbers of each part of the network.
        parameters: of the whole.
        macs: multiply-accumulates for one crop, of the whole chain.
        size_mb: of the weights in a checkpoint, in millions of bytes.
    """

    architecture: str
    crop_s: float
    stages: list[Stage]
    children: dict[str, Parameters]
    parameters: Parameters
    macs: int
    size_mb: float


def read_detector(arguments: Sequence[str]) -> Detector:
    """Make the detector of a training config alone.

    Args:
        arguments: as for ``spooflab train``.

    Raises:
        ValueError: the config is not usable.
    """
    config = read_only(arguments).config
    try:
        parser = ArgumentParser(exit_on_error=False)
        parser.add_class_arguments(Detector, "model")
        detector: Detector = parser.instantiate_classes(Namespace(model=config.model)).model
    except argparse.ArgumentError as error:
        raise ValueError(f"the config is not usable: {error}") from error
    return detector


def summarise(detector: Detector) -> Summary:
    """Trace one crop of noise through a detector."""
    detector.eval()
    network, frontend = detector.network, detector.frontend
    samples = round(detector.crop_s * frontend.sample_rate_hz)
    waveform = 0.1 * torch.randn(1, samples, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        enhanced = waveform if detector.enhancement is None else detector.enhancement(waveform)
        features = frontend(enhanced)
        embedding = network.embed(features)
    rest = _parameters_beside(network, network.classifier)
    stages = [Stage("waveform", "", tuple(waveform.shape), Parameters(0, 0))]
    if detector.enhancement is not None:
        stages.append(_stage("enhancement", detector.enhancement, enhanced))
    stages += [
        _stage("frontend", frontend, features),
        _stage("normalisation", detector.normalisation, features),  # keeps the shape; may not be fitted yet
        Stage("network", type(network).__name__, tuple(embedding.shape), rest),
        _stage("classifier", network.classifier, network.classifier(embedding)),
    ]
    before = 0 if detector.enhancement is None else count_macs(detector.enhancement, waveform)
    return Summary(
        architecture=(type(network).__doc__ or type(network).__name__).strip().splitlines()[0],
        crop_s=detector.crop_s,
        stages=stages,
        children={name: count_parameters(child) for name, child in network.named_children()},
        parameters=count_parameters(detector),
        macs=before + count_macs(frontend, enhanced) + count_macs(network, features),
        size_mb=size_mb(detector),
    )


def show(summary: Summary) -> None:
    """Print a summary for a person."""
    out = console()
    out.print(escape(summary.architecture), highlight=False, soft_wrap=True)
    out.print(_chain(summary))
    out.print(_children(summary))
    print(
        f"{summary.parameters.trainable:,} parameters to train, {summary.parameters.frozen:,} frozen; "
        f"{summary.size_mb:,.2f} MB of weights\n"
        f"{summary.macs:,} multiply-accumulates for a crop of {summary.crop_s:g} s\n"
        f"  not counted: {NOT_COUNTED}"
    )


def _stage(name: str, module: nn.Module, output: Tensor) -> Stage:
    return Stage(name, type(module).__name__, tuple(output.shape), count_parameters(module))


def _parameters_beside(module: nn.Module, part: nn.Module) -> Parameters:
    whole, apart = count_parameters(module), count_parameters(part)
    return Parameters(whole.trainable - apart.trainable, whole.frozen - apart.frozen)


def _chain(summary: Summary) -> Table:
    table = Table("stage", "is", "output", title="from waveform to logits", title_justify="left")
    table.add_column("parameters", justify="right")
    table.add_column("frozen", justify="right")
    for stage in summary.stages:
        shape = " x ".join(f"{size:,}" for size in stage.output)
        table.add_row(stage.name, stage.module, shape, *_columns(stage.parameters))
    return table


def _children(summary: Summary) -> Table:
    table = Table("part of the network", title="where the parameters are", title_justify="left")
    table.add_column("parameters", justify="right")
    table.add_column("frozen", justify="right")
    for name, parameters in summary.children.items():
        table.add_row(escape(name), *_columns(parameters))
    return table


def _columns(parameters: Parameters) -> tuple[str, str]:
    return f"{parameters.total:,}", f"{parameters.frozen:,}"


def main(arguments: Sequence[str]) -> int:
    """Print the summary of a config, as tables or as JSON."""
    summary = summarise(read_detector(arguments))
    if "--json" in arguments:
        print(json.dumps(asdict(summary), indent=1))
    else:
        show(summary)
    return 0
