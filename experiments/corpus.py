"""``spooflab corpus …``: words in -> an embedded corpus built, or a corpus decoded, counted and audited."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import soundfile
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from datamodules.babble import babble
from datamodules.clip_facts import ClipFacts
from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from datamodules.manifest import Trial
from datamodules.minispoof.build import DEFAULT_SEED, build_corpus
from datamodules.minispoof.sizes import SIZES
from experiments import corpus_cache
from experiments.console import console
from experiments.corpus_check import Report, check, counts_by_partition, verdict
from experiments.corpus_page import page
from experiments.data_config import read_corpus
from experiments.shortcut_audit import FLOOR_EER

DEFAULT_ROOT: Final = "data/minispoof"


def main(argv: list[str]) -> int:
    """Run ``spooflab corpus`` with its arguments; 0 when all is well, 1 when a check found something to mend."""
    arguments = _parser().parse_args(argv)
    if arguments.task == "build":
        return _build(arguments)
    if arguments.task == "cache":
        return corpus_cache.run(arguments)
    if arguments.task == "babble":
        return _babble(arguments)
    return _check(arguments)


def _build(arguments: argparse.Namespace) -> int:
    manifest = build_corpus(
        arguments.out,
        speech=arguments.speech,
        size=arguments.size,
        seed=arguments.seed,
        jobs=arguments.jobs,
        language=arguments.language,
        progress=not arguments.json,
        tell=(lambda _: None) if arguments.json else print,
    )
    if arguments.json:
        print(
            json.dumps(
                {"out": str(arguments.out), "digest": manifest.digest, "counts": counts_by_partition(manifest)},
                indent=2,
            )
        )
    else:
        console().print(_counts_table(counts_by_partition(manifest)))
    return 0


def _babble(arguments: argparse.Namespace) -> int:
    rate_hz = arguments.sample_rate_hz
    waveform = babble(arguments.speech, arguments.speakers, arguments.duration_s, rate_hz, arguments.seed)
    path = arguments.out / "ch01.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    soundfile.write(unfinished, waveform, rate_hz, format="WAV", subtype="PCM_16")
    unfinished.replace(path)
    told = {"path": str(path), "speakers": arguments.speakers, "duration_s": len(waveform) / rate_hz}
    print(json.dumps(told) if arguments.json else f"{path}: {told['duration_s']:g} s of {arguments.speakers} speakers")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    if arguments.html and (arguments.html.is_dir() or not arguments.html.parent.is_dir()):
        raise FileNotFoundError(
            f"{arguments.html}: found no place for the page, expected a file in a folder that is there; "
            f"make {arguments.html.parent}, or name another file with --html"
        )
    manifest = read_corpus(arguments.config) if arguments.config else asvspoof2019_la(str(arguments.root))
    report = check(manifest, arguments.jobs, _progress)
    if arguments.html:
        arguments.html.write_text(page(report), encoding="utf-8")
    if arguments.json:
        print(json.dumps(report, indent=2))
    else:
        _print_report(report, console())
        if arguments.html:
            print(f"page: {arguments.html}")
    return 1 if report["problems"] else 0


def _progress(trials: Sequence[Trial], measured: Iterable[ClipFacts | str]) -> Iterable[ClipFacts | str]:
    return track(measured, "decoding", total=len(trials), console=Console(stderr=True))


def _print_report(report: Report, console: Console) -> None:
    console.print(_counts_table(report["counts"]))
    console.print(_spreads_table(report["duration_s"], "clip duration, s", minutes=True))
    console.print(_spreads_table(report["trailing_silence_s"], "silence at the end of a clip, s"))
    if report["shortcuts"]:
        console.print(_shortcut_table(report["shortcuts"]))
    for name in ("sample_rates_hz", "channels", "decoders"):
        found = ", ".join(f"{value}: {count:,}" for value, count in report[name].items())
        console.print(f"{name.replace('_', ' ')}  {found}", highlight=False)
    for partitions, attacks in report["attacks_heard_in"].items():
        console.print(f"attacks of {partitions}: {', '.join(attacks)}", highlight=False)
    console.print(f"corpus {report['corpus']}, SHA-256 {report['digest']}", highlight=False, soft_wrap=True)
    for note in report["notes"]:
        console.print(f"[yellow]note[/] {escape(note)}", highlight=False, soft_wrap=True)
    for problem in report["problems"]:
        console.print(f"[bold red]to mend[/] {escape(problem)}", highlight=False, soft_wrap=True)
    if not report["problems"]:
        console.print(verdict(report), style="green")


def _counts_table(counts: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table("partition", "speakers", "bona fide", "spoof", "attacks", title="trials")
    for partition, row in counts.items():
        attacks = ", ".join(f"{attack} {number}" for attack, number in row["attacks"].items())
        table.add_row(partition, str(row["speakers"]), str(row["bonafide"]), str(row["spoof"]), attacks)
    return table


def _spreads_table(
    spreads: Mapping[str, Mapping[str, Mapping[str, float]]], title: str, minutes: bool = False
) -> Table:
    table = Table("partition", "class", *(["minutes"] if minutes else []), "5 %", "median", "95 %", title=title)
    for partition, by_key in spreads.items():
        for key, row in sorted(by_key.items()):
            total = [f"{row['total'] / 60:.1f}"] if minutes else []
            table.add_row(partition, key, *total, *(f"{row[name]:.2f}" for name in ("p05", "median", "p95")))
    return table


def _shortcut_table(shortcuts: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(
        "only hears",
        "EER on eval",
        "either way",
        "lowest attack",
        f">= {FLOOR_EER:.0%}",
        title="shortcut audit (grouped EER)",
    )
    for row in shortcuts:
        attack, lowest = min(row["attacks"].items(), key=lambda item: item[1])
        verdict = "yes" if row["holds"] else "NO"
        table.add_row(
            row["measurement"], f"{row['eer']:.1%}", f"{row['either_way']:.1%}", f"{attack} {lowest:.1%}", verdict
        )
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="spooflab corpus", description="Build the embedded corpus, or check any corpus."
    )
    tasks = parser.add_subparsers(dest="task", required=True)
    build = tasks.add_parser("build", help="build the embedded corpus of real speech and real synthesis")
    build.add_argument(
        "--speech", default="auto", help="auto, debian, librispeech, or a folder with one sub-folder a speaker"
    )
    build.add_argument(
        "--out", type=Path, default=Path(DEFAULT_ROOT), help="folder of the corpus; downloads go to `sources` beside it"
    )
    build.add_argument("--size", default="small", choices=tuple(SIZES))
    build.add_argument("--seed", type=int, default=DEFAULT_SEED)
    build.add_argument("--jobs", type=int, default=None, help="worker processes; default all cores")
    build.add_argument("--language", default="en", help="what is spoken in a folder of one's own (ISO 639-1)")
    examine = tasks.add_parser("check", help="decode all, count, look for leakage, duplicates and shortcuts")
    which = examine.add_mutually_exclusive_group()
    which.add_argument("--config", type=Path, help="whose data section names the corpus, in any layout")
    which.add_argument("--root", type=Path, default=Path(DEFAULT_ROOT), help="a corpus in the ASVspoof 2019 LA layout")
    examine.add_argument("--jobs", type=corpus_cache.threads, help="threads; default all cores")
    examine.add_argument("--html", type=Path, metavar="FILE", help="write a page with plots, which can be mailed")
    cache = tasks.add_parser("cache", help="fill the caches of a training config; list, verify or prune them")
    corpus_cache.add_arguments(cache)
    crowd = tasks.add_parser("babble", help="make an environment of noise of several speakers at once")
    crowd.add_argument("--speech", type=Path, required=True, help="folder with one sub-folder a speaker")
    crowd.add_argument(
        "--out", type=Path, required=True, help="folder of the environment, such as data/noise/test/BABBLE"
    )
    crowd.add_argument("--speakers", type=int, default=6)
    crowd.add_argument("--duration-s", type=float, default=120.0)
    crowd.add_argument("--sample-rate-hz", type=int, default=16_000)
    crowd.add_argument("--seed", type=int, default=0)
    for command in (build, examine, cache, crowd):
        command.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return parser
