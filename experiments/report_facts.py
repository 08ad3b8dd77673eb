"""An evaluated run in, all that a report says of it out: evidence, cost, corpus, robustness, version, origin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version as installed
from typing import Final

from datamodules.manifest import Manifest
from experiments import corpus_check, explanations, registry, robustness_evidence, sweep_runs, tracking
from experiments.compared import System, corpus_behind
from experiments.corpus_check import Progress
from experiments.explanations import Explanation
from experiments.report_corpus import building
from experiments.robustness_evidence import Degraded
from experiments.run_cost import Cost, costs
from experiments.sweep_facts import Sweep

PACKAGES: Final = ("torch", "pytorch-lightning", "mlflow", "optuna", "numpy", "librosa", "soundfile")
_EPOCHS = "dev/eer"


@dataclass(frozen=True)
class Version:
    """A registered version of a run.

    Attributes:
        name: of the model.
        number: of the version.
        aliases: that it has now.
        gate: what the last gate said; none where there was none.
    """

    name: str
    number: str
    aliases: Sequence[str]
    gate: str | None


@dataclass(frozen=True)
class Origin:
    """What a run was made by.

    Attributes:
        commit: of the code; none outside a checkout.
        changed: whether the code had been changed since.
        threads: that torch had; none where it is not told.
        trial: ``SWEEP:NUMBER``; none of a run that is no trial.
        packages: name and version of each, where the report was written.
        building: command that builds its corpus; none of a corpus that is not the embedded one, or not here.
    """

    commit: str | None
    changed: bool
    threads: str | None
    trial: str | None
    packages: Mapping[str, str]
    building: str | None


@dataclass(frozen=True)
class Facts:
    """What a report is of.

    Attributes:
        system: the run, its evidence and its detector.
        name: what the UI calls the run.
        cost: of the detector.
        epochs: EER on dev after each epoch of the training; empty where no training is known.
        corpus: that it was judged on; none where it is not to be found here.
        check: of the corpus, with the audit of shortcuts; none where it was left out.
        robustness: a row for each condition; none where it was not tested.
        explanations: pictures of what it hears; none where nobody made any.
        versions: of it in the registry.
        origin: code, threads, trial, packages.
        sweep: that it won; none where the report is of a run.
    """

    system: System
    name: str
    cost: Cost
    epochs: Sequence[float]
    corpus: Manifest | None
    check: corpus_check.Report | None
    robustness: Sequence[Degraded]
    explanations: Sequence[Explanation]
    versions: Sequence[Version]
    origin: Origin
    sweep: Sweep | None


def gather(system: System, sweep: Sweep | None, *, audit: bool, progress: Progress) -> Facts:
    """Gather what is known of a run.

    Args:
        system: the run.
        sweep: that it won, where the report is of the sweep.
        audit: decode the corpus, and look for what gives labels away.
        progress: shows how far that got.
    """
    run, corpus = tracking.get(system.run_id), corpus_behind(system, None)
    return Facts(
        system=system,
        name=str(run.info.run_name),
        cost=costs([system.countermeasure.detector])[0],
        epochs=tracking.history(system.run_id, _EPOCHS) if _EPOCHS in run.data.metrics else [],
        corpus=corpus,
        check=corpus_check.check(corpus, progress=progress) if audit and corpus else None,
        robustness=robustness_evidence.read(system.run_id, corpus) if corpus else [],
        explanations=explanations.read(system.run_id),
        versions=_versions(system.run_id),
        origin=_origin(run.data.tags, sweep, building(system.config) if corpus else None),
        sweep=sweep,
    )


def _versions(run_id: str) -> list[Version]:
    return [
        Version(
            name=str(version.name),
            number=str(version.version),
            aliases=sorted(
                alias for alias, number in registry.aliases(version.name).items() if number == str(version.version)
            ),
            gate=version.tags.get("gate.state"),
        )
        for version in registry.versions()
        if version.run_id == run_id
    ]


def _origin(tags: Mapping[str, str], sweep: Sweep | None, built_by: str | None) -> Origin:
    number, parent = tags.get("optuna.trial"), tags.get(tracking.PARENT_TAG)
    name = sweep.name if sweep else _sweep_name(parent)
    return Origin(
        commit=tags.get("mlflow.source.git.commit"),
        changed=tags.get("git.dirty") == "true",
        threads=tags.get(tracking.THREADS_TAG),
        trial=f"{name}:{number}" if name and number else None,
        packages={package: installed(package) for package in PACKAGES},
        building=built_by,
    )


def _sweep_name(parent: str | None) -> str | None:
    return tracking.get(parent).data.tags.get(sweep_runs.SWEEP_TAG) if parent else None
