"""Numbers of a countermeasure in, sentences out for who has never heard of them."""

from collections.abc import Mapping, Sequence
from typing import Final

from experiments.evidence import Metrics
from experiments.pairing import Judged

_UNITS = (("days", 86400.0), ("h", 3600.0), ("min", 60.0))
_FEWEST_UNITS: Final = 2  # of a larger unit, or the smaller one is told
_LIKE_A_COIN = (0.45, 0.55)  # EERs between these are close to that of a coin


def percent(rate: float | None, digits: int = 2) -> str:
    """Write a rate as per cent; a dash where there is none."""
    return "–" if rate is None else f"{100 * rate:.{digits}f} %"


def of_hundred(rate: float) -> str:
    """Write a rate as so many of 100."""
    many = 100 * rate
    if many == 0:
        return "none of 100"
    return "fewer than 1 of 100" if many < 1 else f"about {many:.0f} of 100"


def eer(rate: float) -> str:
    """Say what an equal error rate means."""
    low, high = _LIKE_A_COIN
    coin = " That is hardly better than tossing a coin (50 of 100)." if low <= rate <= high else ""
    coin = " That is worse than tossing a coin (50 of 100)." if rate > high else coin
    return (
        f"Were it set so that both kinds of mistake are equally frequent, it would call {of_hundred(rate)} genuine "
        f"recordings fake, and {of_hundred(rate)} fakes genuine.{coin}"
    )


def interval(metrics: Metrics) -> str:
    """Say what the interval of an EER means; that there is none, where there is none."""
    found = metrics.eer_interval
    if found is None:
        return "How sure this number is was not measured."
    drawn = "speakers" if found["unit"] == "speaker" else "recordings"
    return (
        f"With other {drawn} of the same kind it would mostly ({100 * found['level']:.0f} times in 100) lie between "
        f"{percent(found['low'])} and {percent(found['high'])}."
    )


def decisions(metrics: Metrics) -> str:
    """Say what the threshold that is used leads to."""
    return (
        f"With the threshold that was set beforehand, it calls {of_hundred(metrics.frr)} genuine recordings fake, and "
        f"{of_hundred(metrics.far)} fakes genuine."
    )


def extremes(eers: Mapping[str, float]) -> str:
    """Say which attacks are hardest and which easiest, all that tie; nothing where there are no two to tell apart."""
    if len(eers) < 2:  # noqa: PLR2004 - one has no other
        return ""
    highest, lowest = (percent(rate) for rate in (max(eers.values()), min(eers.values())))
    if highest == lowest:
        return f"All kinds of fake are equally hard for it ({highest})."
    hardest, easiest = ([name for name, rate in eers.items() if percent(rate) == of] for of in (highest, lowest))
    return (
        f"It depends on how the fake was made: hardest {_are(hardest)} ({highest}), easiest {_are(easiest)} ({lowest})."
    )


def listed(names: Sequence[str]) -> str:
    """Write names as a person would list them."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _are(names: Sequence[str]) -> str:
    return f"{'is' if len(names) == 1 else 'are equally'} {listed(names)}"


def auc(area: float) -> str:
    """Say what the area under the ROC curve means."""
    return (
        "Of a genuine and a fake recording picked at random, the genuine one has the higher score in "
        f"{of_hundred(area)} pairs."
    )


def min_dcf(cost: float) -> str:
    """Say what a minimum detection cost means."""
    return (
        f"Mistakes weighed as in the ASVspoof 5 challenge, at the best threshold there is: {cost:.2f} of what it would "
        "cost to always give the same answer (0 is perfect, 1 is useless)."
    )


def cllr(bits: float | None) -> str:
    """Say what the cost of log-likelihood ratios means."""
    if bits is None:
        return "Some scores are infinitely sure and wrong: they cannot be taken as strength of evidence."
    believed = "worse than saying nothing" if bits > 1 else "better than saying nothing"
    return f"Taken as strength of evidence, the scores are {believed} (0 bits is perfect, 1 bit is no information)."


def against(judged: Judged, ours: str, other: str) -> str:
    """Say how one system's EER differs from another's."""
    difference = judged.difference
    amount = f"{abs(100 * difference.difference):.2f} points"
    if judged.verdict == "undecided":
        return f"Between {ours} and {other} no difference is shown: {amount} can be chance."
    return f"{ours} is {judged.verdict} than {other} by {amount}, which is more than chance."


def duration(seconds: float) -> str:
    """Write a duration as a person would say it."""
    for unit, length in _UNITS:
        if seconds >= _FEWEST_UNITS * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


def count(number: float) -> str:
    """Write a large number short."""
    for sign, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:,.1f} {sign}"
    return f"{number:,.0f}"
