"""An evaluated run in, a registered version under an alias out: ``spooflab promote``."""

import argparse
from pathlib import Path

from experiments import registry, tracking
from experiments.evaluate import corpus_of, evaluate, evaluated_tag, read_metrics, run_of
from experiments.evidence import Metrics
from experiments.gate import Check, checks, read_gate
from experiments.train import quieten

GATE = Path(__file__).parent / "configs" / "gate.yaml"


def model_card(run_id: str, metrics: Metrics) -> str:
    """Return the Markdown that MLflow shows on the version's page."""
    tags = tracking.get(run_id).data.tags
    attacks = "\n".join(f"| {attack} | {100 * eer:.2f} |" for attack, eer in metrics.attack_eers.items())
    return f"""EER {100 * metrics.eer["legacy"]:.2f} % on eval (legacy).

**Takes** audio of any common format (bytes).

**Gives** a log-likelihood ratio (higher = more bona fide), the probability of bona fide at equal priors, and a
decision at the threshold {metrics.threshold:.3f} (EER on dev).

**Measured** on eval, {metrics.trials["bonafide"]} bona fide and {metrics.trials["spoof"]} spoof trials: EER (legacy)
**{metrics.eer_text}**.

| attack | EER % |
|---|---|
{attacks}

Run `{run_id}`, data SHA-256 `{tags.get("data.sha256", "unknown")}`, commit
`{tags.get("mlflow.source.git.commit", "unknown")}`.

**Limits**: says nothing sure about attacks, channels and languages unlike those above.
"""


def champion_metrics(name: str, alias: str, candidate: str) -> Metrics | None:
    """Return the metrics of the version that holds the alias; none if there is none, or it is the candidate itself.

    Raises:
        ValueError: the two were evaluated on different data.
    """
    holder = registry.holder(name, alias)
    if holder is None:
        return None
    run_id = str(registry.version_of(f"models:/{name}/{holder}").run_id)
    if run_id == candidate:
        return None
    theirs, ours = (tracking.get(run).data.tags.get(evaluated_tag("eval")) for run in (run_id, candidate))
    if theirs != ours:
        raise ValueError(
            f"the {alias} was evaluated on other data than run {candidate}, and their EERs cannot be compared: "
            f"first `spooflab evaluate --model models:/{name}@{alias} --config C`, with a config C of the new data"
        )
    return read_metrics(run_id)


def report(rows: list[Check]) -> str:
    """Return the gate's lines as text."""
    return "\n".join(str(row) for row in rows)


def main(arguments: list[str]) -> int:
    """Promote from the command line: exit code 1 when the gate refuses."""
    parser = argparse.ArgumentParser(prog="spooflab promote", description="Register a model and give it an alias.")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--model", help="id of a run, or models:/NAME/VERSION")
    which.add_argument("--sweep", help="name of a sweep: its best trial")
    parser.add_argument("--name", default=registry.MODEL_NAME, help="of the registered model")
    parser.add_argument("--alias", default=registry.CHAMPION)
    parser.add_argument("--config", type=Path, help="whose data to judge on; the run's own when not given")
    parser.add_argument("--gate", type=Path, default=GATE, help="YAML of the limits")
    parser.add_argument("--dry-run", action="store_true", help="only say what the gate says")
    options = parser.parse_args(arguments)
    quieten()
    gate = read_gate(options.gate)
    run_id = run_of(options.model, options.sweep)
    corpus = corpus_of(run_id, options.config)
    metrics = evaluate(run_id, corpus)
    rows = checks(gate, metrics, champion_metrics(options.name, options.alias, run_id))
    print(report(rows))
    if not all(row.holds for row in rows):
        print("refused: not promoted")
        return 1
    if options.dry_run:
        return 0
    tags = {"eval.eer": f"{metrics.eer['legacy']:.5f}", "data.sha256": tracking.get(run_id).data.tags["data.sha256"]}
    version = registry.register(
        run_id, model_card(run_id, metrics), tags, corpus.partition("eval")[0].path, options.name
    )
    done = registry.promote(version, report(rows), options.name, options.alias)
    uri = f"models:/{options.name}@{options.alias}"
    before = f", in place of version {done.replaced}" if done.replaced not in (None, version) else ""
    print(f"{uri} is version {version}{before}")
    print(f"next: spooflab score --model {uri} FILE…")
    return 0
