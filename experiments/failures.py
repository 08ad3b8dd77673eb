"""An exception in, what a person needs to know of it out: its last lines, a hint, its cause, and the kind of it."""

import errno
import re
import traceback
from dataclasses import dataclass

import torch

OUT_OF_MEMORY = (
    "hint: out of memory: lower data.batch_size (trainer.accumulate_grad_batches makes up for it) or data.crop_s, "
    "or run fewer --workers"
)
_LAST_LINES = 12
_LONGEST_CAUSE = 300
_COMPARED = 200  # of a cause: where its end is cut off depends on its numbers
_LONGEST_MESSAGE, _LONGEST_TEXT = 3000, 4000  # MLflow's tags end at 8,000
_ALLOCATORS = ("can't allocate memory", "not enough memory", "out of memory", "cannot allocate memory")
_THIS_TIME_S_OWN = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d+(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Failure:
    """What went wrong.

    Attributes:
        text: the message, a hint where there is one, and the last lines of the traceback.
        cause: type and message, in one line.
    """

    text: str
    cause: str


def describe(error: BaseException) -> Failure:
    """Tell what went wrong."""
    message = "".join(traceback.format_exception_only(error)).strip()[:_LONGEST_MESSAGE]  # pages show its beginning
    hint = [OUT_OF_MEMORY] if is_out_of_memory(error) else []
    frames = [line for frame in traceback.format_tb(error.__traceback__) for line in frame.splitlines()]
    lines = last_lines("\n".join(line for line in frames if line.strip(" ~^")))[-_LONGEST_TEXT:]
    return Failure("\n".join([message, *hint, "Last lines of the traceback:", lines]), cause(error))


def cause(error: BaseException) -> str:
    """Return type and message in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:_LONGEST_CAUSE]


def kind(cause: str) -> str:
    """Return what is the same of a cause whenever the same goes wrong: it has no numbers and no addresses."""
    return _THIS_TIME_S_OWN.sub("#", cause)[:_COMPARED]


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether there was too little memory, of the machine or of its GPU."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _ALLOCATORS)


def last_lines(text: str) -> str:
    """Return the end of a traceback: what a tag can hold and a person needs."""
    return "\n".join(text.strip().splitlines()[-_LAST_LINES:])
