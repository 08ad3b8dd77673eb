"""Evidence for a candidate and a gate in, a line for each of its limits out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from experiments.evidence import Metrics
from experiments.plain_words import percent
from experiments.relative_check import Comparison
from experiments.robustness_evidence import Degraded
from lightning_modules.metrics.bootstrap import Difference

NOISE_DB = 10.0
INPUTS = {"audio": "binary"}
OUTPUTS = {"score": "double", "probability": "double", "decision": "string", "threshold": "double"}
_SHOWN_FILES = 5
_NOT_RUN = "the model was not run, because it holds unsafe files"


@dataclass(frozen=True)
class Gate:
    """What a model must be before it is promoted; a limit that is left out is not judged.

    EERs are legacy, on eval, as fractions.

    Attributes:
        max_eer: highest pooled EER.
        max_worst_attack_eer: highest EER of any attack.
        max_min_tdcf_v1: highest minimum t-DCF of ASVspoof 2019.
        max_min_tdcf_v2: highest minimum t-DCF of ASVspoof 2021.
        max_min_dcf: highest minimum DCF of ASVspoof 5.
        max_balanced_error: highest mean of both classes' error rates at the threshold that is deployed.
        max_eer_at_10_db: highest EER under any noise at a signal-to-noise ratio of 10 dB.
        max_eer_above_champion: how much worse than the champion it may be, on the same trials, at 95 % confidence.
        max_latency_p95_ms: 95th percentile of the time for 4 s of speech, from bytes to decision, on one thread here.
        max_size_mb: highest size of the model's files, code included, in millions of bytes.
        max_score_difference: between what the registered model and what the evaluation's code says of a recording.
        max_form_score_difference: between a compressed form's calibrated score and its detector's, of a recording.
        max_form_eer_difference: how much higher a compressed form's EER is than its detector's, on the same trials.
        require_signature: the model must promise audio in and a score, probability, decision and threshold out.
        refuse_unsafe_files: the model may hold nothing that could run code when it is opened.
    """

    max_eer: float | None = None
    max_worst_attack_eer: float | None = None
    max_min_tdcf_v1: float | None = None
    max_min_tdcf_v2: float | None = None
    max_min_dcf: float | None = None
    max_balanced_error: float | None = None
    max_eer_at_10_db: float | None = None
    max_eer_above_champion: float | None = None
    max_latency_p95_ms: float | None = None
    max_size_mb: float | None = None
    max_score_difference: float | None = None
    max_form_score_difference: float | None = None
    max_form_eer_difference: float | None = None
    require_signature: bool | None = None
    refuse_unsafe_files: bool | None = None

    @property
    def needs_a_trial(self) -> bool:
        """Whether the model must be run by itself to be judged."""
        return bool(self.require_signature) or self.max_score_difference is not None or self.times

    @property
    def needs_parity(self) -> bool:
        """Whether a form must be held against its detector."""
        return self.max_form_score_difference is not None or self.max_form_eer_difference is not None

    @property
    def times(self) -> bool:
        """Whether its latency must be measured."""
        return self.max_latency_p95_ms is not None


@dataclass(frozen=True)
class Deployed:
    """What a model did when it was run by itself, as it would be where it is deployed.

    Attributes:
        score_difference: highest, between it and the evaluation's code; infinite where one of them gave no score.
        clips: how many recordings that is of.
        columns: of its answers.
        latency_p95_ms: none where it was not timed.
    """

    score_difference: float
    clips: int
    columns: Sequence[str]
    latency_p95_ms: float | None


@dataclass(frozen=True)
class Parity:
    """A form beside its detector.

    Attributes:
        form: its name.
        score_difference: largest, of calibrated scores of recordings of eval.
        clips: how many recordings that is of.
        eer: how much higher its EER is, on the same trials; none where the detector was not evaluated on them.
        remedy: what to type for it.
    """

    form: str
    score_difference: float
    clips: int
    eer: Difference | None
    remedy: str = ""


@dataclass(frozen=True)
class Evidence:
    """What a gate judges.

    Attributes:
        metrics: on eval.
        comparison: with the champion; none where there is no champion.
        robustness: a row for each condition; none where it was not tested.
        deployed: what the model did by itself; none where no limit asks.
        size_mb: of the model's files.
        inputs: names and types that the model promises to take.
        outputs: names and types that it promises to give.
        unsafe: what is wrong with its files.
        make_robustness: the command that tests it.
        make_tdcf: the command that measures its t-DCF.
        parity: how far the form is from its detector; none where the detector itself is deployed.
    """

    metrics: Metrics
    comparison: Comparison | None
    robustness: Sequence[Degraded]
    deployed: Deployed | None
    size_mb: float
    inputs: dict[str, str]
    outputs: dict[str, str]
    unsafe: Sequence[str]
    make_robustness: str
    make_tdcf: str
    parity: Parity | None = None


@dataclass(frozen=True)
class Check:
    """One line of a gate's report.

    Attributes:
        limit: its key in the YAML.
        name: what is judged.
        found: the evidence, in words.
        allowed: the limit, in words.
        holds: whether the evidence is within the limit; not where it is missing.
        remedy: what to type for evidence that is missing.
    """

    limit: str
    name: str
    found: str
    allowed: str
    holds: bool
    remedy: str = ""

    def __str__(self) -> str:
        verdict = "pass" if self.holds else "FAIL"
        return f"{verdict}  {self.name}: {self.found}, {self.allowed}{f'; {self.remedy}' if self.remedy else ''}"


def judge(gate: Gate, evidence: Evidence) -> list[Check]:
    """Hold a candidate's evidence against every limit that a gate has."""
    metrics = evidence.metrics
    worst = metrics.worst_attack if metrics.attacks else None
    tandem = metrics.min_tdcf or {}
    deployed = evidence.deployed
    at_most = [
        ("max_eer", "EER", metrics.eer["legacy"], percent, ""),
        (
            "max_worst_attack_eer",
            f"EER of the worst attack ({worst})",
            metrics.attack_eers[worst] if worst else None,
            percent,
            "the protocol names no attacks: judge on a corpus that does, with --config",
        ),
        ("max_min_tdcf_v1", "min t-DCF v1", tandem.get("v1"), _plain, evidence.make_tdcf),
        ("max_min_tdcf_v2", "min t-DCF v2", tandem.get("v2"), _plain, evidence.make_tdcf),
        ("max_min_dcf", "minDCF", metrics.min_dcf, _plain, ""),
        ("max_balanced_error", "balanced error at the threshold", 1 - metrics.balanced_accuracy, percent, ""),
        ("max_eer_at_10_db", *_noise(evidence)),
        (
            "max_latency_p95_ms",
            "latency, 95th percentile",
            deployed.latency_p95_ms if deployed else None,
            _ms,
            _NOT_RUN,
        ),
        ("max_size_mb", "size", evidence.size_mb, _mb, ""),
        (
            "max_score_difference",
            f"deployed against evaluated score, {deployed.clips if deployed else 0} recordings",
            deployed.score_difference if deployed else None,
            _tiny,
            _NOT_RUN,
        ),
    ]
    rows = [
        _at_most(limit, name, found, float(getattr(gate, limit)), text, remedy)
        for limit, name, found, text, remedy in at_most
        if getattr(gate, limit) is not None
    ]
    if gate.max_eer_above_champion is not None:
        rows.append(_against_champion(evidence.comparison, gate.max_eer_above_champion))
    rows += _form(gate, evidence.parity)
    if gate.require_signature:
        rows.append(_signature(evidence))
    if gate.refuse_unsafe_files:
        rows.append(_files(evidence.unsafe))
    return rows


