"""Facts of a run in, the sections of its report out, in HTML: what was asked, found, and what it does not say."""

from collections.abc import Sequence
from html import escape

from datamodules.manifest import UNKNOWN, Manifest
from experiments import html_page, plain_words, plots
from experiments.corpus_check import attacks_by_partitions, counts_by_partition
from experiments.corpus_page import shortcuts
from experiments.evidence import Metrics
from experiments.html_table import Cell, number, table
from experiments.plain_words import percent
from experiments.report_facts import Facts
from experiments.report_figures import conditions, for_phones, history
from experiments.shortcut_audit import FLOOR_EER

_AUDITED = "<h3>Could labels be told without listening?</h3>"


def question(facts: Facts) -> str:
    """Say what was asked, and the answer in a sentence or two."""
    metrics, trials = facts.system.metrics, facts.system.metrics.trials
    asked = (
        "Can this detector tell genuine human speech from fake speech? It was judged on "
        f"{trials['bonafide']:,} genuine and {trials['spoof']:,} fake recordings that it had never heard."
    )
    answer = [
        f"Equal error rate (EER): <strong>{escape(metrics.eer_text)}</strong>.",
        escape(plain_words.eer(metrics.eer["legacy"])),
        escape(plain_words.interval(metrics)),
    ]
    in_use, by_kind = plain_words.decisions(metrics), plain_words.extremes(metrics.attack_eers)
    boxed = f"<p>{' '.join(answer)}</p><p>{escape(in_use)}</p>" + (f"<p>{escape(by_kind)}</p>" if by_kind else "")
    return f"<p>{escape(asked)}</p><div class=answer>{boxed}</div>{_warnings(metrics)}"


def data(facts: Facts) -> str:
    """Say what it learnt from and was judged on, and whether labels could be told without listening."""
    if facts.corpus is None:
        return (
            "<p>The corpus is not on the machine that wrote this report: its recordings are not described here. "
            f"Its digest is <code>{escape(facts.system.evaluated_on)}</code>.</p>"
        )
    return _counts(facts.corpus) + _heard(facts.corpus) + _audit(facts)


def method(facts: Facts) -> str:
    """Say what the detector is, and how it was trained."""
    specifications, cost = facts.system.countermeasure.detector.specifications, facts.cost
    parts = {
        "enhancement": (specifications.enhancement, "cleans the recording before anything else"),
        "frontend": (specifications.frontend, "what the network is shown of the recording"),
        "normalisation": (specifications.normalisation, "makes loud and quiet recordings alike"),
        "network": (specifications.network, "learnt from examples to tell the two classes apart"),
    }
    rows = [
        [Cell(name), Cell(described["class_path"].rpartition(".")[2], code=True), Cell(role)]
        for name, (described, role) in parts.items()
        if described is not None
    ]
    size = (
        f"{cost.architecture} It has {cost.parameters:,} learnt numbers ({cost.size_mb:.2f} MB). It listens to "
        f"{specifications.crop_s:g} s at a time, at {specifications.sample_rate_hz:,} Hz; the score of a longer "
        f"recording is the mean. For 4 s of audio it took {cost.latency_ms:.0f} ms on one thread of the machine that "
        "wrote this report."
    )
    return f"<p>{escape(size)}</p>{table(('part', 'is', 'what for'), rows, stacked=True)}{_training(facts)}"


def result(facts: Facts) -> str:
    """Give the numbers, each with a sentence that says what it means, and the curves."""
    metrics, scored = facts.system.metrics, facts.system.scored
    rows = [
        ("EER", metrics.eer_text, f"{plain_words.eer(metrics.eer['legacy'])} {plain_words.interval(metrics)}"),
        ("at the threshold in use", _decided(metrics), plain_words.decisions(metrics)),
        ("AUC", f"{metrics.auc:.4f}", plain_words.auc(metrics.auc)),
        ("minDCF", f"{metrics.min_dcf:.4f}", plain_words.min_dcf(metrics.min_dcf)),
        ("Cllr", "infinite" if metrics.cllr is None else f"{metrics.cllr:.3f} bits", plain_words.cllr(metrics.cllr)),
    ]
    if facts.system.dev_eer is not None:
        rows.append(
            (
                "EER on dev",
                percent(facts.system.dev_eer),
                "On the recordings by which it was chosen, cut to short pieces: flattering, and shown for that reason.",
            )
        )
    cells = [[Cell(name), Cell(value), Cell(meaning)] for name, value, meaning in rows]
    histogram = plots.score_histogram(scored.scores, scored.labels, metrics.threshold)
    det = plots.det(scored.scores, scored.labels, metrics.threshold)
    return (
        table(("measure", "value", "what it means"), cells, stacked=True)
        + html_page.drawing(
            for_phones(histogram, 3.9),
            "Scores of genuine and of fake recordings",
            "Scores of genuine and of fake recordings. The less the two hills overlap, the better they can be told "
            "apart; what lies right of the dashed line is called genuine.",
        )
        + html_page.drawing(
            for_phones(det, 6.3),
            "DET curve",
            "Every point of the curve is a threshold that could be chosen: fewer fakes accepted costs more genuine "
            "recordings rejected. Lower and further left is better.",
        )
    )


