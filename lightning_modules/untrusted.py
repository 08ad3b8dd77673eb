"""A checkpoint of unknown origin in, its tensors and plain values out, or one error; no code of the file's runs."""

from pathlib import Path
from typing import Any

import torch


def load_tensors(checkpoint: str | Path) -> Any:  # noqa: ANN401 - what the file holds
    """Load what ``torch.save`` wrote, onto the CPU, if it is of tensors and plain values.

    Raises:
        ValueError: the file is damaged, or holds something else: anything else could be code.
        FileNotFoundError: there is none.
    """
    try:
        return torch.load(checkpoint, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{checkpoint}: no such file; give the path of a checkpoint") from error
    except MemoryError:
        raise
    except Exception as error:  # a file that is no pickle ends the unpickler in a dozen ways, struct.error among them
        raise ValueError(
            f"{checkpoint}: damaged, or holds more than tensors and plain values, which could be code; refused, and "
            "nothing in it was run"
        ) from error
