"""Recordings of a request and its parameters in, an answer for each out: what every endpoint says."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from datamodules.audio import MAX_DURATION_S, AudioError
from experiments.inference import MIN_DURATION_S, Countermeasure, Verdict

FIELDS = (*(field.name for field in fields(Verdict)), "error")
MAX_WINDOW_S, MIN_HOP_S = 60.0, 0.05
_LARGEST_THRESHOLD = 1e6


@dataclass(frozen=True)
class Recording:
    """One item of a request.

    Attributes:
        name: how errors call it.
        audio: the bytes of a file, or its path; none where the item holds neither.
        problem: what is wrong with the item where there is no audio.
    """

    name: str
    audio: bytes | Path | None
    problem: str = ""


@dataclass(frozen=True)
class Options:
    """What a request may ask for.

    Attributes:
        threshold: calibrated score above which audio is called bona fide; the model's own when not given.
        window_s: length of the windows; the model's training crop when not given.
        hop_s: from window to window; half a window when not given.
    """

    threshold: float | None = None
    window_s: float | None = None
    hop_s: float | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any], crop_s: float) -> "Options":
        """Check what a client sent; numbers may be written as text.

        Args:
            values: by their names.
            crop_s: the model's training crop: the window where none was sent, and so the longest hop.

        Raises:
            ValueError: an unknown name, no number, or one out of its range.
        """
        names = [field.name for field in fields(cls)]
        if unknown := sorted(set(values) - set(names)):
            raise ValueError(f"found the parameters {', '.join(map(repr, unknown))}, expected only {', '.join(names)}")
        numbers = {name: _number(name, value) for name, value in values.items() if value is not None}
        options = cls(**numbers)
        for name, low, high, meaning in (
            ("threshold", -_LARGEST_THRESHOLD, _LARGEST_THRESHOLD, ""),
            ("window_s", MIN_DURATION_S, MAX_WINDOW_S, ""),
            ("hop_s", MIN_HOP_S, options.window_s or crop_s, ", the window, or sound between windows is not heard"),
        ):
            if not low <= numbers.get(name, high) <= high:
                raise ValueError(f"found {name}={numbers[name]:g}, expected {low:g} to {high:g}{meaning}")
        return options


def answers(
    countermeasure: Countermeasure,
    recordings: Sequence[Recording],
    options: Options,
    max_duration_s: float = MAX_DURATION_S,
    deadline_s: float | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the fields of each recording's verdict, or, of one that cannot be judged, its reason as ``error``.

    Args:
        countermeasure: to judge with.
        recordings: each fails alone.
        options: for all of them.
        max_duration_s: longer ones are refused.
        deadline_s: by ``time.monotonic()``, when to give up what is left; never when not given.
    """
    for recording in recordings:
        try:
            verdict = _judged(countermeasure, recording, options, max_duration_s, deadline_s)
        except (AudioError, TimeoutError) as error:
            yield {**dict.fromkeys(FIELDS), "error": str(error)}
        except ValueError as error:  # of a window that is too short for the network
            yield {**dict.fromkeys(FIELDS), "error": f"{recording.name}: {error}"}
        else:
            yield {**asdict(verdict), "error": None}


def _judged(
    countermeasure: Countermeasure,
    recording: Recording,
    options: Options,
    max_duration_s: float,
    deadline_s: float | None,
) -> Verdict:
    if recording.audio is None:
        raise AudioError(f"{recording.name}: {recording.problem}")
    if deadline_s is not None and time.monotonic() > deadline_s:
        raise TimeoutError(f"{recording.name}: the time of the request was up before it was looked at; send fewer")
    return countermeasure.judge(
        recording.audio,
        recording.name,
        options.window_s,
        options.hop_s,
        threshold=options.threshold,
        max_duration_s=max_duration_s,
        deadline_s=deadline_s,
    )


def _number(name: str, value: Any) -> float:  # noqa: ANN401 - whatever a client sends
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"found {name}={str(value)[:40]!r}, expected a finite number")
    return number
