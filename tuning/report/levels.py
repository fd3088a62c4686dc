"""Means of levels with their intervals, as a figure: of balance and model family, and of a comparison."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from search_spaces.dimensions import Choice, Dimension, Value
from tuning.analysis.configurations import overlap, unit
from tuning.analysis.statistics import Estimate, estimate
from tuning.journal.record import CampaignRecord
from tuning.report.drawing import COLOURS, GREY, Figure, styled
from tuning.report.labels import label, labels, value_text
from tuning.report.study import dimensions, full_budget

LEVELS = ("data.balance", "model.family")
"""Dimensions whose levels have a figure where they are searched."""

ASIDE = 0.08
"""Distance of single values from the line of their interval, of the distance of two levels."""

Cell = tuple[Sequence[float], Estimate]
"""The values of a level's trials, and their mean."""


def levels(record: CampaignRecord) -> Figure | None:
    """Return mean and interval of the objective by balance and model family, those that are searched."""
    paths = [path for path in LEVELS if path in record.dimensions]
    trials = [trial for trial in full_budget(record) if all(path in trial.assignment for path in paths)]
    if not paths or not trials:
        return None
    metric, ratio = record.config.objective.metric, overlap(record)
    searched = dimensions(record)
    values = [_levels(searched[path], [trial.assignment[path] for trial in trials]) for path in paths]
    axis, series = values[-1], values[0] if len(paths) > 1 else [""]
    groups: dict[str, list[Cell]] = {}
    for group in series:
        for level in axis:
            names = [group, level] if group else [level]
            cell = [
                (t.objective, unit(t))
                for t in trials
                if t.objective is not None and [value_text(t.assignment[path]) for path in paths] == names
            ]
            found = [value for value, _ in cell]
            mean = estimate(found, metric, overlap=ratio, units=[of for _, of in cell] if ratio else None)
            groups.setdefault(group, []).append((found, mean))
    what = " and ".join(path.rpartition(".")[2] for path in paths)
    over = "" if not ratio else f" over {record.config.data.division}s, corrected for their overlap"
    return Figure(
        name="levels",
        title="Balance against model" if len(paths) > 1 else f"Levels of {what}",
        caption=f"Diamonds are means of completed trials with 95 % t-intervals{over}, dots single trials; other "
        "dimensions differ between levels, so this describes and does not test (seqtune compare does).",
        plot=drawn(axis, groups, x=paths[-1].rpartition(".")[2], y=metric),
        rows=rows(axis, groups, paths),
    )


def drawn(axis: Sequence[str], groups: Mapping[str, Sequence[Cell]], *, x: str, y: str) -> go.Figure:
    """Return a figure of levels: a dot for each value, a diamond for each mean, the groups beside one another.

    axis: names of the levels.  groups: name, empty of a single group -> one cell for each level.  x, y: of the axes.
    """
    traces = []
    for (number, (group, cells)), colour in zip(
        enumerate(groups.items()), [*COLOURS, GREY] * len(groups), strict=False
    ):
        shift = (number - (len(groups) - 1) / 2) * 0.6 / len(groups)
        places = [place + shift for place in range(len(axis))]
        beside = ASIDE / len(groups)
        means = [mean for _, mean in cells]
        has = [e.mean is not None and e.low is not None and e.high is not None for e in means]
        above = [(e.high or 0) - (e.mean or 0) if h else None for e, h in zip(means, has, strict=True)]
        below = [(e.mean or 0) - (e.low or 0) if h else None for e, h in zip(means, has, strict=True)]
        traces.append(
            go.Scatter(
                x=[place - beside for place, (values, _) in zip(places, cells, strict=True) for _ in values],
                y=[value for values, _ in cells for value in values],
                mode="markers",
                showlegend=False,
                hoverinfo="skip",
                marker={"color": colour, "size": 5, "opacity": 0.35, "symbol": "circle"},
            )
        )
        traces.append(
            go.Scatter(
                x=places,
                y=[e.mean for e in means],
                mode="markers",
                name=label(group) if group else "mean",
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "thickness": 2,
                    "width": 6,
                    "array": above,
                    "arrayminus": below,
                },
                marker={"color": colour, "size": 10, "symbol": "diamond"},
                customdata=[len(values) for values, _ in cells],
                hovertemplate="mean %{y:.4~g} of %{customdata} trials<extra></extra>",
            )
        )
    plot = styled(go.Figure(traces), x=x, y=y)
    plot.update_xaxes(tickvals=list(range(len(axis))), ticktext=labels(axis), zeroline=False)
    plot.update_xaxes(range=(-0.6, len(axis) - 0.4))
    plot.update_layout(showlegend=len(groups) > 1)
    return plot


def rows(axis: Sequence[str], groups: Mapping[str, Sequence[Cell]], paths: Sequence[str]) -> list[dict[str, object]]:
    """Return the means behind such a figure.  paths: heads of the group, where there are several, and of the level."""
    return [
        dict(zip(paths, [group, level] if len(paths) > 1 else [level], strict=True))
        | {"trials": len(values), "mean": mean.mean, "low": mean.low, "high": mean.high}
        for group, cells in groups.items()
        for level, (values, mean) in zip(axis, cells, strict=True)
    ]


def _levels(dimension: Dimension, values: Sequence[Value]) -> list[str]:
    """The levels that occur, in the order of the campaign file."""
    seen = {value_text(value) for value in values}
    options = dimension.options if isinstance(dimension, Choice) else values
    return list(dict.fromkeys(text for text in map(value_text, options) if text in seen))
