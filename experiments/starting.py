"""A detector that is to be trained and a model of the same form in, the detector with that model's weights out."""

from dataclasses import dataclass

from torch import nn

from experiments.known_model import checkpoint_of
from lightning_modules.detector import Detector
from lightning_modules.pruning.unstructured import keep_zeros
from lightning_modules.specifications import Description, describe


@dataclass(frozen=True)
class Start:
    """The weights that a training begins with, instead of random ones: a section of its config.

    Args:
        model: id of a run, ``models:/NAME@ALIAS``, or path of a checkpoint, of a detector of the same form.
        keep_zeros: weights that are zero in it are not learnt: they were pruned.
    """

    model: str = ""
    keep_zeros: bool = False


def begin(detector: Detector, start: Start) -> None:
    """Give a detector the weights of a model.

    Raises:
        ValueError: its parts are made otherwise.
        LookupError: there is no such model.
        FileNotFoundError: its run has no checkpoint.
    """
    source = Detector.from_file(checkpoint_of(start.model, "start.model"))
    for part in ("enhancement", "frontend", "normalisation", "network"):
        found, expected = (_described(getattr(each, part)) for each in (source, detector))
        if found != expected:
            raise ValueError(
                f"start.model: found a {part} {_differing(found, expected)}, expected that of the config "
                f"{_differing(expected, found)}: its weights fit no other; set model.{part} to that, or name another"
            )
    weights = {name: value for name, value in source.state_dict().items() if not name.startswith("loss.")}
    try:
        detector.load_state_dict(weights, strict=False)  # a loss of its own is not described
    except RuntimeError as error:  # a classifier for another loss
        raise ValueError(f"start.model: its weights do not fit the config: {error}") from error
    if start.keep_zeros:
        keep_zeros(detector.network)


def _described(part: nn.Module | None) -> Description | None:
    return None if part is None else describe(part)


def _differing(one: Description | None, other: Description | None) -> str:
    """What of a description another does not say."""
    if one is None or other is None or one["class_path"] != other["class_path"]:
        return "none" if one is None else one["class_path"]
    arguments = {name: value for name, value in one["init_args"].items() if other["init_args"].get(name) != value}
    return ", ".join(f"{name}={value}" for name, value in arguments.items())
