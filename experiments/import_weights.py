"""A published checkpoint in, a run and a registered model with its weights out: ``spooflab import-weights``."""

import argparse
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from torch import Tensor

from datamodules.digests import file_sha256
from experiments import inference, registration, tracking
from experiments.data_config import read_data, read_sections
from experiments.ready_made import log_detector
from experiments.train import quieten
from lightning_modules.detector import Detector
from lightning_modules.frontends import Waveform
from lightning_modules.metrics.calibration import Calibration
from lightning_modules.networks import aasist, rawnet2
from lightning_modules.networks.network import Network
from lightning_modules.normalisation import Normalisation
from lightning_modules.untrusted import load_tensors

CROP_S = 64_600 / 16_000  # all of them were trained on
EXAMPLE_RATE_HZ = 16_000
UNCALIBRATED = inference.OperatingPoint(Calibration(), 0.0, inference.NOT_CALIBRATED)
_NAMES_TOLD = 5


@dataclass(frozen=True)
class Published:
    """A network whose weights can be had.

    Attributes:
        make: builds it as the published code computes it.
        rename: published names of weights to ours.
        paper: that describes it.
    """

    make: Callable[[], Network]
    rename: Callable[[Mapping[str, str]], dict[str, str]]
    paper: str


_AASIST, _RAWNET2 = "Jung et al., ICASSP 2022", "Tak et al., ICASSP 2021"
PUBLISHED = {
    "aasist": Published(lambda: aasist.AASIST(legacy_2022=True), aasist.rename_published_weights, _AASIST),
    "aasist-l": Published(
        lambda: aasist.AASIST(channels=(32, 32, 24, 24, 24, 24), pooling_ratios=(0.4, 0.5, 0.7), legacy_2022=True),
        aasist.rename_published_weights,
        _AASIST,
    ),
    "rawnet2-2019": Published(
        lambda: rawnet2.RawNet2(sinc_filters=128, sinc_taps=129, channels=(128, 128, 512, 512, 512, 512)),
        rawnet2.rename_published_weights,
        _RAWNET2,
    ),
    "rawnet2-2021": Published(lambda: rawnet2.RawNet2(legacy_2021=True), rawnet2.rename_published_weights, _RAWNET2),
}


def import_weights(
    network: str, checkpoint: Path, *, name: str | None = None, config: Path | None = None, source: str | None = None
) -> str:
    """Make a run of published weights, with all that a training leaves for ``evaluate``, ``score`` and ``promote``.

    Its operating point is none yet: scores as they come, and a threshold of 0. ``evaluate`` puts one in its place.

    Args:
        network: a key of ``PUBLISHED``.
        checkpoint: state dict that ``torch.save`` wrote; untrusted.
        name: of the run; the network's when not given.
        config: whose data section becomes the run's own, and is judged on where no other is named.
        source: where the weights are from and under which licence, in words.

    Returns:
        The run's id.

    Raises:
        ValueError: the checkpoint is refused, is no state dict of that network, or the config has no usable data.
    """
    detector = Detector(
        frontend=Waveform(),
        network=with_weights(
            PUBLISHED[network].make(), read_weights(checkpoint), PUBLISHED[network].rename, checkpoint
        ),
        normalisation=Normalisation("none", bins=1),
        crop_s=CROP_S,
    )
    data = None
    if config is not None:
        read_data(config)  # refuses what is not usable
        data = read_sections(config)["data"]
    provenance = {
        "weights.network": network,
        "weights.paper": PUBLISHED[network].paper,
        "weights.file": checkpoint.name,
        "weights.sha256": file_sha256(checkpoint),
        "weights.source": source or "not told",
    }
    with tracking.run(name or f"{network} imported", tags=provenance) as run_id:
        log_detector(run_id, detector, UNCALIBRATED, data, model_card(provenance))
    return run_id


def read_weights(checkpoint: Path) -> dict[str, Tensor]:
    """Read a state dict; nothing but tensors and plain values is unpickled, so no code of the file's runs.

    Raises:
        ValueError: the file is damaged, or holds something else.
        FileNotFoundError: there is none.
    """
    values = load_tensors(checkpoint)
    if not isinstance(values, dict) or not values or not all(map(_is_weight, values.items())):
        found = ", ".join(map(str, list(values)[:_NAMES_TOLD])) if isinstance(values, dict) else type(values).__name__
        raise ValueError(
            f"{checkpoint}: found {found or 'nothing'}, expected a state dict, which maps names of weights to tensors: "
            "save the `state_dict()` of the network alone"
        )
    return values