def _at_most(limit: str, name: str, found: float | None, most: float, text: Any, remedy: str) -> Check:  # noqa: ANN401
    if found is None:
        return Check(limit, name, "no evidence", f"at most {text(most)}", holds=False, remedy=remedy)
    return Check(limit, name, text(found), f"at most {text(most)}", holds=found <= most)


def _noise(evidence: Evidence) -> tuple[str, float | None, Any, str]:
    """The worst noise of that level; one that was heard in training tells nothing."""
    rows = [row for row in evidence.robustness if row.snr_db == NOISE_DB and not row.heard]
    if not rows:
        return f"EER in noise at {NOISE_DB:g} dB", None, percent, f"run `{evidence.make_robustness}`"
    worst = max(rows, key=lambda row: row.eer)
    return f"EER in noise at {NOISE_DB:g} dB ({worst.condition})", worst.eer, percent, ""


def _against_champion(comparison: Comparison | None, most: float) -> Check:
    key, allowed = "max_eer_above_champion", f"at most {100 * most:+.2f} points with 95 % confidence"
    if comparison is None:
        return Check(key, "EER against the champion's", "there is no champion yet", allowed, holds=True)
    name = f"EER against the champion's (version {comparison.version})"
    difference = comparison.difference
    if difference is None:
        return Check(key, name, "no evidence", allowed, holds=False, remedy=comparison.remedy)
    found = (
        f"{100 * difference.difference:+.2f} points ({100 * difference.eer:.2f} % and {100 * difference.other:.2f} %), "
        f"up to {100 * difference.high:+.2f} (paired bootstrap by {difference.unit})"
    )
    return Check(key, name, found, allowed, holds=difference.high <= most)


