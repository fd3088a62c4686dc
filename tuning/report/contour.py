"""The mean objective over the two most important dimensions.

Not Optuna's contour: it puts every trial on a grid line of its own and interpolates between categories, which draws
stripes where there are none.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import plotly.graph_objects as go

from search_spaces.dimensions import Choice, Dimension, Integer, Stepped, Value, equal
from tuning.journal.record import CampaignRecord, TrialRecord
from tuning.journal.text import short_names
from tuning.report.drawing import Figure, styled
from tuning.report.labels import option_labels
from tuning.report.study import Importances, dimensions, full_budget, thinned

STEPS = 8
"""Equal steps of a range; whole numbers of up to so many are steps of their own."""

MOST_POINTS = 1_000
"""Trials drawn as points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One dimension.

    places: of the trials.  centres: of the cells.  ticks: for Plotly.  ordered: whether a range.  ends: of a range
    whose cells have a width.
    """

    places: list[float]
    centres: list[float]
    ticks: dict[str, Any]
    ordered: bool
    ends: tuple[float, float] | None = None

    def cell(self, place: float) -> int:
        """Return the nearest cell."""
        return min(range(len(self.centres)), key=lambda i: abs(self.centres[i] - place))


def contour(record: CampaignRecord, found: Importances) -> Figure | None:
    """Return the figure; None where fewer than two dimensions vary together."""
    metric = record.config.objective.metric
    searched = dimensions(record)
    names = short_names(searched)
    weight = {path: found.fanova.get(name, 0.0) + found.ped_anova.get(name, 0.0) for path, name in names.items()}
    trials, pair = _pair(full_budget(record), sorted(searched, key=lambda path: -weight[path]))
    if pair is None:
        return None
    x, y = (_axis(searched[path], [trial.assignment[path] for trial in trials]) for path in pair)
    objectives = [trial.objective for trial in trials if trial.objective is not None]
    cells: dict[tuple[int, int], list[float]] = {}
    for across, up, objective in zip(x.places, y.places, objectives, strict=True):
        cells.setdefault((y.cell(up), x.cell(across)), []).append(objective)
    means = [
        [fmean(cells[row, column]) if (row, column) in cells else None for column in range(len(x.centres))]
        for row in range(len(y.centres))
    ]
    shared = {"x": x.centres, "y": y.centres, "z": means, "autocolorscale": True, "reversescale": _low_is_good(record)}
    bar = {"title": None, "thickness": 12, "outlinewidth": 0}
    smooth = x.ordered and y.ordered
    if smooth:
        to_ends = {"x": _to_ends(x.centres, x), "y": _to_ends(y.centres, y)}
        to_ends["z"] = _to_ends([_to_ends(row, x, repeat=True) for row in means], y, repeat=True)
        surface = go.Contour(
            **shared | to_ends,
            colorbar=bar,
            connectgaps=True,
            contours_coloring="heatmap",
            line_width=0,
            hoverinfo="skip",
        )
    else:
        counts = [[len(cells.get((r, c), ())) for c in range(len(x.centres))] for r in range(len(y.centres))]
        surface = go.Heatmap(
            **shared,
            colorbar=bar,
            xgap=1,
            ygap=1,
            hoverongaps=False,
            customdata=counts,
            hovertemplate="mean %{z:.4~g} of %{customdata} trials<extra></extra>",
        )
    drawn = thinned(list(zip(x.places, y.places, trials, strict=True)), MOST_POINTS)
    points = go.Scatter(
        x=[across for across, *_ in drawn],
        y=[up for _, up, _ in drawn],
        mode="markers",
        showlegend=False,
        text=[f"{trial.name}: {trial.objective:.4g}" for *_, trial in drawn],
        hovertemplate="%{text}<extra></extra>",
        marker={"color": "rgba(255,255,255,0.9)", "size": 5, "line": {"color": "rgba(0,0,0,0.7)", "width": 1}},
    )
    first, second = (names[path] for path in pair)
    plot = styled(go.Figure([surface, points]), height=400)
    plot.update_xaxes(title_text=first, showgrid=False, zeroline=False, **x.ticks)
    plot.update_yaxes(title_text=second, showgrid=False, zeroline=False, **y.ticks)
    between = "colours between cells with trials are interpolated" if smooth else "empty cells have no trial"
    return Figure(
        name="contour",
        title=f"{metric} over {first} and {second}",
        caption=f"Mean {metric} over the two most important dimensions: a stronger colour is better; dots are trials, "
        f"{between}.",
        plot=plot,
        rows=[
            {"trial": trial.index, **{path: trial.assignment[path] for path in pair}, metric: trial.objective}
            for trial in trials
        ],
    )


def _pair(full: Sequence[TrialRecord], paths: Sequence[str]) -> tuple[list[TrialRecord], tuple[str, str] | None]:
    """The two first dimensions that both vary among the trials that have them, and those trials."""
    for i, first in enumerate(paths):
        for second in paths[i + 1 :]:
            both = [trial for trial in full if first in trial.assignment and second in trial.assignment]
            if all(len({repr(trial.assignment[path]) for trial in both}) > 1 for path in (first, second)):
                return both, (first, second)
    return [], None


def _axis(dimension: Dimension, values: Sequence[Value]) -> Axis:
    if isinstance(dimension, Choice):
        places = [
            float(next(i for i, option in enumerate(dimension.options) if equal(option, value))) for value in values
        ]
        centres = [float(i) for i in range(len(dimension.options))]
        texts = [str(option) for option in option_labels(dimension)]
        return Axis(places=places, centres=centres, ticks={"tickvals": centres, "ticktext": texts}, ordered=False)
    numbers = [float(value) for value in values]
    if isinstance(dimension, Integer) and dimension.high - dimension.low < STEPS and not dimension.log:
        whole = range(dimension.low, dimension.high + 1)
        ticks = {"tickvals": list(whole), "ticktext": [str(i) for i in whole]}
        return Axis(places=numbers, centres=[float(i) for i in whole], ticks=ticks, ordered=True)
    log = not isinstance(dimension, Stepped) and dimension.log
    scale = math.log10 if log else float
    low, high = scale(dimension.low), scale(dimension.high)
    centres = [low + (high - low) * (i + 0.5) / STEPS for i in range(STEPS)]
    ticks = {"tickvals": centres, "ticktext": [_number(10**centre) for centre in centres]} if log else {}
    places = [scale(number) for number in numbers]
    return Axis(places=places, centres=centres, ticks=ticks, ordered=True, ends=(low, high))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"  # noqa: PLR2004 - two digits below


def _to_ends(values: Sequence[Any], axis: Axis, *, repeat: bool = False) -> list[Any]:
    """Return values at the cells' centres, and at the ends of the range; repeat: with those of the outer cells."""
    if axis.ends is None:
        return list(values)
    first, last = (values[0], values[-1]) if repeat else axis.ends
    return [first, *values, last]


def _low_is_good(record: CampaignRecord) -> bool:
    return record.config.objective.goal == "min"