def by_attack(facts: Facts) -> str:
    """Say how it does on each kind of fake."""
    metrics = facts.system.metrics
    if not metrics.attacks:
        return "<p>The score file names no attacks, so that it is not known which fakes it misses.</p>"
    unheard = set(attacks_by_partitions(facts.corpus).get("eval", [])) if facts.corpus else set()
    rows = []
    for name, eer in sorted(metrics.attack_eers.items(), key=lambda item: -item[1]):
        numbers = metrics.attacks[name]
        low, high = numbers.get("eer_low"), numbers.get("eer_high")
        rows.append(
            [
                Cell(f"{name} (never heard before)" if name in unheard else name),
                number(f"{numbers['spoof']:,}"),
                number(percent(eer)),
                number("–" if low is None else f"{percent(low)} – {percent(high)}"),
                Cell(f"{plain_words.of_hundred(numbers.get('far') or 0.0)} pass as genuine"),
            ]
        )
    intervals = {
        name: (float(of["eer_low"] or 0), float(of["eer_high"] or 0))
        for name, of in metrics.attacks.items()
        if "eer_low" in of
    }
    figure = plots.eer_by_attack(metrics.attack_eers, metrics.eer["legacy"], intervals)
    heads = ("attack", "recordings", "EER", "95 % interval", "at the threshold in use")
    caption = "The hardest first; each against all genuine recordings. No interval where all fakes are of one speaker."
    return table(heads, rows, caption, stacked=True) + html_page.drawing(
        for_phones(figure, 1.5 + 0.34 * len(rows)),
        "EER by attack",
        "The longer the bar, the more often this kind of fake is mistaken; lines are 95 % intervals.",
    )


def robustness(facts: Facts) -> str:
    """Say what noise and codecs do to it."""
    if not facts.robustness:
        return (
            "<p>Not tested: what noise, telephone codecs or a cut recording do to it is not known.</p>"
            f"<pre>spooflab robustness --model {escape(facts.system.run_id)}</pre>"
        )
    rows = [
        [
            Cell(row.condition + (" (this noise was heard in training)" if row.heard else "")),
            number(percent(row.eer)),
            number(f"{percent(row.eer_low)} – {percent(row.eer_high)}"),
            Cell(f"{plain_words.of_hundred(row.eer)} mistaken, both ways"),
        ]
        for row in facts.robustness
    ]
    worst = max(facts.robustness, key=lambda row: row.eer)
    said = f"The same recordings, spoilt on purpose. Worst is {worst.condition}: EER {percent(worst.eer)}."
    figure = html_page.drawing(
        conditions(facts.robustness),
        "EER under each condition",
        "Mistakes under each condition, with 95 % intervals: further left is better.",
    )
    return f"<p>{escape(said)}</p>{figure}" + table(
        ("condition", "EER", "95 % interval", "in words"), rows, stacked=True
    )


def explanations(facts: Facts) -> str:
    """Show what it listens to."""
    if not facts.explanations:
        return (
            "<p>No pictures of what it listens to were made for this run.</p>"
            f"<pre>spooflab explain --model {escape(facts.system.run_id)} --corpus</pre>"
        )
    intro = (
        "Where in time, and at which frequencies (kHz), it hears signs of a fake, and what becomes of the score "
        "without them: a higher score speaks for genuine."
    )
    caption = (
        "The first panel is the mean of genuine recordings (bona fide). Each other panel is one kind of fake: what is "
        "different from that. Red speaks for fake (spoof), blue for genuine, white for neither. Dashed lines "
        "bound the frequencies that speak most for fake; where one is missing, it is the edge. A title gives "
        "the mean score."
    )
    return f"<p>{intro}</p>" + "".join(
        f"<figure>{html_page.picture(one.content, 'image/png', 'What gives fakes away')}"
        f"<figcaption>{caption}</figcaption></figure><ul>{html_page.items(one.sentences)}</ul>"
        for one in facts.explanations
    )


