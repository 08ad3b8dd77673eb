"""``spooflab corpus …``: words in -> an embedded corpus built, or a corpus decoded, counted and audited."""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from joblib import cpu_count  # type: ignore[import-untyped]
from rich.console import Console
from rich.table import Table

from datamodules.audio import AudioError, decode
from datamodules.audio_facts import AudioFacts, measure
from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from datamodules.manifest import PARTITIONS, LeakageError, Manifest, Trial, shorten
from datamodules.minispoof.build import DEFAULT_SEED, build_corpus
from datamodules.minispoof.sizes import SIZES
from experiments import corpus_cache
from experiments.data_config import read_corpus
from experiments.shortcut_audit import FLOOR_EER, audit

SAMPLE_RATE_HZ: Final = 16000
DEFAULT_ROOT: Final = "data/minispoof"

Report = dict[str, Any]


def main(argv: list[str]) -> int:
    """Run ``spooflab corpus`` with its arguments; 0 when all is well, 1 when a check found something to mend."""
    arguments = _parser().parse_args(argv)
    if arguments.task == "build":
        return _build(arguments)
    if arguments.task == "cache":
        return corpus_cache.run(arguments)
    return _check(arguments)


def check(manifest: Manifest, jobs: int | None = None) -> Report:
    """Decode a whole corpus and say what is in it.

    Args:
        manifest: the corpus.
        jobs: threads; default all cores this process may use.

    Returns:
        Plain values: ``corpus``, ``digest``, ``counts``, ``duration_s``, ``undecodable``, ``leakage``, ``duplicates``,
        ``shortcuts``, and ``problems``, one line for each thing to mend.

    Raises:
        ManifestError: when audio files are missing.
    """
    manifest.check_files()
    with ThreadPoolExecutor(max_workers=jobs or cpu_count()) as pool:
        measured = list(pool.map(_measure, manifest.trials))
    pairs = list(zip(manifest.trials, measured, strict=True))
    facts = {trial.utterance: found for trial, found in pairs if isinstance(found, AudioFacts)}
    undecodable = [found for _, found in pairs if isinstance(found, str)]
    leakage = _leakage(manifest)
    duplicates = duplicate_groups(manifest)
    shortcuts = audit(manifest.trials, facts)
    problems = [
        *(f"undecodable: {message}" for message in undecodable),
        *leakage,
        *(f"the same audio under {len(group)} names: {shorten(group)}" for group in duplicates),
        *(f"{s.measurement} alone reaches an EER of {s.either_way:.1%} on eval" for s in shortcuts if not s.holds),
    ]
    return {
        "corpus": manifest.name,
        "digest": manifest.digest,
        "counts": counts_by_partition(manifest),
        "duration_s": durations_by_class(manifest, facts),
        "undecodable": undecodable,
        "leakage": leakage,
        "duplicates": duplicates,
        "shortcuts": [asdict(s) | {"holds": s.holds} for s in shortcuts],
        "problems": problems,
    }


def counts_by_partition(manifest: Manifest) -> dict[str, dict[str, Any]]:
    """Partition -> speakers, bona fide and spoof trials, and trials of each attack."""
    counts = {}
    for partition in PARTITIONS:
        trials = manifest.partition(partition)
        keys = Counter(trial.key for trial in trials)
        attacks = Counter(trial.attack for trial in trials if trial.label == 0)
        speakers = len({trial.speaker for trial in trials})
        counts[partition] = {
            "speakers": speakers,
            **{k: keys[k] for k in ("bonafide", "spoof")},
            "attacks": dict(sorted(attacks.items())),
        }
    return counts


def durations_by_class(manifest: Manifest, facts: Mapping[str, AudioFacts]) -> dict[str, dict[str, dict[str, float]]]:
    """Partition -> class -> total, and 5th, 50th and 95th percentile of a clip's duration in seconds."""
    grouped: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for trial in manifest.trials:
        if trial.utterance in facts:
            grouped[trial.partition][trial.key].append(facts[trial.utterance].duration_s)
    return {
        partition: {key: _spread(values) for key, values in by_key.items()} for partition, by_key in grouped.items()
    }


def duplicate_groups(manifest: Manifest) -> list[list[str]]:
    """Utterances whose files have the same content, one list a group."""
    groups: dict[str, list[str]] = defaultdict(list)
    for utterance, digest in manifest.file_digests.items():
        groups[digest].append(utterance)
    return [group for group in groups.values() if len(group) > 1]


def _measure(trial: Trial) -> AudioFacts | str:
    """Facts, or the reason why the file cannot be decoded: one bad file must not end the check of all others."""
    try:
        return measure(decode(trial.path, SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
    except AudioError as error:
        return str(error)


def _leakage(manifest: Manifest) -> list[str]:
    try:
        manifest.check_disjoint()
    except LeakageError as error:
        return [str(error)]
    return []


def _spread(values: Sequence[float]) -> dict[str, float]:
    low, median, high = np.percentile(values, [5, 50, 95])
    return {"total": float(np.sum(values)), "p05": float(low), "median": float(median), "p95": float(high)}


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
        Console().print(_counts_table(counts_by_partition(manifest)))
    return 0


def _check(arguments: argparse.Namespace) -> int:
    manifest = read_corpus(arguments.config) if arguments.config else asvspoof2019_la(str(arguments.root))
    report = check(manifest, arguments.jobs)
    if arguments.json:
        print(json.dumps(report, indent=2))
    else:
        _print_report(report, Console())
    return 1 if report["problems"] else 0


def _print_report(report: Report, console: Console) -> None:
    console.print(_counts_table(report["counts"]))
    console.print(_durations_table(report["duration_s"]))
    if report["shortcuts"]:
        console.print(_shortcut_table(report["shortcuts"]))
    console.print(f"corpus {report['corpus']}, SHA-256 {report['digest']}", highlight=False, soft_wrap=True)
    for problem in report["problems"]:
        console.print(f"[bold red]to mend[/] {problem}", highlight=False, soft_wrap=True)
    if not report["problems"]:
        console.print("all files decode, no leakage, no duplicates, no shortcut", style="green")


def _counts_table(counts: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table("partition", "speakers", "bona fide", "spoof", "attacks", title="trials")
    for partition, row in counts.items():
        attacks = ", ".join(f"{attack} {number}" for attack, number in row["attacks"].items())
        table.add_row(partition, str(row["speakers"]), str(row["bonafide"]), str(row["spoof"]), attacks)
    return table


def _durations_table(durations: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Table:
    table = Table("partition", "class", "minutes", "5 %", "median", "95 %", title="clip duration, s")
    for partition, by_key in durations.items():
        for key, row in sorted(by_key.items()):
            table.add_row(
                partition, key, f"{row['total'] / 60:.1f}", *(f"{row[name]:.2f}" for name in ("p05", "median", "p95"))
            )
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
    examine.add_argument("--jobs", type=int, default=None, help="threads; default all cores")
    cache = tasks.add_parser("cache", help="fill the caches of a training config; list, verify or prune them")
    corpus_cache.add_arguments(cache)
    for command in (build, examine, cache):
        command.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return parser
