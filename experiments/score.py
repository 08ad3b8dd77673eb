"""Audio files and folders in, a score and a decision for each out: ``spooflab score``."""

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from datamodules.audio import AudioError
from datamodules.audio_files import audio_files
from experiments import registry, tracking
from experiments.inference import NOT_CALIBRATED, Countermeasure, Verdict
from experiments.threads import cores, share, use


def load(model: str) -> Countermeasure:
    """Load the countermeasure of a registered version (``models:/NAME@ALIAS``), an evaluated run, or a folder.

    Raises:
        LookupError: there is no such version or run.
        FileNotFoundError: the run was not evaluated.
    """
    if model.startswith("models:/"):
        return Countermeasure.load(registry.countermeasure_folder(model))
    if Path(model).is_dir():
        return Countermeasure.load(Path(model))
    tracking.get(model)
    return Countermeasure.load(tracking.fetch(model, registry.COUNTERMEASURE_ARTIFACT))


def find_audio(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield files as they are, and the audio files below folders, at any depth and behind links, in order."""
    for path in paths:
        if path.is_dir():
            yield from audio_files(path)
        else:
            yield path


def main(arguments: list[str]) -> int:
    """Score from the command line: exit code 1 when a file could not be judged, after the others were."""
    parser = argparse.ArgumentParser(prog="spooflab score", description="Score audio files or folders.")
    parser.add_argument("audio", nargs="+", type=Path, metavar="AUDIO", help="file or folder")
    parser.add_argument("--model", default=f"models:/{registry.MODEL_NAME}@{registry.CHAMPION}")
    parser.add_argument("--out", type=Path, help="write a score file, `UTTERANCE - - SCORE` a line")
    parser.add_argument("--window-s", type=float, help="length of a window; the training crop when not given")
    parser.add_argument("--hop-s", type=float, help="from window to window; half a window when not given")
    parser.add_argument("--json", action="store_true", help="print one JSON object a file, with its windows")
    options = parser.parse_args(arguments)
    use(share(cores()), tell=False)  # one: recordings are scored one by one
    countermeasure = load(options.model)
    if countermeasure.operating_point.source == NOT_CALIBRATED:
        print(f"{options.model} is {NOT_CALIBRATED}", file=sys.stderr)
    verdicts: dict[Path, Verdict] = {}
    failed = 0
    for path in find_audio(options.audio):
        try:
            verdicts[path] = countermeasure.judge(path, window_s=options.window_s, hop_s=options.hop_s)
        except AudioError as error:
            failed += 1
            print(error, file=sys.stderr)
        else:
            if options.json:
                print(json.dumps({"file": str(path), **asdict(verdicts[path])}))
    if not verdicts and not failed:
        raise FileNotFoundError(f"no audio file in {', '.join(map(str, options.audio))}")
    if options.out:
        names = utterance_names(list(verdicts))
        options.out.write_text(
            "".join(f"{names[path]} - - {verdict.score:.6f}\n" for path, verdict in verdicts.items())
        )
    if verdicts and not options.json:
        Console().print(as_table(verdicts))
    return 1 if failed else 0


def utterance_names(paths: Sequence[Path]) -> dict[Path, str]:
    """Name each file for a score file: its stem, or its whole path where stems repeat; without white space."""
    stems = Counter(path.stem for path in paths)
    return {path: re.sub(r"\s", "_", path.stem if stems[path.stem] == 1 else str(path)) for path in paths}


def as_table(verdicts: dict[Path, Verdict]) -> Table:
    """Return a table with a row for each file."""
    threshold = next(iter(verdicts.values())).threshold
    table = Table(caption=f"score: log-likelihood ratio, higher = more bona fide; bona fide above {threshold:.2f}")
    table.add_column("file", overflow="fold")
    for name in ("seconds", "score", "P(bona fide)"):
        table.add_column(name, justify="right")
    table.add_column("decision")
    for path, verdict in verdicts.items():
        table.add_row(
            escape(str(path)),
            f"{verdict.duration_s:.1f}",
            f"{verdict.score:+.2f}",
            f"{verdict.probability:.3f}",
            verdict.decision,
        )
    return table