def with_weights(
    network: Network,
    weights: Mapping[str, Tensor],
    rename: Callable[[Mapping[str, str]], dict[str, str]],
    checkpoint: Path,
) -> Network:
    """Load published weights into a network.

    Args:
        network: that gets them, and is returned.
        weights: under their published names.
        rename: published names to ours.
        checkpoint: how errors call the weights.

    Raises:
        ValueError: weights are missing, left over, of other shapes, or not finite.
    """
    published = rename({name: name for name in weights})
    ours, expected = {name: weights[theirs] for name, theirs in published.items()}, network.state_dict()
    together = ours.keys() & expected.keys()
    wrong = {
        "missing (by our names)": [name for name in expected if name not in ours],
        "left over": sorted(set(weights) - {published[name] for name in together}),
        "of another shape": [
            f"{published[name]} {tuple(ours[name].shape)} instead of {tuple(expected[name].shape)}"
            for name in expected
            if name in together and ours[name].shape != expected[name].shape
        ],
        "not finite": [published[name] for name in expected if name in together and not ours[name].isfinite().all()],
    }
    found = [f"{what}: {_some(names)}" for what, names in wrong.items() if names]
    if found:
        raise ValueError(
            f"{checkpoint}: no weights of this {type(network).__name__}; {'; '.join(found)}. "
            "Is it of another --network?"
        )
    network.load_state_dict(ours)
    return network


def model_card(provenance: Mapping[str, str]) -> str:
    """Return the Markdown that the run's and the version's pages show."""
    rows = "\n".join(f"| {name.removeprefix('weights.')} | {value} |" for name, value in provenance.items())
    return f"""Published weights, imported as they are.

| | |
|---|---|
{rows}

**Takes** audio of any common format (bytes). **Gives** the difference of the logits (higher = more bona fide).

**{inference.NOT_CALIBRATED.capitalize()}.**
"""


def write_example(path: Path) -> None:
    """Write a second of something like a voice: pulses at 120 Hz through two resonances, under syllables."""
    time_s = np.arange(EXAMPLE_RATE_HZ) / EXAMPLE_RATE_HZ
    since_pulse_s = np.mod(time_s, 1 / 120)
    ringing = sum(np.exp(-300 * since_pulse_s) * np.sin(2 * np.pi * hz * since_pulse_s) for hz in (700, 1200))
    soundfile.write(path, 0.2 * ringing * np.sin(3 * np.pi * time_s) ** 2, EXAMPLE_RATE_HZ)


def main(arguments: list[str]) -> int:
    """Import from the command line."""
    parser = argparse.ArgumentParser(prog="spooflab import-weights", description="Import published weights.")
    parser.add_argument("--network", required=True, choices=PUBLISHED)
    parser.add_argument("--checkpoint", required=True, type=Path, help="state dict as published, .pth")
    parser.add_argument("--register", metavar="NAME", help="make a version of the registered model NAME")
    parser.add_argument("--name", help="of the run; the network's when not given")
    parser.add_argument("--source", help="where the weights are from, and their licence; kept on the run")
    parser.add_argument("--config", type=Path, help="whose data section the run keeps as its own, to be evaluated on")
    parser.add_argument("--example", type=Path, help="recording that the model's page shows; an artificial one without")
    options = parser.parse_args(arguments)
    quieten()
    run_id = import_weights(
        options.network, options.checkpoint, name=options.name, config=options.config, source=options.source
    )
    tags = tracking.get(run_id).data.tags
    print(f"run {run_id}: {options.network}, weights SHA-256 {tags['weights.sha256']}")
    model = run_id
    if options.register:
        kept = {name: value for name, value in tags.items() if name.startswith("weights.")}
        with tempfile.TemporaryDirectory() as folder:
            example = options.example or Path(folder) / "example.wav"
            if options.example is None:
                write_example(example)
            version = registration.register(run_id, model_card(kept), kept, example, options.register)
        model = f"models:/{options.register}/{version}"
        print(f"{model} is registered, {inference.NOT_CALIBRATED}")
    print(f"next: spooflab score --model {model} FILE…, or spooflab evaluate --model {run_id} --config C")
    return 0


def _is_weight(item: tuple[object, object]) -> bool:
    return isinstance(item[0], str) and isinstance(item[1], Tensor)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMES_TOLD} more" if len(names) > _NAMES_TOLD else ""
    return ", ".join(names[:_NAMES_TOLD]) + more
