"""A candidate in, its model card out: the Markdown that MLflow shows on the version's page (Mitchell et al. 2019)."""

import json
import statistics
from collections.abc import Sequence
from typing import Any

from experiments.candidate import Candidate, Count, counts
from experiments.evidence import Metrics, Numbers
from experiments.robustness_evidence import Degraded
from lightning_modules.cost import count_parameters

_SHOWN_SPEAKERS = 5


def model_card(candidate: Candidate, name: str) -> str:
    """Describe a candidate for whoever is to use it.

    Args:
        candidate: that is described.
        name: of the registered model.
    """
    metrics, point = candidate.metrics, candidate.countermeasure.operating_point
    sections = (
        f"EER {metrics.eer_text} on eval of {candidate.judged_on.name} (legacy).",
        _intended_use(),
        _data(candidate),
        _architecture(candidate),
        _attacks(metrics),
        _robustness(candidate.robustness, candidate.run_id),
        f"""## Calibration and threshold

Log-likelihood ratio = {point.calibration.scale:.6g} × raw score {point.calibration.offset:+.6g}, fitted on dev; bona
fide where it is above **{point.threshold:.4f}** ({point.source}). On eval that rejects {metrics.frr:.2%} of bona fide
and accepts {metrics.far:.2%} of spoofs. Cllr {_number(metrics.cllr)} bits, of which {metrics.min_cllr:.4f} would be
left with the best calibration; actDCF {metrics.act_dcf:.4f}, minDCF {metrics.min_dcf:.4f} (ASVspoof 5).""",
        _fairness(metrics),
        _limits(metrics),
        _how_to_use(name),
        _origin(candidate),
    )
    paragraphs = "\n\n".join(section for section in sections if section).split("\n\n")
    return "\n\n".join(map(_flowing, paragraphs)) + "\n"


def _flowing(paragraph: str) -> str:
    """Join the lines of a paragraph: MLflow's page breaks them where the text does."""
    return paragraph if paragraph.startswith(("|", "-", " ")) else paragraph.replace("\n", " ")


def _intended_use() -> str:
    return """## Intended use

**For** telling recorded human speech (bona fide) from synthetic or converted speech, as one piece of evidence among
others. **Not for** a decision about a person on its own, for replayed recordings unless such attacks are in the table
below, for speaker verification, or for audio without speech."""


def _data(candidate: Candidate) -> str:
    judged = candidate.judged_on
    parts = [f"Judged on `{judged.name}`, SHA-256 `{judged.digest}`."]
    trained = candidate.trained_on
    if trained is None:
        parts.insert(0, "What it was trained on is not known to this store, or is no longer there.")
        parts.append(_count_table(counts(judged)))
    elif trained is judged:
        parts.insert(0, "Trained on train and chosen on dev of the same corpus; eval played no part.")
        parts.append(_count_table(counts(judged)))
    else:
        parts.insert(0, f"Trained on train and chosen on dev of `{trained.name}`, SHA-256 `{trained.digest}`.")
        parts += [f"`{corpus.name}`:\n\n{_count_table(counts(corpus))}" for corpus in (trained, judged)]
    return "## Data\n\n" + "\n\n".join(parts)


def _count_table(rows: Sequence[Count]) -> str:
    cells = [
        [
            row.partition,
            f"{row.bonafide:,}",
            f"{row.spoof:,}",
            f"{row.speakers:,}" if row.speakers else "not told",
            ", ".join(row.attacks) or "-",
        ]
        for row in rows
    ]
    return _table(["partition", "bona fide", "spoof", "speakers", "attacks"], cells)


def _architecture(candidate: Candidate) -> str:
    detector = candidate.countermeasure.detector
    specifications = detector.specifications
    parts = {
        "enhancement": specifications.enhancement,
        "frontend": specifications.frontend,
        "normalisation": specifications.normalisation,
        "network": specifications.network,
    }
    cells = [
        [part, description["class_path"].rpartition(".")[2], f"`{_arguments(description['init_args'])}`"]
        for part, description in parts.items()
        if description is not None
    ]
    stated = (type(detector.network).__doc__ or "").strip().splitlines()
    return f"""## Architecture

{stated[0] if stated else ""} {count_parameters(detector).total:,} parameters. Takes {specifications.sample_rate_hz:,}
Hz, in windows of {specifications.crop_s:g} s; the score is the mean over windows.

{_table(["part", "is", "arguments"], cells)}"""


def _arguments(values: dict[str, Any], longest: int = 160) -> str:
    text = json.dumps(values).replace("|", "/").replace("`", "'")
    return text if len(text) <= longest else f"{text[:longest]} …"


