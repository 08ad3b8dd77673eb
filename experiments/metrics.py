"""A score file in, every number that is asked of a countermeasure out: ``spooflab metrics``."""

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from datamodules.digests import file_sha256
from datamodules.manifest import UNKNOWN, shorten
from datamodules.protocols import read_protocol
from datamodules.tables import read_table
from experiments import evidence_files, metrics_table
from experiments.evidence import Metrics, Threshold, measure_all
from experiments.score_files import judge, names_conditions, read_scores
from experiments.scored_trials import ScoredTrials
from lightning_modules.metrics.bootstrap import RESAMPLES, Difference, bootstrap_difference
from lightning_modules.metrics.calibration import Calibration, fit_calibration
from lightning_modules.metrics.dcf import ASVSPOOF5
from lightning_modules.metrics.doubts import inverted
from lightning_modules.metrics.eer import equal_error_rate
from lightning_modules.metrics.measures import measure
from lightning_modules.metrics.tdcf import AsvScores, asv_errors
from lightning_modules.metrics.trials import SortedTrials, split_by_label

DEV, BAYES, SAME = "eer-dev", "bayes", "eer"
SOURCES = {
    DEV: "equal error rate on dev (legacy)",
    BAYES: "Bayes threshold of ASVspoof 5, -ln 1.9, for log-likelihood ratios",
    SAME: "equal error rate of these very trials, hence optimistic; --dev gives one of other trials",
}
_EXAMPLES = """lines of a score file: UTTERANCE SCORE, UTTERANCE KEY SCORE, UTTERANCE ATTACK KEY SCORE, or a header and
columns; protocols: ASVspoof 2019, 2021, 5, or a header and columns; the draws of the bootstrap are seeded

examples:
  spooflab metrics scores.txt --protocol ASVspoof2019.LA.cm.eval.trl.txt
  spooflab metrics ours.txt --protocol P --against theirs.txt
  spooflab metrics scores.txt --protocol P --dev dev.txt --dev-protocol D --calibrate --out report/"""
MAX_ASV_EER = 0.4
FEWEST_RESAMPLES = 100
ASV_KEYS = ("target", "nontarget", "spoof")


def read(
    path: Path, protocol: Path | None, subset: str | None = None, *, allow_partial: bool = False
) -> tuple[ScoredTrials, list[str]]:
    """Read a score file and give its trials their classes; also return what a reader should know of it."""
    file = read_scores(path)
    if protocol is None and names_conditions(file):
        protocol = path
    known = read_protocol(protocol, subset) if protocol else None
    return judge(file, known, allow_partial=allow_partial)


def read_dev(path: Path, protocol: Path | None, subset: str | None) -> tuple[ScoredTrials, list[str]]:
    """Read the scores of dev, of which everything that is doubtful is told too."""
    scored, notices = read(path, protocol, subset)
    return scored, [f"dev: {said}" for said in (*notices, *inversion(scored))]


def inversion(scored: ScoredTrials) -> list[str]:
    """Say so if the scores seem to be the wrong way round."""
    trials = SortedTrials.of(*split_by_label(scored.scores, scored.labels))
    said = inverted(trials, measure(trials))
    return [] if said is None else [said]


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
    if not np.isfinite(scores).all():
        row = int((~np.isfinite(scores)).argmax())
        raise ValueError(f"{table.where(row)}: the ASV score is {scores[row]}, expected a number")
    key = np.array(keys)
    attacks = [name for name, of in zip(table.columns[0], keys, strict=True) if of == "spoof"]
    target, nontarget, spoof = (scores[key == name] for name in ASV_KEYS)
    found = AsvScores(target, nontarget, spoof, attacks)
    eer = asv_errors(target, nontarget, spoof).eer
    if eer > MAX_ASV_EER:
        raise ValueError(
            f"{path}: found an ASV with an EER of {eer:.1%}, expected at most {MAX_ASV_EER:.0%}: higher must mean more "
            "alike, and the t-DCF assumes an ASV that works"
        )
    return found


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
        value = float(choice)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"--threshold: found {choice!r}, expected {', '.join(SOURCES)} or a number")
    return Threshold(value, "given")


def calibration_by(dev: ScoredTrials) -> Calibration:
    """Fit on dev what turns scores into log-likelihood ratios.

    Raises:
        ValueError: dev says that lower scores are more bona fide, or nothing: no map could mend that honestly.
    """
    calibration = fit_calibration(dev.scores, dev.labels)
    if calibration.scale <= 0:
        raise ValueError(
            "--calibrate: on dev a higher score is not more bona fide; turn the sign of the scores in both files, if "
            "that is how they are meant"
        )
    return calibration


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
        raise ValueError(
            "--unit speaker: the protocol does not name the speaker of every trial, or a class has one only"
        )
    return None if choice == "trial" else scored.resampling_units


