"""A score file in, every number that is asked of a countermeasure out: ``spooflab metrics``."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datamodules.manifest import file_sha256
from datamodules.protocols import read_protocol
from datamodules.tables import read_table
from experiments import evidence_files, metrics_table
from experiments.evidence import Threshold, measure_all
from experiments.score_files import judge, read_scores
from experiments.scored_trials import ScoredTrials
from lightning_modules.metrics.bootstrap import RESAMPLES, bootstrap_difference
from lightning_modules.metrics.calibration import fit_calibration
from lightning_modules.metrics.dcf import ASVSPOOF5
from lightning_modules.metrics.eer import equal_error_rate
from lightning_modules.metrics.tdcf import AsvScores
from lightning_modules.metrics.trials import split_by_label

DEV, BAYES, SAME = "eer-dev", "bayes", "eer"
SOURCES = {
    DEV: "equal error rate on dev (legacy)",
    BAYES: "Bayes threshold of ASVspoof 5, -ln 1.9, for log-likelihood ratios",
    SAME: "equal error rate (legacy) of these very trials: too good for trials to come",
}
ASV_KEYS = ("target", "nontarget", "spoof")


@dataclass(frozen=True)
class Read:
    """A score file that was read: its trials, and what a reader should know of it."""

    scored: ScoredTrials
    notices: list[str]


def read(path: Path, protocol: Path | None, subset: str | None = None, *, allow_partial: bool = False) -> Read:
    """Read a score file and give its trials their classes."""
    known = read_protocol(protocol, subset) if protocol else None
    return Read(*judge(read_scores(path), known, allow_partial=allow_partial))


def read_asv_scores(path: Path) -> AsvScores:
    """Read the scores of a speaker verification: lines ``ATTACK|bonafide target|nontarget|spoof SCORE``.

    Raises:
        ValueError: naming file and line, for other lines.
    """
    table = read_table(path, ())
    keys = next((cells for cells in table.columns if set(cells) <= set(ASV_KEYS)), None)
    if keys is None or len(set(keys)) < len(ASV_KEYS):
        raise ValueError(
            f"{path}: found no column of the keys {', '.join(ASV_KEYS)} with all three in it, expected lines "
            "`ATTACK|bonafide KEY SCORE` as in the ASV score files of ASVspoof 2019"
        )
    try:
        scores = np.array(table.columns[-1], dtype=np.float64)
    except ValueError as error:
        raise ValueError(f"{path}: found a last column that is no score ({error}), expected numbers") from error
    if np.isnan(scores).any():
        raise ValueError(f"{table.where(int(np.isnan(scores).argmax()))}: the ASV score is NaN")
    key = np.array(keys)
    attacks = [name for name, of in zip(table.columns[0], keys, strict=True) if of == "spoof"]
    target, nontarget, spoof = (scores[key == name] for name in ASV_KEYS)
    return AsvScores(target, nontarget, spoof, attacks)


def threshold_of(choice: str, scored: ScoredTrials, dev: ScoredTrials | None) -> Threshold:
    """Find the threshold that ``--threshold`` names.

    Raises:
        ValueError: it is neither a name nor a number, or dev scores are wanting.
    """
    if choice == BAYES:
        return Threshold(ASVSPOOF5.bayes_threshold, SOURCES[BAYES])
    if choice in (DEV, SAME):
        source = dev if choice == DEV else scored
        if source is None:
            raise ValueError("--threshold eer-dev wants the scores of dev: give them with --dev")
        return Threshold(equal_error_rate(*split_by_label(source.scores, source.labels)).threshold, SOURCES[choice])
    try:
        return Threshold(float(choice), "given")
    except ValueError as error:
        raise ValueError(f"--threshold: found {choice!r}, expected {', '.join(SOURCES)} or a number") from error


def align(ours: ScoredTrials, theirs: ScoredTrials, name: Path) -> ScoredTrials:
    """Put the trials of a second file into the order of the first.

    Raises:
        ValueError: they are not the same trials, or one is bona fide in one file and spoofed in the other.
    """
    row_of = {utterance: row for row, utterance in enumerate(theirs.utterances)}
    apart = sorted(set(ours.utterances) ^ row_of.keys())
    if apart:
        raise ValueError(
            f"{name}: {len(apart):,} trials are in one of the two score files only, {apart[0]} among them; a paired "
            "comparison needs the same trials in both"
        )
    rows = [row_of[utterance] for utterance in ours.utterances]
    other_way = np.flatnonzero(theirs.labels[rows] != ours.labels)
    if other_way.size:
        raise ValueError(
            f"{name}: {ours.utterances[other_way[0]]} has another key there; is one of the files mistaken?"
        )
    return ours.with_scores(theirs.scores[rows])


def units_of(choice: str, scored: ScoredTrials) -> Sequence[str] | None:
    """Tell what the bootstrap draws: the speakers, or none for trials.

    Raises:
        ValueError: speakers are asked for and not known.
    """
    if choice == "speaker" and scored.resampling_units is None:
        raise ValueError("--unit speaker: the protocol does not name the speaker of every trial, or only one")
    return None if choice == "trial" else scored.resampling_units


def main(arguments: list[str]) -> int:
    """Measure from the command line."""
    options = _parser().parse_args(arguments)
    if options.bootstrap < 0:
        raise ValueError(f"--bootstrap: found {options.bootstrap}, expected 0 or more resamples")
    if options.calibrate and options.dev is None:
        raise ValueError("--calibrate wants the scores of dev: give them with --dev")
    found = read(options.scores, options.protocol, options.subset, allow_partial=options.allow_partial)
    scored, notices = found.scored, found.notices
    dev = read(options.dev, options.dev_protocol).scored if options.dev else None
    if options.calibrate and dev is not None:
        calibration = fit_calibration(dev.scores, dev.labels)
        scored, dev = (part.with_scores(calibration.llr(part.scores)) for part in (scored, dev))
    units = units_of(options.unit, scored)
    metrics = measure_all(
        scored,
        threshold_of(options.threshold or (DEV if dev else SAME), scored, dev),
        asv=read_asv_scores(options.asv_scores) if options.asv_scores else None,
        resamples=options.bootstrap,
        units=units,
        notices=notices,
    )
    difference = None
    if options.against:
        other = read(options.against, options.protocol, options.subset, allow_partial=options.allow_partial).scored
        difference = bootstrap_difference(
            scored.scores,
            align(scored, other, options.against).scores,
            scored.labels,
            units,
            resamples=options.bootstrap or RESAMPLES,
        )
    if options.out:
        sources = {name: path for name, path in vars(options).items() if isinstance(path, Path) and path.is_file()}
        digests = {name: {"path": str(path), "sha256": file_sha256(path)} for name, path in sources.items()}
        evidence_files.write(options.out, scored, metrics, digests)
    if options.json:
        values = json.loads(metrics.to_json())
        if difference is not None:
            values["against"] = {"file": str(options.against), **difference._asdict()}
        print(json.dumps(values))
        return 0
    metrics_table.show(metrics, str(options.scores))
    if difference is not None:
        metrics_table.show_difference(difference, str(options.scores), str(options.against))
    if options.out:
        print(f"tables and figures: {options.out}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="spooflab metrics",
        description="Every metric of a score file: EER, min t-DCF, minDCF, actDCF, Cllr, AUC, by attack and condition.",
    )
    parser.add_argument("scores", type=Path, metavar="SCORES", help="score file; higher = more bona fide")
    parser.add_argument("--protocol", type=Path, help="keys, attacks, speakers and codecs of the trials")
    parser.add_argument("--subset", help="of the protocol's trials; `eval` where there is one")
    parser.add_argument("--allow-partial", action="store_true", help="measure the trials that both files have")
    parser.add_argument("--asv-scores", type=Path, help="ASV scores `ATTACK KEY SCORE`, for the t-DCF")
    parser.add_argument("--bootstrap", type=int, default=RESAMPLES, metavar="N", help="resamples; 0 for no intervals")
    parser.add_argument(
        "--unit", choices=["auto", "trial", "speaker"], default="auto", help="what is drawn; auto: speakers if named"
    )
    parser.add_argument("--against", type=Path, metavar="B", help="a second score file of the same trials: paired test")
    parser.add_argument("--threshold", help="eer-dev, bayes, eer or a number; eer-dev with --dev, else eer")
    parser.add_argument("--dev", type=Path, help="score file of dev, with keys or --dev-protocol")
    parser.add_argument("--dev-protocol", type=Path)
    parser.add_argument(
        "--calibrate", action="store_true", help="turn scores into log-likelihood ratios, fitted on dev"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="write tables and figures")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser
