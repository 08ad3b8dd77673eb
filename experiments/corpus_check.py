"""A manifest in, plain values on what is in the corpus and what is wrong with it out: everything is decoded."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from datamodules.audio import MIN_DURATION_S, AudioError
from datamodules.audio_facts import AudioFacts
from datamodules.clip_facts import ClipFacts, measure_clip
from datamodules.manifest import KEYS, PARTITIONS, UNKNOWN, LeakageError, Manifest, Trial, counted, shorten
from experiments.shortcut_audit import audit
from experiments.threads import cores

SAMPLE_RATE_HZ: Final = 16000
SILENT_DBFS: Final = -60.0
CLIPPED_SHARE: Final = 1e-3

Report = dict[str, Any]
Progress = Callable[[Sequence[Trial], Iterable[ClipFacts | str]], Iterable[ClipFacts | str]]


def check(manifest: Manifest, jobs: int | None = None, progress: Progress = lambda _, measured: measured) -> Report:
    """Decode a whole corpus and say what is in it.

    Args:
        manifest: the corpus.
        jobs: threads; default all cores this process may use.
        progress: wraps what is measured of the trials, to show how far it got.

    Returns:
        Plain values: counts, durations, rates, decoders, clips to listen to, leakage, duplicates, silences, shortcuts;
        ``problems``, one line for each thing to mend, and ``notes`` on what cannot be told or need not be mended.

    Raises:
        ManifestError: when audio files are missing.
    """
    manifest.check_files()
    with ThreadPoolExecutor(max_workers=jobs or cores()) as pool:
        measured = list(progress(manifest.trials, pool.map(_measure, manifest.trials)))
    pairs = list(zip(manifest.trials, measured, strict=True))
    clips = {trial.utterance: found for trial, found in pairs if isinstance(found, ClipFacts)}
    facts = {utterance: clip.facts for utterance, clip in clips.items()}
    undecodable = [found for _, found in pairs if isinstance(found, str)]
    short = [utterance for utterance, fact in facts.items() if fact.duration_s < MIN_DURATION_S]
    silent = [utterance for utterance, fact in facts.items() if fact.level_dbfs < SILENT_DBFS]
    clipped = [utterance for utterance, clip in clips.items() if clip.clipped_share > CLIPPED_SHARE]
    leakage = _leakage(manifest)
    duplicates = duplicate_groups(manifest, clips)
    shortcuts = audit(manifest.trials, facts)
    return {
        "corpus": manifest.name,
        "digest": manifest.digest,
        "counts": counts_by_partition(manifest),
        "duration_s": by_class(manifest, facts, "duration_s"),
        "trailing_silence_s": by_class(manifest, facts, "trailing_silence_s"),
        "sample_rates_hz": _tally(clip.sample_rate_hz for clip in clips.values()),
        "channels": _tally(clip.channels for clip in clips.values()),
        "decoders": _tally(clip.decoder for clip in clips.values()),
        "undecodable": undecodable,
        "short": short,
        "silent": silent,
        "clipped": clipped,
        "leakage": leakage,
        "duplicates": duplicates,
        "attacks_heard_in": attacks_by_partitions(manifest),
        "shortcuts": [asdict(s) | {"holds": s.holds} for s in shortcuts],
        "problems": [
            *_absent_classes(manifest),
            *(f"undecodable: {message}" for message in undecodable),
            *(f"shorter than {MIN_DURATION_S:g} s: {shorten(short)}" for _ in short[:1]),
            *(f"silent, below {SILENT_DBFS:g} dB: {shorten(silent)}" for _ in silent[:1]),
            *leakage,
            *(_copies(manifest, group) for group in duplicates),
            *(f"{s.measurement} alone reaches an EER of {s.either_way:.1%} on eval" for s in shortcuts if not s.holds),
        ],
        "notes": _notes(manifest, clips, clipped),
        "speakers_known": all(trial.speaker != UNKNOWN for trial in manifest.trials),
    }


def verdict(report: Report) -> str:
    """Say in a line how a corpus does; only what was looked for and could be told."""
    if report["problems"]:
        return f"{counted(len(report['problems']), 'thing')} to mend"
    leakage = "no leakage" if report["speakers_known"] else "no leakage among the speakers that are known"
    shortcut = "no shortcut" if report["shortcuts"] else "no audit of shortcuts without both classes to train and test"
    return f"all files decode, {leakage}, no duplicates, {shortcut}"


def counts_by_partition(manifest: Manifest) -> dict[str, dict[str, Any]]:
    """Partition -> known speakers, bona fide and spoof trials, and trials of each attack."""
    counts = {}
    for partition in PARTITIONS:
        trials = manifest.partition(partition)
        keys = Counter(trial.key for trial in trials)
        attacks = Counter(trial.attack for trial in trials if trial.label == 0)
        counts[partition] = {
            "speakers": len({trial.speaker for trial in trials} - {UNKNOWN}),
            **{k: keys[k] for k in ("bonafide", "spoof")},
            "attacks": dict(sorted(attacks.items())),
        }
    return counts


def by_class(
    manifest: Manifest, facts: Mapping[str, AudioFacts], measurement: str
) -> dict[str, dict[str, dict[str, float]]]:
    """Partition -> class -> total, and 5th, 50th and 95th percentile of a measurement."""
    grouped: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for trial in manifest.trials:
        if trial.utterance in facts:
            grouped[trial.partition][trial.key].append(getattr(facts[trial.utterance], measurement))
    return {
        partition: {key: _spread(values) for key, values in by_key.items()} for partition, by_key in grouped.items()
    }


def duplicate_groups(manifest: Manifest, clips: Mapping[str, ClipFacts]) -> list[list[str]]:
    """Utterances whose decoded samples are the same, whatever their files are; one list a group."""
    groups: dict[str, list[str]] = defaultdict(list)
    for trial in manifest.trials:
        if trial.utterance in clips:
            groups[clips[trial.utterance].samples_sha256].append(trial.utterance)
    return [group for group in groups.values() if len(group) > 1]


def attacks_by_partitions(manifest: Manifest) -> dict[str, list[str]]:
    """Partitions, such as "train+dev" -> the attacks heard in just these; those of "eval" are new to a detector."""
    homes: dict[str, set[str]] = defaultdict(set)
    for trial in manifest.trials:
        if trial.label == 0:
            homes[trial.attack].add(trial.partition)
    heard: dict[str, list[str]] = defaultdict(list)
    for attack, partitions in sorted(homes.items()):
        heard["+".join(sorted(partitions, key=PARTITIONS.index))].append(attack)
    return dict(heard)


def _measure(trial: Trial) -> ClipFacts | str:
    """Facts, or the reason why the file cannot be decoded: one bad file must not end the check of all others."""
    try:
        return measure_clip(trial.path, SAMPLE_RATE_HZ)
    except AudioError as error:
        return str(error)


def _leakage(manifest: Manifest) -> list[str]:
    try:
        manifest.check_disjoint()
    except LeakageError as error:
        return [str(error)]
    return []


def _absent_classes(manifest: Manifest) -> list[str]:
    there = {trial.key for trial in manifest}
    return [
        f"found no {key} trial in the whole corpus, expected both classes; check its folders, or the keys in its table"
        for key in KEYS
        if key not in there
    ]


def _one_sided(manifest: Manifest) -> list[str]:
    """Partitions with one class, where the corpus has both."""
    there = {(trial.partition, trial.key) for trial in manifest}
    both = {key for _, key in there} == set(KEYS)
    return [
        f"found no {key} trial in {partition}"
        for partition in PARTITIONS
        for key in KEYS
        if both and (partition, key) not in there and manifest.partition(partition)
    ]


def _copies(manifest: Manifest, group: Sequence[str]) -> str:
    homes = {manifest.trial(utterance).partition for utterance in group}
    where = f" in {' and '.join(sorted(homes, key=PARTITIONS.index))}" if len(homes) > 1 else ""
    return f"the same audio under {len(group)} names{where}: {shorten(group)}"


def _notes(manifest: Manifest, clips: Mapping[str, ClipFacts], clipped: Sequence[str]) -> list[str]:
    unknown = sum(trial.speaker == UNKNOWN for trial in manifest.trials)
    used = [partition for partition in PARTITIONS if manifest.partition(partition)]
    fallbacks = sum(clip.fallback is not None for clip in clips.values())
    notes = [*manifest.notes, *_one_sided(manifest)]
    if unknown and len(used) > 1:
        notes.append(
            f"the speakers of {unknown:,} of {len(manifest):,} trials are not known: whether partitions share them "
            "cannot be told"
        )
    if fallbacks:
        reasons = Counter(clip.fallback for clip in clips.values() if clip.fallback)
        notes.append(
            f"{counted(fallbacks, 'file')} needed the second decoder (most often: {reasons.most_common(1)[0][0]})"
        )
    if clipped:
        notes.append(
            f"{counted(len(clipped), 'clip')} with more than {CLIPPED_SHARE:.1%} of the samples at full scale: "
            f"{shorten(clipped)}"
        )
    return notes


def _tally(values: Iterable[object]) -> dict[str, int]:
    return {str(value): count for value, count in Counter(values).most_common()}


def _spread(values: Sequence[float]) -> dict[str, float]:
    low, median, high = np.percentile(values, [5, 50, 95])
    return {"total": float(np.sum(values)), "p05": float(low), "median": float(median), "p95": float(high)}
