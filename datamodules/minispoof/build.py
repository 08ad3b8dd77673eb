"""A source of speech, a size and a seed in -> the embedded corpus on disk and its manifest out."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from joblib import Parallel, cpu_count, delayed, parallel_config  # type: ignore[import-untyped]
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from datamodules.manifest import PARTITIONS, Manifest, shorten
from datamodules.minispoof import tree
from datamodules.minispoof.attacks import ATTACKS
from datamodules.minispoof.errors import BuildError
from datamodules.minispoof.pieces import Piece, Scan, choose_pieces, scan
from datamodules.minispoof.plan import PlannedTrial, plan_trials
from datamodules.minispoof.recordings import Recording, Speech, find_speech
from datamodules.minispoof.render import Unit, render, units_of
from datamodules.minispoof.sizes import Size, size_named
from datamodules.minispoof.tools import Tools, find_tools

DEFAULT_SEED: Final = 2026


def build_corpus(
    out: Path,
    speech: str = "auto",
    size: str = "small",
    seed: int = DEFAULT_SEED,
    jobs: int | None = None,
    *,
    language: str = "en",
    sources: Path | None = None,
    progress: bool = True,
    tell: Callable[[str], None] = print,
) -> Manifest:
    """Build the embedded corpus, or go on with an unfinished one; a finished one is only read.

    Args:
        out: the corpus's folder.
        speech: "auto", "debian", "librispeech", or a folder with one sub-folder of recordings a speaker.
        size: "tiny" (about 90 clips), "small" (1,500), "medium" (3,300) or "full".
        seed: the same seed, sources and tools give the same bytes, whatever ``jobs`` is.
        jobs: worker processes; default all cores this process may use.
        language: what is spoken in a folder of one's own (ISO 639-1).
        sources: where downloads are kept; default ``sources`` beside ``out``.
        progress: show a progress bar.
        tell: receives one line on each step.

    Returns:
        The manifest of the corpus.

    Raises:
        BuildError: no speech source works, or ``out`` holds something else.
    """
    wanted = size_named(size)
    with _alone(out, tell):
        complete = tree.read_complete(out)
        if complete is not None and _answers(complete, speech, size, seed):
            tell(
                f"{out} is complete ({complete.speech} speech, {complete.size}, seed {complete.seed}); "
                f"delete it to build it anew"
            )
            return asvspoof2019_la(str(out))
        workers = jobs or cpu_count()
        kept = (sources or out.parent / "sources").resolve()  # programs that are run there see other relative paths
        found, tools = _fetch(speech, kept, wanted, language, seed=seed, tell=tell)
        settings = _settings(found, tools, size, seed)
        tree.begin(out, settings)
        pieces, refusals = _choose(found, wanted, seed, workers)
        trials = plan_trials(pieces, tools.available, seed)
        _make(trials, out, tools, seed, workers=workers, progress=progress, tell=tell)
        tree.finish(out, settings, trials, [*refusals, *tools.refusals])
    if refusals:
        tell(f"{len(refusals)} source files could not be used: {shorten(refusals)}")
    manifest = asvspoof2019_la(str(out))
    tell(f"{out}: {len(manifest)} clips ({', '.join(f'{p} {len(manifest.partition(p))}' for p in PARTITIONS)})")
    return manifest


@contextmanager
def _alone(out: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold a folder's lock: a second builder waits, then finds the work done; a killed one frees it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with (out.parent / f".{out.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(f"waiting for another process that is at work on {out}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _settings(found: Speech, tools: Tools, size: str, seed: int) -> tree.Settings:
    programs = (tools.espeak, tools.flite, tools.piper)
    return tree.Settings(
        format=tree.FORMAT,
        speech=found.name,
        size=size,
        seed=seed,
        tools=tuple(sorted(tools.available)),
        sources=(*found.credits, *(program.origin for program in programs if program)),
    )


def _answers(complete: tree.Settings, speech: str, size: str, seed: int) -> bool:
    return (
        complete.format == tree.FORMAT
        and (complete.size, complete.seed) == (size, seed)
        and speech in {"auto", complete.speech}
    )


def _fetch(
    speech: str, sources: Path, size: Size, language: str, *, seed: int, tell: Callable[[str], None]
) -> tuple[Speech, Tools]:
    tell(f"looking for real speech ({speech}) and for TTS programs; downloads are kept in {sources}")
    with _alone(sources, tell), ThreadPoolExecutor(max_workers=1) as pool:
        for unfinished in sources.rglob(".unfinished-*"):
            shutil.rmtree(unfinished)  # left by a build that was killed: under the lock, nobody else is downloading
        pending = pool.submit(find_tools, sources)
        found = find_speech(speech, sources, size.packages, language, seed)
        tools = pending.result()
    speakers = {recording.speaker for recording in found.recordings}
    tell(f"speech: {found.name}, {len(found.recordings)} recordings of {len(speakers)} speakers")
    for refusal in tools.refusals:
        tell(f"going on without {refusal}")
    absent = [
        f"{attack.id} {attack.name}"
        for attack in ATTACKS
        if attack.tool != "none" and attack.tool not in tools.available
    ]
    if absent:
        tell(f"attacks left out: {', '.join(absent)}")
    return found, tools


def _choose(found: Speech, size: Size, seed: int, workers: int) -> tuple[list[Piece], list[str]]:
    def scan_all(recordings: Sequence[Recording]) -> list[Scan]:
        # Decoders release the interpreter lock: threads are enough here, and start at once.
        with ThreadPoolExecutor(max_workers=workers) as pool:
            return list(pool.map(scan, recordings))

    pieces, refusals = choose_pieces(found.recordings, size.bonafide, seed, scan_all)
    empty = [p for p in size.bonafide if not any(piece.recording.partition == p for piece in pieces)]
    if empty:
        raise BuildError(
            f"found no piece of at least 2 s of speech for {', '.join(empty)}; give longer recordings or more speakers"
        )
    return pieces, refusals


def _make(
    trials: Sequence[PlannedTrial],
    out: Path,
    tools: Tools,
    seed: int,
    *,
    workers: int,
    progress: bool,
    tell: Callable[[str], None],
) -> None:
    units = units_of(trials, lambda trial: tree.clip_path(out, trial))
    todo = [unit for unit in units if not unit.finished]
    finished = len(trials) - sum(len(unit.trials) for unit in todo)
    if finished:
        tell(f"going on with an unfinished corpus: {finished} of {len(trials)} clips are there")
    columns = (TextColumn("clips"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, disable=not progress) as bar:
        task = bar.add_task("clips", total=len(trials), completed=finished)
        for made in _in_parallel(todo, tools, seed, workers):
            bar.advance(task, made)


def _in_parallel(units: Iterable[Unit], tools: Tools, seed: int, workers: int) -> Iterator[int]:
    with parallel_config(backend="loky", inner_max_num_threads=1):
        yield from Parallel(n_jobs=workers, return_as="generator_unordered")(
            delayed(render)(unit, tools, seed) for unit in units
        )