def compare(options: argparse.Namespace, scored: ScoredTrials) -> tuple[Difference, list[str]]:
    """Compare with the second score file, on the same trials; also return what a reader should know of it."""
    theirs, notices = read(options.against, options.protocol, options.subset, allow_partial=options.allow_partial)
    if options.allow_partial:
        scored, theirs = common(scored, theirs)
    aligned = align(scored, theirs, options.against)
    difference = bootstrap_difference(
        scored.scores, aligned.scores, scored.labels, units_of(options.unit, scored), resamples=options.bootstrap
    )
    return difference, [f"{options.against}: {said}" for said in (*notices, *inversion(aligned))]


def common(ours: ScoredTrials, theirs: ScoredTrials) -> tuple[ScoredTrials, ScoredTrials]:
    """Keep the trials that both have."""
    shared = set(ours.utterances) & set(theirs.utterances)
    kept = [part.only([utterance in shared for utterance in part.utterances]) for part in (ours, theirs)]
    return kept[0], kept[1]


def main(arguments: list[str]) -> int:
    """Measure from the command line."""
    options = _parser().parse_args(arguments)
    _refuse_contradictions(options)
    scored, notices = read(options.scores, options.protocol, options.subset, allow_partial=options.allow_partial)
    dev, calibration, difference = None, None, None
    if options.dev:
        dev, said = read_dev(options.dev, options.dev_protocol, options.dev_subset)
        notices += said + _overlap(dev, scored)
    if options.calibrate and dev is not None:
        calibration = calibration_by(dev)
        scored, dev = (part.with_scores(calibration.llr(part.scores)) for part in (scored, dev))
    asv = read_asv_scores(options.asv_scores) if options.asv_scores else None
    notices += _unheard(asv, scored)
    if options.against:
        difference, said = compare(options, scored)
        notices += said
    metrics = measure_all(
        scored,
        threshold_of(options.threshold or (DEV if dev else SAME), scored, dev),
        asv=asv,
        resamples=options.bootstrap,
        units=units_of(options.unit, scored),
        calibration=calibration,
        notices=notices,
    )
    values = json.loads(metrics.to_json())
    if difference is not None:
        values["against"] = {"file": str(options.against), **difference._asdict()}
    if options.out:
        evidence_files.write(options.out, scored, metrics, _provenance(options), values)
    if options.json:
        print(json.dumps(values))
    else:
        _show(metrics, difference, options)
    return 0


def _show(metrics: Metrics, difference: Difference | None, options: argparse.Namespace) -> None:
    metrics_table.show(metrics, str(options.scores))
    if difference is not None:
        metrics_table.show_difference(difference, str(options.scores), str(options.against))
    if options.out:
        print(f"tables and figures: {options.out}")


def _overlap(dev: ScoredTrials, scored: ScoredTrials) -> list[str]:
    shared = len(set(dev.utterances) & set(scored.utterances))
    return [f"{shared:,} trials are in dev too: what is chosen there is no honest choice"] if shared else []


def _unheard(asv: AsvScores | None, scored: ScoredTrials) -> list[str]:
    if asv is None:
        return []
    without = [attack for attack in sorted(set(scored.attacks) - {UNKNOWN}) if asv.errors(attack) is None]
    return [f"no t-DCF of {shorten(without)}: the ASV has no such spoofs, or rejects them all"] if without else []


def _refuse_contradictions(options: argparse.Namespace) -> None:
    """Refuse words that say nothing together.

    Raises:
        ValueError: naming them.
    """
    if options.bootstrap != 0 and options.bootstrap < FEWEST_RESAMPLES:
        raise ValueError(
            f"--bootstrap: found {options.bootstrap}, expected at least {FEWEST_RESAMPLES} resamples, or 0"
        )
    if options.bootstrap == 0 and options.against:
        raise ValueError("--against needs resamples: leave out --bootstrap 0")
    if options.calibrate and options.dev is None:
        raise ValueError("--calibrate wants the scores of dev: give them with --dev")
    if options.dev is None and (options.dev_protocol or options.dev_subset):
        raise ValueError("--dev-protocol and --dev-subset say something of dev: give its scores with --dev")
    if options.subset and not options.protocol:
        raise ValueError("--subset is of a protocol: give one with --protocol")
    if options.out:
        evidence_files.refuse_place(options.out, [path for path in vars(options).values() if isinstance(path, Path)])


def _provenance(options: argparse.Namespace) -> dict[str, Any]:
    files = {name: path for name, path in vars(options).items() if isinstance(path, Path) and path.is_file()}
    return {
        **{name: {"path": str(path), "sha256": file_sha256(path)} for name, path in files.items()},
        "options": {name: value for name, value in vars(options).items() if not isinstance(value, Path)},
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="spooflab metrics",
        description="Every metric of a score file: EER, min t-DCF, minDCF, actDCF, Cllr, AUC, by attack and condition.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
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
    parser.add_argument("--dev-protocol", type=Path, help="of the trials of dev")
    parser.add_argument("--dev-subset", help="of the trials of the dev protocol")
    parser.add_argument(
        "--calibrate", action="store_true", help="turn scores into log-likelihood ratios, fitted on dev"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="write tables and figures")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser
