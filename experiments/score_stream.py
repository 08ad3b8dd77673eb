"""Recordings of any length in, a JSON line for each window as it is done and one for the whole out, as they come."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from datamodules.audio import AudioError
from datamodules.audio_stream import AudioStream, open_file, open_pipe
from datamodules.safe_files import UNFINISHED
from experiments.apart import call_apart
from experiments.inference import NOT_CALIBRATED, Countermeasure
from experiments.score_bad import noting
from experiments.score_inputs import inputs_of
from experiments.score_item import STANDARD_INPUT, Item
from experiments.score_ledger import Ledger
from experiments.stream_verdict import StreamVerdict, judge_stream
from experiments.threads import use
from lightning_modules.aggregation import Aggregation


@dataclass(frozen=True)
class StreamOptions:
    """How recordings are streamed.

    Attributes:
        window_s: length of the windows; the training crop when none.
        hop_s: from window to window; half a window when none.
        aggregation: what makes one score of the windows'.
        out: file of the lines, there when all is done; the terminal when none.
        bad: file of what could not be judged, and why.
    """

    window_s: float | None
    hop_s: float | None
    aggregation: Aggregation
    out: Path | None
    bad: Path | None


def score(options: argparse.Namespace) -> int:
    """Stream what the command line of ``spooflab score`` names and return its exit code."""
    inputs = inputs_of(options.audio, options.config, options.partition)
    due = Ledger(inputs)
    folder = Path(options.model)
    if not folder.is_dir():  # MLflow, which knows it, would take a tenth of the memory to the end
        folder = call_apart("experiments.score_recipe", "folder_of", options.model)
    how = StreamOptions(options.window_s, options.hop_s, options.aggregate or "mean", options.out, options.bad)
    return score_streams(folder, (item for item in inputs if due.settle(item.utterance)), how, options.model)


def score_streams(folder: Path, items: Iterable[Item], options: StreamOptions, model: str) -> int:
    """Judge recordings one after the other and return the exit code: 1 when one could not be judged.

    Args:
        folder: of the countermeasure.
        items: recordings; the path ``-`` is what comes through standard input.
        options: how.
        model: what the countermeasure is called.
    """
    use(1, tell=False)
    countermeasure = Countermeasure.load(folder)
    if countermeasure.operating_point.source == NOT_CALIBRATED:
        print(f"{model} is {NOT_CALIBRATED}", file=sys.stderr)
    with noting(options.bad) as bad, _lines(options.out) as write:
        for item in items:
            try:
                _judge(countermeasure, item, options, write)
            except AudioError as error:
                bad.add(item.path, str(error))
    for line in bad.report():
        print(line, file=sys.stderr)
    return 1 if len(bad) else 0


def _judge(countermeasure: Countermeasure, item: Item, options: StreamOptions, write: Callable[[str], None]) -> None:
    start_s = time.perf_counter()
    with _opened(item.path, countermeasure.detector.frontend.sample_rate_hz) as recording:
        for judged in judge_stream(
            countermeasure, recording, str(item.path), options.window_s, options.hop_s, options.aggregation
        ):
            whole = isinstance(judged, StreamVerdict)
            known = {"of": "recording" if whole else "window", "utterance": item.utterance}
            if isinstance(judged, StreamVerdict):
                known |= {"file": str(item.path), "key": item.key, "attack": item.attack}
                passed_s = time.perf_counter() - start_s
                print(
                    f"{item.path}: {judged.decision}, {judged.aggregation} of {judged.windows:,} windows "
                    f"{judged.score:+.2f}; {judged.duration_s:,.1f} s at {judged.duration_s / passed_s:,.0f} x real "
                    "time",
                    file=sys.stderr,
                )
            write(json.dumps({**known, **asdict(judged)}))


def _opened(path: Path, sample_rate_hz: int) -> AbstractContextManager[AudioStream]:
    if path == STANDARD_INPUT:
        return open_pipe(sys.stdin.buffer, sample_rate_hz)
    return open_file(path, sample_rate_hz)


@contextmanager
def _lines(out: Path | None) -> Iterator[Callable[[str], None]]:
    """Write lines, each at once; a file is called ``.part`` until no more are to come."""
    if out is None:
        yield lambda line: print(line, flush=True)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(out.name + UNFINISHED)
    with unfinished.open("w", buffering=1, errors="surrogateescape") as file:
        yield lambda line: print(line, file=file)
    unfinished.replace(out)
