"""Metrics of a candidate and of the champion in, a verdict with its reasons out."""

from dataclasses import dataclass, fields
from pathlib import Path

from experiments.evidence import Metrics
from experiments.yaml_files import read_yaml


@dataclass(frozen=True)
class Gate:
    """What a model must be before it is promoted. EERs are legacy, on eval, as fractions.

    Attributes:
        max_eer: highest pooled EER.
        max_worst_attack_eer: highest EER of any attack.
        max_eer_above_champion: how much worse than the champion it may be.
        max_balanced_error: highest mean of both classes' error rates at the threshold that is deployed.
    """

    max_eer: float
    max_worst_attack_eer: float
    max_eer_above_champion: float
    max_balanced_error: float


@dataclass(frozen=True)
class Check:
    """One line of a gate's report."""

    name: str
    found: float
    limit: float

    @property
    def holds(self) -> bool:
        """Whether the value is within its limit."""
        return self.found <= self.limit

    def __str__(self) -> str:
        verdict = "pass" if self.holds else "FAIL"
        return f"{verdict}  {self.name}: {100 * self.found:.2f} %, at most {100 * self.limit:.2f} %"


def read_gate(path: Path) -> Gate:
    """Read a gate from YAML.

    Raises:
        ValueError: the file is missing, no YAML, or has other keys than a gate, or one twice.
    """
    expected = {field.name for field in fields(Gate)}
    values = read_yaml(path)
    if not isinstance(values, dict) or set(values) != expected:
        found = ", ".join(values) if isinstance(values, dict) else repr(values)
        raise ValueError(f"{path}: found {found}, expected the keys {', '.join(sorted(expected))}")
    return Gate(**{name: float(value) for name, value in values.items()})


def checks(gate: Gate, candidate: Metrics, champion: Metrics | None) -> list[Check]:
    """Hold a candidate against the limits, and against the champion where there is one."""
    eer, worst = candidate.eer["legacy"], candidate.worst_attack
    report = [
        Check("EER", eer, gate.max_eer),
        Check(f"EER of the worst attack ({worst})", candidate.attack_eers[worst], gate.max_worst_attack_eer),
        Check("balanced error at the threshold", 1 - candidate.balanced_accuracy, gate.max_balanced_error),
    ]
    if champion is not None:
        report.append(Check("EER against the champion's", eer, champion.eer["legacy"] + gate.max_eer_above_champion))
    return report
