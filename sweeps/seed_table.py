"""Results of configs over several seeds in, the config to take out: by the mean, with how sure that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from experiments.scored_trials import ScoredTrials
from lightning_modules.metrics.bootstrap import Difference, bootstrap_mean_difference
from sweeps.measures import short, shown


@dataclass(frozen=True)
class Training:
    """One more training of a config.

    Attributes:
        run_id: its MLflow run.
        value: of the sweep's measure, the lower the better.
        scored: dev, utterance by utterance.
    """

    run_id: str
    value: float
    scored: ScoredTrials


@dataclass(frozen=True)
class Row:
    """A config over its seeds.

    Attributes:
        trial: number of the sweep's trial that it is of.
        name: of the trial.
        before: what that trial itself came to; it was picked for it, so seeds mostly come out worse.
        trainings: by the number of the seed.
    """

    trial: int
    name: str
    before: float
    trainings: Mapping[int, Training]

    @property
    def mean(self) -> float:
        """Of the measure."""
        return fmean(training.value for training in self.trainings.values())

    @property
    def sd(self) -> float | None:
        """Standard deviation between the seeds, of the sample."""
        values = [training.value for training in self.trainings.values()]
        return stdev(values) if len(values) > 1 else None

    @property
    def typical(self) -> Training:
        """The training in the middle, of an even number the worse of both: the best would promise too much."""
        trainings = sorted(self.trainings.values(), key=lambda training: training.value)
        return trainings[len(trainings) // 2]


@dataclass(frozen=True)
class Verdict:
    """Which config to take.

    Attributes:
        measure: that decides.
        seeds: that each config was to have.
        rows: the one picked first, the others by their mean.
        differences: of each other's dev EER from the picked one's, by trial.
    """

    measure: str
    seeds: int
    rows: Sequence[Row]
    differences: Mapping[int, Difference]

    @property
    def picked(self) -> Row:
        """The config to take."""
        return self.rows[0]

    def markdown(self) -> str:
        """Tell it as a table, what it is and how it came about."""
        picked, measure = self.picked, self.measure
        head = ["trial", "in the sweep", f"mean {short(measure)}", "sd", "n", "worse than the picked by (dev EER)", "p"]
        cells = []
        for row in self.rows:
            apart = self.differences.get(row.trial)
            cells.append(
                [
                    f"**{row.name}**, picked" if row is picked else row.name,
                    shown(measure, row.before),
                    f"**{shown(measure, row.mean)}**" if row is picked else shown(measure, row.mean),
                    shown(measure, row.sd),
                    str(len(row.trainings)),
                    "" if apart is None else _points(apart),
                    "" if apart is None else f"{apart.p_value:.3f}",
                ]
            )
        lines = [f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *cells]]
        return (
            f"**Trained anew over {self.seeds} seeds**, {self.sentence()}\n\n" + "\n".join(lines) + "\n\n" + self.how()
        )

    def sentence(self) -> str:
        """Say whether the pick is surer than chance."""
        if len(self.rows) == 1:
            return f"there was nothing to compare trial {self.picked.trial} with."
        second = self.rows[1]
        apart = self.differences.get(second.trial)
        if apart is None:
            return f"trial {self.picked.trial} is picked; it and trial {second.trial} have no seed in common."
        if second.mean == self.picked.mean:
            return (
                f"trials {self.picked.trial} and {second.trial} have the same mean; trial {self.picked.trial} is "
                "picked, which was no worse in the sweep."
            )
        sure = "surely better than" if apart.low > 0 else "not told apart from"
        return f"trial {self.picked.trial} is picked by the mean; it is {sure} the runner-up, trial {second.trial}."

    def how(self) -> str:
        """State what the numbers are of."""
        sentences = [
            "A trial was chosen for its value in the sweep, so the mean over fresh seeds is mostly worse.",
            "The winner's run is the training in the middle of the picked config's, of an even number the worse.",
        ]
        known = next(iter(self.differences.values()), None)
        if known is not None:
            sentences.append(
                f"Differences are of the mean dev EER (legacy) of whole utterances, with {100 * known.level:.0f} % "
                f"intervals of {known.resamples} resamples of {known.unit}s of dev and seeds, the same for both; "
                "p is two-sided, for each pair alone."
            )
        return " ".join(sentences)

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        return {
            "measure": self.measure,
            "seeds": self.seeds,
            "picked": self.picked.trial,
            "run": self.picked.typical.run_id,
            "configs": [
                {
                    "trial": row.trial,
                    "in_the_sweep": row.before,
                    "mean": row.mean,
                    "sd": row.sd,
                    "n": len(row.trainings),
                    "values": {str(seed): training.value for seed, training in row.trainings.items()},
                    "runs": {str(seed): training.run_id for seed, training in row.trainings.items()},
                    "difference": self.differences[row.trial]._asdict() if row.trial in self.differences else None,
                }
                for row in self.rows
            ],
        }


def judge(rows: Sequence[Row], measure: str, seeds: int) -> Verdict | None:
    """Pick the config with the lowest mean, among those that have all their seeds, or else among those with the most.

    Args:
        rows: of the configs; those without any training are left out.
        measure: that decides.
        seeds: that each was to have.
    """
    tried = [row for row in rows if row.trainings]
    if not tried:
        return None
    most = max(len(row.trainings) for row in tried)
    ordered = sorted(tried, key=lambda row: (len(row.trainings) < most, row.mean, row.before, row.trial))
    picked = ordered[0]
    apart = {row.trial: difference(row, picked) for row in ordered[1:]}
    return Verdict(measure, seeds, ordered, {trial: known for trial, known in apart.items() if known is not None})


def difference(row: Row, other: Row) -> Difference | None:
    """Compare two configs on the seeds that both have; nothing where there is none."""
    common = sorted(set(row.trainings) & set(other.trainings))
    if not common:
        return None
    scored = [[of.trainings[seed].scored for seed in common] for of in (row, other)]
    first = scored[0][0]
    if any(list(each.utterances) != list(first.utterances) for of in scored for each in of):
        return None  # the space varies the data: there is nothing to pair
    ours, theirs = ([each.scores for each in of] for of in scored)
    return bootstrap_mean_difference(ours, theirs, first.labels, first.resampling_units)


def _points(apart: Difference) -> str:
    return f"{100 * apart.difference:+.2f} points ({100 * apart.low:+.2f} to {100 * apart.high:+.2f})"