def _attacks(metrics: Metrics) -> str:
    if not metrics.attacks:
        return ""
    cells = [
        [name, f"{numbers['spoof']:,}", _percent(numbers["eer"]), _interval(numbers), _percent(numbers["far"])]
        for name, numbers in metrics.attacks.items()
    ]
    tandem = ", ".join(f"{version} {value:.4f}" for version, value in (metrics.min_tdcf or {}).items())
    return f"""## By attack, on eval

{_table(["attack", "trials", "EER %", "95 %", "accepted % at the threshold"], cells)}

Worst: **{metrics.worst_attack}**.{f" Minimum t-DCF: {tandem}." if tandem else ""}"""


def _robustness(rows: Sequence[Degraded], run_id: str) -> str:
    if not rows:
        return f"## Robustness\n\nNot tested: `spooflab robustness --model {run_id}` does."
    cells = [
        [
            row.condition + (" (heard in training)" if row.heard else ""),
            _percent(row.eer),
            f"{_percent(row.eer_low)}–{_percent(row.eer_high)}",
        ]
        for row in rows
    ]
    return f"## Robustness, on eval\n\n{_table(['condition', 'EER %', '95 %'], cells)}"


def _fairness(metrics: Metrics) -> str:
    eers = {name: eer for name, numbers in metrics.speakers.items() if (eer := numbers.get("eer")) is not None}
    rejected = {name: frr for name, numbers in metrics.speakers.items() if (frr := numbers.get("frr")) is not None}
    said = []
    if eers:
        worst = ", ".join(
            f"{name} {_percent(eers[name])} %" for name in sorted(eers, key=lambda name: -eers[name])[:_SHOWN_SPEAKERS]
        )
        said.append(f"EER by speaker ({len(eers)} with trials of both classes): {_spread(eers)}; highest: {worst}.")
    if rejected:
        said.append(f"Bona fide rejected at the threshold, by speaker ({len(rejected)}): {_spread(rejected)}.")
    if metrics.codecs:
        cells = [
            [name, _percent(numbers.get("eer")), _percent(numbers.get("frr")), _percent(numbers.get("far"))]
            for name, numbers in metrics.codecs.items()
        ]
        said.append(_table(["codec", "EER %", "FRR %", "FAR %"], cells))
    if not said:
        return "## Fairness\n\nNot known: the corpus names no speakers, or one only."
    said.append("The corpus names no groups of speakers (sex, age, accent): errors by group are not known.")
    return "## Fairness\n\n" + "\n\n".join(said)


def _spread(values: dict[str, float]) -> str:
    ordered = sorted(values.values())
    middle = statistics.median(ordered)
    return f"lowest {_percent(ordered[0])} %, median {_percent(middle)} %, highest {_percent(ordered[-1])} %"


def _limits(metrics: Metrics) -> str:
    warnings = "".join(f"\n- {warning}" for warning in metrics.warnings)
    return f"""## Limits

- Says nothing sure about attacks, channels, languages and recording conditions unlike those above.
- A score is about the whole recording: a short spoofed passage in a long genuine one may go unnoticed.
- The probability takes both classes for equally likely beforehand; where spoofs are rare, use the score.{warnings}"""


def _how_to_use(name: str) -> str:
    return f"""## How to use

    spooflab score --model models:/{name}@champion FILE…
    spooflab serve --model models:/{name}@champion

    model = mlflow.pyfunc.load_model("models:/{name}@champion")
    model.predict(pandas.DataFrame({{"audio": [open("speech.flac", "rb").read()]}}))

**Takes** the bytes of audio of any common format, rate and length, in column `audio`. **Gives** `score` (log-likelihood
ratio, higher = more bona fide), `probability` of bona fide at equal priors, `decision`, `threshold`, `duration_s`, and
`error` for a recording that cannot be judged."""


def _origin(candidate: Candidate) -> str:
    commit = candidate.run_tags.get("mlflow.source.git.commit", "unknown")
    dirty = " (changed since)" if candidate.run_tags.get("git.dirty") == "true" else ""
    return f"Run `{candidate.run_id}` ({candidate.run_name}), commit `{commit}`{dirty}."


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def _percent(rate: float | None) -> str:
    return "" if rate is None else f"{100 * rate:.2f}"


def _number(value: float | None) -> str:
    return "infinite" if value is None else f"{value:.4f}"


def _interval(numbers: Numbers) -> str:
    low, high = _percent(numbers.get("eer_low")), _percent(numbers.get("eer_high"))
    return f"{low}–{high}" if low else ""