def limits(facts: Facts) -> str:
    """Say what must not be concluded."""
    metrics = facts.system.metrics
    said = [
        "It says nothing sure about attacks, languages, microphones and channels unlike those above.",
        "A score is about the whole recording: a short fake passage in a long genuine one may go unnoticed.",
        "No score is proof. It is one piece of evidence, and must not decide about a person on its own.",
        "Where fakes are rare, most alarms are false even with a good detector.",
        *(warning[:1].upper() + warning[1:] for warning in metrics.warnings),
    ]
    if facts.sweep:
        said.append(
            "It is the best of several trials on dev: its number on dev is flattered by that choice, that on eval not."
        )
    if not facts.robustness:
        said.append("How it does in noise and through codecs was not tested.")
    return f"<ul>{html_page.items(said)}</ul>"


def _counts(corpus: Manifest) -> str:
    roles = {"train": "it learnt from these", "dev": "chosen and set by these", "eval": "judged on these"}
    rows = [
        [
            Cell(name),
            number(f"{counts['bonafide']:,}"),
            number(f"{counts['spoof']:,}"),
            number(f"{counts['speakers']:,}" if counts["speakers"] else "not told"),
            Cell(roles[name]),
        ]
        for name, counts in counts_by_partition(corpus).items()
        if counts["bonafide"] + counts["spoof"]
    ]
    intro = f"<p>Corpus <b>{escape(corpus.name)}</b>, SHA-256 <code>{escape(corpus.digest)}</code>.</p>"
    return intro + table(("partition", "genuine", "fake", "speakers", "role"), rows, stacked=True)


def _heard(corpus: Manifest) -> str:
    homes = attacks_by_partitions(corpus)
    unheard = [name for name in homes.get("eval", []) if name != UNKNOWN]
    if not unheard:
        return ""
    names = escape(", ".join(unheard))
    return f"<p>Of the ways to make fakes, {names} are in eval alone: never heard before, which is the harder test.</p>"


def _audit(facts: Facts) -> str:
    command = "<pre>spooflab corpus check --config C</pre>"
    if facts.check is None:
        return f"{_AUDITED}<p>Not examined for this report.</p>{command}"
    found = facts.check["shortcuts"]
    problems = f'<ul class="bad">{html_page.items(facts.check["problems"])}</ul>' if facts.check["problems"] else ""
    if not found:
        return f"{_AUDITED}<p>It cannot be told from these partitions.</p>{problems}"
    telling = [one["measurement"] for one in found if not one["holds"]]
    verdict = (
        f"By {', '.join(telling)} they can be told, to some extent: good numbers below may come from that."
        if telling
        else "Hardly anything can be told that way."
    )
    figure = html_page.drawing(
        for_phones(shortcuts(found), 1.6 + 0.36 * len(found)),
        "EER of each shortcut",
        "Simple detectors that see one measurement of a recording and nothing else. Near 50 % they know nothing, "
        f"which is good; below {FLOOR_EER:.0%} that measurement gives the answer away.",
    )
    said = (
        "If all fakes were, say, shorter than all genuine recordings, a detector could get good numbers by duration "
        f"alone. So that was tried. {verdict}"
    )
    return f"{_AUDITED}<p>{escape(said)}</p>{problems}{figure}"


def _training(facts: Facts) -> str:
    if not facts.epochs:
        return "<p>How it was trained is not known to this store.</p>"
    taken = "" if facts.system.training_s is None else f" in {plain_words.duration(facts.system.training_s)}"
    said = (
        f"Trained for {len(facts.epochs)} epochs{taken}; the epoch with the fewest mistakes on dev was kept. Its whole "
        "config is at the end."
    )
    figure = html_page.drawing(
        history(facts.epochs),
        "EER on dev by epoch",
        "Mistakes on dev after each epoch of the training: lower is better.",
    )
    return f"<p>{escape(said)}</p>{figure}"


def _decided(metrics: Metrics) -> str:
    return f"{percent(metrics.frr)} rejected, {percent(metrics.far)} accepted"


def _warnings(metrics: Metrics) -> str:
    lines: Sequence[str] = metrics.warnings
    return f'<ul class="bad">{html_page.items(lines)}</ul>' if lines else ""
