"""Detectors in, a run of one detector that fuses their scores out: ``spooflab fuse``."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from rich.markup import escape
from rich.table import Table

from experiments import tracking
from experiments.console import console
from experiments.evaluate import operating_point, score_trials
from experiments.fusion_members import Member, data_of, open_member, refuse_what_cannot_be_fused, window_of
from experiments.heard import heard_recordings, log_augmentation
from experiments.ready_made import log_detector
from experiments.threads import cores, share, use
from experiments.train import quieten
from lightning_modules.fusing import fused_detector
from lightning_modules.metrics.calibration import equal_weights, fit_calibration, fit_fusion
from lightning_modules.metrics.eer import equal_error_rate
from lightning_modules.metrics.trials import split_by_label

Weighing = Literal["equal", "fitted"]


@dataclass(frozen=True)
class Weighed:
    """What a fusion makes of a member.

    Attributes:
        name: of the member.
        origin: its run, or its checkpoint's digest.
        scale: by which its scores become log-likelihood ratios, fitted on dev.
        offset: added after scaling.
        weight: of its log-likelihood ratio in the sum.
        dev_eer: of the member alone, legacy, a fraction.
    """

    name: str
    origin: str
    scale: float
    offset: float
    weight: float
    dev_eer: float


@dataclass(frozen=True)
class Fused:
    """A fusion and what it was made of.

    Attributes:
        run_id: its MLflow run.
        weighing: how the weights were found.
        offset: added to the weighted sum.
        window_s: length of the windows that are scored.
        dev_eer: legacy, a fraction, on the trials that the fusion was fitted on.
        members: in the order that they were named in.
    """

    run_id: str
    weighing: Weighing
    offset: float
    window_s: float
    dev_eer: float
    members: list[Weighed]


def fuse(
    models: Sequence[str],
    *,
    name: str | None = None,
    weighing: Weighing = "equal",
    window_s: float | None = None,
    config: Path | None = None,
) -> Fused:
    """Make a run of the fusion of detectors, with all that a training leaves for ``evaluate``, ``score``, ``promote``.

    Every member's scores are made log-likelihood ratios on dev, and the fusion's score is their weighted sum. Eval
    plays no part.

    Args:
        models: ids of runs, ``models:/NAME@ALIAS``, or paths of checkpoints.
        name: of the run; the members' names when not given.
        weighing: ``equal``: the mean, which cannot take dev's attacks, that members have heard, for those to come; or
            ``fitted``: logistic regression on dev.
        window_s: length of the windows that all members score; their training crop when not given.
        config: whose dev the fusion is fitted on; the members' own when not given.

    Raises:
        ValueError: the models do not go together, or there is no dev.
        LookupError: there is no such run or version.
        FileNotFoundError: a run has no checkpoint.
    """
    members = [open_member(model) for model in models]
    refuse_what_cannot_be_fused(members)
    window_s = window_of(members, window_s)
    data, corpus = data_of(members, config)
    trials = corpus.partition("dev")
    if not trials:
        raise ValueError(f"{corpus.name} has no dev, and a fusion is fitted on dev alone: name another with --config")
    for member in members:
        member.detector.crop_s = window_s
    scored = [score_trials(member.detector, trials, f"dev: {member.name}") for member in members]
    labels = scored[0].labels
    calibrations = [fit_calibration(each.scores, labels) for each in scored]
    llrs = np.column_stack([fit.llr(each.scores) for fit, each in zip(calibrations, scored, strict=True)])
    weights = equal_weights(len(members)) if weighing == "equal" else fit_fusion(llrs, labels)
    dev = scored[0].with_scores(weights.llr(llrs))
    table = [
        Weighed(member.name, member.origin, fit.scale, fit.offset, weight, _eer(each.scores, labels))
        for member, fit, weight, each in zip(members, calibrations, weights.weights, scored, strict=True)
    ]
    tags = {f"fusion.member.{number}": member.origin for number, member in enumerate(members, start=1)}
    with tracking.run(
        name or " + ".join(member.name for member in members), tags={"fusion.weights": weighing, **tags}
    ) as run_id:
        outcome = Fused(run_id, weighing, weights.offset, window_s, _eer(dev.scores, labels), table)
        fused = fused_detector([member.detector for member in members], calibrations, weights)
        log_detector(run_id, fused, operating_point(dev), {**data, "crop_s": window_s}, model_card(outcome))
        log_augmentation(run_id, _heard(members))
        tracking.log_dataset(run_id, corpus, "dev")
        tracking.log_metrics(run_id, {"dev_whole/eer": outcome.dev_eer})
    return outcome


def model_card(outcome: Fused) -> str:
    """Return the Markdown that the run's page shows."""
    rows = "\n".join(
        f"| {row.name} | `{row.origin}` | {row.scale:.3f} | {row.offset:+.3f} | {row.weight:.3f} "
        f"| {100 * row.dev_eer:.2f} |"
        for row in outcome.members
    )
    return f"""Fusion of {len(outcome.members)} detectors, {outcome.weighing} weights, offset {outcome.offset:+.3f}.

| member | from | scale | offset | weight | EER % on dev |
|---|---|---|---|---|---|
{rows}

Calibrated, and weighed, on dev alone, in windows of {outcome.window_s:g} s: EER there {100 * outcome.dev_eer:.2f} %.
"""


