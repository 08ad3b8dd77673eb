"""A sweep's name in, what became of it out: trials, winner, evaluation, model version, and what to type next."""

import argparse
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from datamodules.manifest import Manifest, Trial
from experiments import registry, score_batch, sweep_runs, tracking
from experiments.console import console
from experiments.evaluate import corpus_of, read_metrics
from experiments.evidence import Metrics
from experiments.inference import Verdict
from sweeps.answer import ANSWER_FILE, FOLDER
from sweeps.measures import short, shown
from sweeps.reseed import SEEDS_TAG


@dataclass(frozen=True)
class Summary:
    """What a sweep came to.

    Attributes:
        name: of the sweep.
        states: how many trials ended how.
        network: class of the winner's network.
        run_id: of the winner.
        dev_eer: of the winner, a fraction.
        metrics: of the winner on eval.
        version: number of the registered version, where there is one.
        examples: files of eval and what the champion says of them.
        front: trials of the Pareto front, in words; none of a sweep for a single measure.
    """

    name: str
    states: dict[str, int]
    network: str
    run_id: str
    dev_eer: float
    metrics: Metrics
    version: str | None
    examples: dict[Path, tuple[Trial, Verdict]]
    front: list[str]


def summarise(name: str, model: str = registry.MODEL_NAME) -> Summary:
    """Gather what MLflow knows of a sweep, and score one file of each class with the champion.

    Raises:
        LookupError: no such sweep, or no finished trial.
        FileNotFoundError: the winner was not evaluated.
    """
    parent, run_id = sweep_runs.sweep(name), sweep_runs.winner(name)
    winner = tracking.get(run_id)
    holder = registry.holder(model, registry.CHAMPION)
    examples: dict[Path, tuple[Trial, Verdict]] = {}
    if holder is not None:
        champion = score_batch.load(f"models:/{model}@{registry.CHAMPION}")
        for trial in example_trials(corpus_of(run_id)):
            examples[trial.path] = trial, champion.judge(trial.path)
    return Summary(
        name=name,
        states=dict(
            Counter(
                run.data.tags.get("optuna.state", "RUNNING")
                for run in tracking.children(parent.info.run_id)
                if SEEDS_TAG not in run.data.tags
            )
        ),
        network=winner.data.params["model.network.class_path"].rpartition(".")[2],
        run_id=run_id,
        dev_eer=winner.data.metrics["best/dev_eer"],
        metrics=read_metrics(run_id),
        version=holder,
        examples=examples,
        front=front_in_words(parent.info.run_id),
    )


def front_in_words(parent: str) -> list[str]:
    """Return the Pareto front that a sweep published, a trial a line; none for a single measure, or an older sweep."""
    try:
        answer = json.loads(tracking.fetch(parent, f"{FOLDER}/{ANSWER_FILE}").read_text())
    except FileNotFoundError:
        return []
    if len(answer["measures"]) == 1:
        return []
    return [
        f"trial {' '.join(filter(None, (str(row['trial']), row['branch'])))}: "
        + ", ".join(f"{short(measure)} {shown(measure, row['measures'][measure])}" for measure in answer["measures"])
        for row in answer["front"]
    ]


def example_trials(manifest: Manifest) -> list[Trial]:
    """Return the first bona fide and the first spoofed trial of eval."""
    trials = manifest.partition("eval")
    return [next(trial for trial in trials if trial.label == label) for label in (1, 0)]


def show(summary: Summary) -> None:
    """Print a summary."""
    table = Table(title=f"sweep {summary.name}", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    table.add_row("trials", ", ".join(f"{count} {state.lower()}" for state, count in sorted(summary.states.items())))
    table.add_row("best network", f"{summary.network} (dev EER {100 * summary.dev_eer:.2f} %)")
    for number, line in enumerate(summary.front):
        table.add_row("" if number else "Pareto front", line)
    table.add_row("eval EER, pooled", summary.metrics.eer_text)
    operating = f"balanced accuracy {summary.metrics.balanced_accuracy:.3f}, recall {summary.metrics.recall:.3f}"
    table.add_row("at the dev threshold", f"{operating} (bona fide)")
    for attack, eer in summary.metrics.attack_eers.items():
        table.add_row(f"eval EER, {attack}", f"{100 * eer:.2f} %")
    table.add_row(
        "registered", f"{registry.MODEL_NAME} version {summary.version}" if summary.version else "nothing yet"
    )
    for path, (trial, verdict) in summary.examples.items():
        table.add_row(f"a {trial.key} file", f"{verdict.score:+.2f} → {verdict.decision}   {path}")
    console().print(table)
    print("All EERs are legacy (ASVspoof); scores are log-likelihood ratios, higher = more bona fide.\n")
    uri = f"models:/{registry.MODEL_NAME}@{registry.CHAMPION}"
    print("What to type next (with the environment active: source .venv/bin/activate)")
    print("  spooflab ui                                     compare the runs at http://127.0.0.1:5000")
    print(f"  spooflab score --model {uri} FILE…")
    print("  spooflab serve                                  the same over HTTP")
    print("  spooflab sweep --space sweeps/spaces/demo.yaml --name demo --trials 20    go on searching")


def main(arguments: list[str]) -> int:
    """Summarise from the command line."""
    parser = argparse.ArgumentParser(prog="spooflab summary", description="What a sweep found, and what to type next.")
    parser.add_argument("--sweep", required=True, help="name of the sweep")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    summary = summarise(options.sweep)
    if options.json:
        print(json.dumps(as_json(summary)))
    else:
        show(summary)
    return 0


def as_json(summary: Summary) -> dict[str, object]:
    """Return a summary as plain values."""
    return {
        "sweep": summary.name,
        "trials": summary.states,
        "network": summary.network,
        "run": summary.run_id,
        "dev_eer": summary.dev_eer,
        "eval_eer": summary.metrics.eer,
        "attacks": summary.metrics.attack_eers,
        "version": summary.version,
        "front": summary.front,
        "examples": {
            str(path): {"key": trial.key, "score": verdict.score} for path, (trial, verdict) in summary.examples.items()
        },
    }
