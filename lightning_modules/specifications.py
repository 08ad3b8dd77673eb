"""Modules in, plain values out, and back: what a checkpoint carries so that inference needs no training config."""

import importlib
import inspect
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypedDict, TypeVar

from torch import nn

ModuleType = TypeVar("ModuleType", bound=nn.Module)


class Description(TypedDict):
    """A module as jsonargparse writes it: the dotted path of its class and its constructor's arguments."""

    class_path: str
    init_args: dict[str, Any]


@dataclass(frozen=True)
class Specifications:
    """Everything that fixes how audio becomes a score, but for the weights.

    Attributes:
        sample_rate_hz: rate that the frontend expects.
        crop_s: length of the window that the network was trained on.
        frontend: description of the waveform-to-features module.
        normalisation: description of the feature normalisation.
        network: description of the features-to-logits module.
        score_convention: what a score means.
        labels: index of each class in the logits.
        format_version: raised when this layout changes.
        enhancement: description of the waveform-to-waveform module before the frontend, if any.
        classifier: description of the embedding-to-logits module that took the place of the network's, if any.
        shorter: what an utterance shorter than the window is: ``repeat``ed up to it, or taken as it is, ``pad``ded with
            frames that do not count.
    """

    sample_rate_hz: int
    crop_s: float
    frontend: Description
    normalisation: Description
    network: Description
    score_convention: str = "log-likelihood ratio, higher = more bona fide"
    labels: dict[str, int] = field(default_factory=lambda: {"spoof": 0, "bonafide": 1})
    format_version: int = 1
    enhancement: Description | None = None
    classifier: Description | None = None
    shorter: Literal["repeat", "pad"] = "repeat"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, safe in JSON and in a ``weights_only`` checkpoint."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Specifications":
        """Read what ``to_dict`` wrote.

        Raises:
            ValueError: the layout is another version's.
        """
        version = values.get("format_version")
        if version != cls.format_version:
            raise ValueError(
                f"the checkpoint has specifications of format {version}, expected {cls.format_version}: "
                "load it with the spooflab that wrote it, or train again"
            )
        return cls(**values)


def describe(module: nn.Module) -> Description:
    """Describe a module by its class and the arguments it was made with.

    As in scikit-learn, every constructor argument is kept as an attribute of the same name.

    Raises:
        TypeError: the module does not keep an argument as an attribute.
    """
    cls = type(module)
    arguments = [name for name in inspect.signature(cls.__init__).parameters if name != "self"]
    missing = [name for name in arguments if not hasattr(module, name)]
    if missing:
        raise TypeError(
            f"{cls.__qualname__} does not keep its argument(s) {', '.join(missing)}: "
            "assign each constructor argument to an attribute of the same name"
        )
    return Description(
        class_path=f"{cls.__module__}.{cls.__qualname__}",
        init_args={name: _plain(getattr(module, name)) for name in arguments},
    )


def build(description: Description, expected: type[ModuleType]) -> ModuleType:
    """Make the described module anew, without its weights.

    Args:
        description: what ``describe`` returned.
        expected: the class that it must be a subclass of; a checkpoint is untrusted input.

    Raises:
        TypeError: the path names something else than a subclass of ``expected``.
    """
    module_name, _, class_name = description["class_path"].rpartition(".")
    found = getattr(importlib.import_module(module_name), class_name, None) if module_name else None
    if not (isinstance(found, type) and issubclass(found, expected)):
        raise TypeError(f"{description['class_path']!r} is no {expected.__name__}: the checkpoint cannot be trusted")
    return found(**description["init_args"])


def _plain(value: Any) -> Any:  # noqa: ANN401 - any constructor argument
    return list(value) if isinstance(value, tuple) else value