def _form(gate: Gate, parity: Parity | None) -> list[Check]:
    rows = []
    if (most := gate.max_form_score_difference) is not None:
        key, name = "max_form_score_difference", "form against its detector, scores"
        if parity is None:
            rows.append(Check(key, name, "the detector itself", f"at most {_tiny(most)}", holds=True))
        else:
            name = f"{parity.form} against its detector, scores of {parity.clips} recordings"
            rows.append(_at_most(key, name, parity.score_difference, most, _tiny, ""))
    if (most := gate.max_form_eer_difference) is not None:
        key, name, allowed = "max_form_eer_difference", "form against its detector, EER", f"at most {100 * most:+.2f}"
        if parity is None:
            rows.append(Check(key, name, "the detector itself", allowed, holds=True))
        elif parity.eer is None:
            rows.append(Check(key, name, "no evidence", allowed, holds=False, remedy=parity.remedy))
        else:
            told = f"{100 * parity.eer.difference:+.2f} points, up to {100 * parity.eer.high:+.2f} with 95 % confidence"
            rows.append(Check(key, name, told, f"{allowed} points", holds=parity.eer.difference <= most))
    return rows


def _signature(evidence: Evidence) -> Check:
    wrong = [
        f"{name} is {promised.get(name, 'missing')}"
        for expected, promised in ((INPUTS, evidence.inputs), (OUTPUTS, evidence.outputs))
        for name, kind in expected.items()
        if promised.get(name) != kind
    ]
    if evidence.deployed is not None:
        given = evidence.deployed.columns
        wrong += [f"{name} is promised and not given" for name in evidence.outputs if name not in given]
    expected = "expected {} in, {} out".format(*(", ".join(names) for names in (INPUTS, OUTPUTS)))
    found = ", ".join(wrong) or f"{', '.join(evidence.inputs)} in, {', '.join(evidence.outputs)} out"
    return Check("require_signature", "signature", found, expected, holds=not wrong)


def _files(unsafe: Sequence[str]) -> Check:
    more = f" and {len(unsafe) - _SHOWN_FILES} more" if len(unsafe) > _SHOWN_FILES else ""
    found = "; ".join(unsafe[:_SHOWN_FILES]) + more if unsafe else "none"
    return Check("refuse_unsafe_files", "unsafe files", found, "expected none", holds=not unsafe)


def _plain(value: float) -> str:
    return f"{value:.4f}"


def _tiny(value: float) -> str:
    return f"{value:.2g}"


def _ms(value: float) -> str:
    return f"{value:.1f} ms"


def _mb(value: float) -> str:
    return f"{value:.2f} MB"
