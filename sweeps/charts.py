"""A study in, its charts out, each to explore and to print; what cannot be drawn is left out with the reason."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import optuna
import plotly.graph_objects as go
from matplotlib.figure import Figure
from optuna import visualization as interactive
from optuna.trial import FrozenTrial, TrialState
from optuna.visualization import matplotlib as still

from experiments.plots import BLUE, ORANGE, canvas
from sweeps.importance import FEWEST_TRIALS, MOST_WEIGHED, importances
from sweeps.measures import reading, short
from sweeps.offscreen import figure_of
from sweeps.shown_study import shown_study, thinned, varying

Target = Callable[[FrozenTrial], float] | None
_COLOURS = (BLUE, ORANGE)
_MOST_AXES = 3
_PANEL_PX = 170
_MOST_TRIALS = 300  # with a line or a dot of their own in each chart, or the page is too large to open


@dataclass(frozen=True)
class Chart:
    """One chart in both forms.

    Attributes:
        name: a file's name without its end.
        title: what it shows.
        interactive: for the page.
        still: for print.
    """

    name: str
    title: str
    interactive: go.Figure
    still: Figure


@dataclass
class Section:
    """Charts that belong together.

    Attributes:
        title: of them all.
        charts: that could be drawn.
        left_out: what could not, and why.
    """

    title: str
    charts: list[Chart] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def add(self, name: str, title: str, reason: str | None, draw: Callable[[], tuple[go.Figure, Figure]]) -> None:
        """Draw a chart, or note why not: ``reason`` where it is known beforehand."""
        if reason is None:
            try:
                self.charts.append(Chart(_file_name(self.title, name), title, *draw()))
            except Exception as error:  # noqa: BLE001 - a plot that fails, told below, must not cost a sweep its answer
                reason = f"{type(error).__name__}: {error}"
        if reason is not None:
            self.left_out.append(f"{title} ({reason})")


class _Plot(NamedTuple):
    """A plot that Optuna draws over parameters, and how many of them it takes."""

    name: str
    title: str
    interactive: Callable[..., go.Figure]
    still: Callable[..., object]
    fewest: int
    most: int

    @property
    def paired(self) -> bool:
        """Whether it has a panel for each pair."""
        return self.fewest > 1


_PLOTS = (
    _Plot("slice", "Each parameter by itself", interactive.plot_slice, still.plot_slice, 1, 8),
    _Plot(
        "parallel",
        "All parameters, a line a trial",
        interactive.plot_parallel_coordinate,
        still.plot_parallel_coordinate,
        1,
        8,
    ),
    _Plot("contour", "Pairs of parameters, interpolated", interactive.plot_contour, still.plot_contour, 2, 4),
    _Plot("rank", "Pairs of parameters, by rank", interactive.plot_rank, still.plot_rank, 2, 4),
)


def sections(study: optuna.Study, measures: Sequence[str], branches: Sequence[str]) -> list[Section]:
    """Draw all that a study allows: what all trials share, then each option of the first choice by itself.

    Args:
        study: with any number of trials.
        measures: that it minimises, in its order.
        branches: names of the choices at the top of its space.
    """
    everything = shown_study(study, measures, branches)
    whole = Section("All trials")
    _course(whole, everything, measures)
    for index in range(len(measures)):
        _parameters(whole, everything, measures, index, _PLOTS if index == 0 else _PLOTS[:1])
    made = [whole]
    if branches:
        options = dict.fromkeys(trial.params.get(branches[0]) for trial in study.get_trials(deepcopy=False))
        for option in sorted(option for option in options if option is not None):
            section = Section(f"{branches[0]} {option}")
            of_option = shown_study(study, measures, branches, option)
            _parameters(section, of_option, measures, 0, _PLOTS)
            made.append(section)
    return made


def _course(section: Section, study: optuna.Study, measures: Sequence[str]) -> None:
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    none = None if complete else "no trial is complete"
    if len(measures) > 1:
        labels = [reading(measure).label for measure in measures]
        section.add(
            "pareto",
            "Pareto front: nothing is better in all measures",
            none if len(measures) <= _MOST_AXES else "it takes two or three measures",
            lambda: (
                _tidy(interactive.plot_pareto_front(study, target_names=labels)),
                figure_of(still.plot_pareto_front, study, target_names=labels),
            ),
        )
    for index, measure in enumerate(measures):
        options = {"target": _target(measures, index), "target_name": reading(measure).label}
        section.add(
            _name("history", measures, index),
            f"History of {short(measure)}",
            none,
            lambda options=options: (  # type: ignore[misc]
                _tidy(interactive.plot_optimization_history(study, **options)),
                figure_of(still.plot_optimization_history, study, **options),
            ),
        )
    some = thinned(study, _MOST_TRIALS)
    reported = any(trial.intermediate_values for trial in study.get_trials(deepcopy=False))
    section.add(
        "epochs",
        f"{short(measures[0])} by epoch, a line a trial{_of_many(study)}",
        None if reported else "no trial has reported an epoch",
        lambda: _learning_curves(some, measures[0]),
    )


def _learning_curves(study: optuna.Study, measure: str) -> tuple[go.Figure, Figure]:
    page = _tidy(interactive.plot_intermediate_values(study))
    page.update_layout(xaxis_title="epoch", yaxis_title=reading(measure).label)
    figure = figure_of(still.plot_intermediate_values, study)
    figure.axes[0].set(xlabel="epoch", ylabel=reading(measure).label)
    return page, figure


def _parameters(
    section: Section, study: optuna.Study, measures: Sequence[str], index: int, plots: Sequence[_Plot]
) -> None:
    target = _target(measures, index)
    label = reading(measures[index]).label
    shares = importances(thinned(study, MOST_WEIGHED), target)
    some = thinned(study, _MOST_TRIALS)
    by_weight = list(next(iter(shares.values()), {})) or varying(study)
    of_measure = f", {short(measures[index])}" if len(measures) > 1 else ""
    section.add(
        _name("importance", measures, index),
        f"Importance of the parameters that all these trials have{of_measure}",
        None if shares else f"it takes {FEWEST_TRIALS} complete trials that differ",
        lambda: _importance(shares),
    )
    for plot in plots:
        names = by_weight[: plot.most]
        reason = None if len(names) >= plot.fewest else f"it takes {plot.fewest} parameter(s) that vary"
        chosen = f"; the {plot.most} most important" if len(by_weight) > plot.most else ""
        section.add(
            _name(plot.name, measures, index),
            f"{plot.title}{of_measure}{chosen}{_of_many(study)}",
            reason,
            lambda plot=plot, names=names: _of_parameters(  # type: ignore[misc]
                plot, some, {"params": names, "target": target, "target_name": label}
            ),
        )


def _of_parameters(plot: _Plot, study: optuna.Study, options: dict[str, Any]) -> tuple[go.Figure, Figure]:
    across = len(options["params"])
    page = _tidy(plot.interactive(study, **options), across, across if plot.paired else 1)
    return page, figure_of(plot.still, study, **options)


def _importance(shares: dict[str, dict[str, float]]) -> tuple[go.Figure, Figure]:
    names = list(reversed(next(iter(shares.values()))))
    page = go.Figure(
        [
            go.Bar(y=names, x=[100 * of[name] for name in names], name=title, orientation="h", marker_color=colour)
            for (title, of), colour in zip(shares.items(), _COLOURS, strict=True)
        ],
        {"xaxis_title": "importance (%)", "barmode": "group", "height": 160 + 50 * len(names)},
    )
    figure, axes = canvas(1.6 + 0.5 * len(names), "Importance")
    for row, ((title, of), colour) in enumerate(zip(shares.items(), _COLOURS, strict=True)):
        places = [place + 0.2 - 0.4 * row for place in range(len(names))]
        axes.barh(places, [100 * of[name] for name in names], height=0.36, color=colour, label=title)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="importance (%)", ylabel="parameter")
    axes.legend(loc="lower right")
    return _tidy(page), figure


def _tidy(figure: go.Figure, across: int = 1, down: int = 1) -> go.Figure:
    """Let a figure fill the page, with its legend above, where it covers nothing on narrow screens either.

    Args:
        figure: changed in place.
        across: how many panels, or axes, it has side by side.
        down: how many panels it has below one another.
    """
    figure.update_layout(
        title=None,
        autosize=True,
        width=None,
        margin={"l": 60, "r": 20, "t": 50, "b": 60},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        font={"size": 13},
        meta={"across": across},
    )
    if down > 1:
        figure.update_layout(height=140 + _PANEL_PX * down)
    return figure


def _of_many(study: optuna.Study) -> str:
    shown = sum(bool(trial.params) for trial in study.get_trials(deepcopy=False))
    return "" if shown <= _MOST_TRIALS else f"; {_MOST_TRIALS} of {shown:,} trials, the best among them"


def _target(measures: Sequence[str], index: int) -> Target:
    """Pick one of several values; for a single one Optuna's own reading, which draws the best so far as well."""
    return None if len(measures) == 1 else lambda trial: float(trial.values[index])


def _name(name: str, measures: Sequence[str], index: int) -> str:
    return name if len(measures) == 1 else f"{name}_{measures[index].replace('/', '_')}"


def _file_name(section: str, name: str) -> str:
    return "_".join(filter(None, ("" if section == "All trials" else _plain(section), name)))


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "_", text)