def show(outcome: Fused) -> None:
    """Print a row for each member."""
    table = Table(caption=f"EER on dev (legacy); {outcome.weighing} weights, windows of {outcome.window_s:g} s")
    table.add_column("member", overflow="fold")
    for name in ("scale", "offset", "weight", "dev EER"):
        table.add_column(name, justify="right")
    for row in outcome.members:
        numbers = (f"{row.scale:.3f}", f"{row.offset:+.3f}", f"{row.weight:.3f}", f"{100 * row.dev_eer:.2f} %")
        table.add_row(escape(row.name), *numbers)
    table.add_row("fused", "", f"{outcome.offset:+.3f}", "", f"{100 * outcome.dev_eer:.2f} %", style="bold")
    console().print(table)


def main(arguments: list[str]) -> int:
    """Fuse from the command line."""
    parser = argparse.ArgumentParser(prog="spooflab fuse", description="Make one detector of several, fitted on dev.")
    parser.add_argument("models", nargs="+", metavar="MODEL", help="run, models:/NAME@ALIAS, or checkpoint")
    parser.add_argument("--name", help="of the run; the members' names when not given")
    parser.add_argument(
        "--weights",
        choices=get_args(Weighing),
        default="equal",
        help="mean of the calibrated scores, or logistic regression on dev, for a dev with the attacks to come",
    )
    parser.add_argument("--window-s", type=float, help="length of the windows; the members' training crop without")
    parser.add_argument("--config", type=Path, help="whose dev to fit on; the members' own when not given")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    quieten()
    use(share(cores()))  # one: utterances are scored one by one
    outcome = fuse(
        options.models,
        name=options.name,
        weighing=options.weights,
        window_s=options.window_s,
        config=options.config,
    )
    for row in outcome.members:
        if row.scale <= 0:
            print(f"warning: {row.name} is no better than chance on dev, its scores count inverted", file=sys.stderr)
    if options.json:
        print(json.dumps(asdict(outcome)))
        return 0
    show(outcome)
    print(f"run {outcome.run_id}")
    print(f"next: spooflab evaluate --model {outcome.run_id}")
    return 0


def _eer(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    return float(equal_error_rate(*split_by_label(scores, labels)).eer)


def _heard(members: Sequence[Member]) -> dict[str, list[str]]:
    """SHA-256 of the recordings that the members' training audio was altered by."""
    heard = {member.name: sorted(heard_recordings(member.run_id)) for member in members if member.run_id}
    return {name: recordings for name, recordings in heard.items() if recordings}
