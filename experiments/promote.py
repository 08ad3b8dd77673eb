"""An evaluated run in, a registered version under an alias out: ``spooflab promote``."""

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from datamodules.manifest import Manifest
from experiments import form_parity, gate_report, registration, registry, relative_check, unsafe_files
from experiments.candidate import Candidate, open_candidate, version_tags
from experiments.deployed_trial import recordings, try_out
from experiments.evaluate import corpus_of, evaluate, run_of
from experiments.gate import Evidence, Gate, judge
from experiments.gate_file import read_gate
from experiments.gate_report import Report
from experiments.model_card import model_card
from experiments.promotion import Decision, Promotion, promote
from experiments.train import quieten

GATE = Path(__file__).parent / "configs" / "gate.yaml"
_BYTES_PER_MB = 1_000_000


def gather(gate: Gate, candidate: Candidate, model: Path, name: str) -> Evidence:
    """Gather what a gate judges of a candidate and of the folder that would be deployed."""
    files = [path for path in model.rglob("*") if path.is_file()]
    inputs, outputs = registration.signature_of(model)
    unsafe = unsafe_files.scan(model) if gate.refuse_unsafe_files else []
    deployed = None
    if gate.needs_a_trial and not unsafe:  # what could be code of others is not run
        deployed = try_out(model, candidate.countermeasure, candidate.judged_on, timed=gate.times)
    return Evidence(
        metrics=candidate.metrics,
        comparison=relative_check.compare(candidate.run_id, candidate.judged_on, name),
        robustness=candidate.robustness,
        deployed=deployed,
        size_mb=sum(path.stat().st_size for path in files) / _BYTES_PER_MB,
        inputs=inputs,
        outputs=outputs,
        unsafe=unsafe,
        make_robustness=f"spooflab robustness --model {candidate.run_id} --snrs 10",
        parity=form_parity.measure(candidate) if gate.needs_parity else None,
        make_tdcf=f"run `spooflab evaluate --model {candidate.run_id} --asv-scores FILE`",
    )


def version_for(model: str | None, candidate: Candidate, example: Path, name: str) -> str:
    """Return the version that is judged: the one that was named, or one made of the run.

    A version that was named is left as it is, unless its run was evaluated anew since and has another threshold.
    """
    if model is not None and model.startswith("models:/"):
        named = registry.version_of(model)
        wanted = registration.countermeasure_digest(candidate.folder)
        if named.name == name and named.tags.get(registration.COUNTERMEASURE_TAG) == wanted:
            return str(named.version)
    return registration.register(candidate.run_id, model_card(candidate, name), version_tags(candidate), example, name)


def dry_run(options: argparse.Namespace, candidate: Candidate, gate: Gate, example: Path) -> Report:
    """Judge what would be registered, without registering it."""
    with tempfile.TemporaryDirectory() as place:
        model = registration.package(candidate.folder, example, Path(place) / "model")
        evidence = gather(gate, candidate, model, options.name)
    return _report(options, candidate, gate, evidence, None)


def register_and_judge(options: argparse.Namespace, candidate: Candidate, gate: Gate, example: Path) -> Report:
    """Register a candidate, and judge the very files that would be deployed; the version says what came of it."""
    version = version_for(options.model, candidate, example, options.name)
    evidence = gather(gate, candidate, registry.model_folder(f"models:/{options.name}/{version}"), options.name)
    report = _report(options, candidate, gate, evidence, version)
    facts = {"gate.state": report.state, "gate.at": report.at, "gate.summary": report.summary}
    registry.tag(options.name, version, {**facts, "size_mb": f"{evidence.size_mb:.2f}"})
    return report


def tell(options: argparse.Namespace, report: Report, done: Promotion | None) -> None:
    """Print what was judged and done."""
    if options.json:
        promotion = None if done is None else {"alias": options.alias, **asdict(done)}
        print(json.dumps({**json.loads(report.to_json()), "promotion": promotion}))
        return
    gate_report.show(report)
    uri = f"models:/{options.name}@{options.alias}"
    if report.dry_run:
        print(f"dry run, {report.summary}: nothing was registered, and {uri} is as it was")
    elif done is None:
        print(f"{report.summary}: not promoted; version {report.version} stays registered")
        print(f'  what the gate saw: artifact {gate_report.FOLDER}/report.md of run {report.run}; --force --why "…"')
    else:
        before = f", in place of version {done.replaced}" if done.replaced is not None and done.changed else ""
        print(f"{uri} is version {done.version}{'' if done.changed else ' already'}{before} ({report.summary})")
        print(f"next: spooflab score --model {uri} FILE…, or back with `spooflab rollback --name {options.name}`")


def main(arguments: list[str]) -> int:
    """Promote from the command line: exit code 1 when the gate refuses."""
    options = _options(arguments)
    quieten()
    gate = read_gate(options.gate)
    run_id = run_of(options.model, options.sweep)
    corpus = corpus_of(run_id, options.config)
    metrics = evaluate(run_id, corpus)
    instead_of = registry.holder(options.name, options.alias)
    candidate = open_candidate(run_id, metrics, corpus)
    judged = (dry_run if options.dry_run else register_and_judge)(options, candidate, gate, _example(corpus))
    gate_report.log(judged)
    done = None
    if judged.version is not None and judged.state != "refused":
        decision = Decision(judged.summary, judged.why if judged.state == "forced" else "")
        done = promote(judged.version, decision, options.name, options.alias, instead_of=instead_of)
    tell(options, judged, done)
    return 1 if judged.state == "refused" else 0


def _report(
    options: argparse.Namespace, candidate: Candidate, gate: Gate, evidence: Evidence, version: str | None
) -> Report:
    return Report(
        model=options.name,
        version=version,
        run=candidate.run_id,
        alias=options.alias,
        champion=evidence.comparison.version if evidence.comparison else None,
        gate=options.gate.name,
        data_sha256=candidate.judged_on.digest,
        checks=judge(gate, evidence),
        dry_run=options.dry_run,
        why=options.why or "",
    )


def _example(corpus: Manifest) -> Path:
    return recordings(corpus)[0].path


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="spooflab promote", description="Register a model and give it an alias.")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--model", help="id of a run, models:/NAME/VERSION or models:/NAME@ALIAS")
    which.add_argument("--sweep", help="name of a sweep: its best trial")
    parser.add_argument("--name", help=f"of the registered model; that of --model, or {registry.MODEL_NAME}")
    parser.add_argument("--alias", default=registry.CHAMPION)
    parser.add_argument("--config", type=Path, help="whose data to judge on; the run's own when not given")
    parser.add_argument("--gate", type=Path, default=GATE, help="YAML of the limits")
    parser.add_argument("--dry-run", action="store_true", help="only say what the gate says")
    parser.add_argument("--force", action="store_true", help="promote even if the gate refuses; wants --why")
    parser.add_argument("--why", help="reason to promote in spite of the gate; kept with who and when")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    registry.require_free(options.alias)
    if options.force != bool(options.why and options.why.strip()):
        raise ValueError('--force and --why go together: `--force --why "reason that is kept in the history"`')
    if options.name is None:
        model = str(options.model)
        named = model.removeprefix("models:/").partition("@")[0].partition("/")[0] if "models:/" in model else None
        options.name = named or registry.MODEL_NAME
    return options
