"""Figures of the search: its progress, which dimensions matter, and which of their values score well."""

import math

import plotly.graph_objects as go
from optuna.visualization import plot_optimization_history, plot_parallel_coordinate, plot_slice

from search_spaces.dimensions import Choice, Integer
from tuning.analysis.trials import trial_rows
from tuning.journal.record import CampaignRecord
from tuning.journal.text import short_names, shown
from tuning.report.drawing import BLUE, GREY, LINE, ORANGE, Figure, styled
from tuning.report.labels import option_labels
from tuning.report.study import RELIABLE, Importances, dimensions, full_budget, study, thinned
from tuning.search.optuna import quiet

MOST_LINES, MOST_POINTS = 120, 1_000
"""Trials drawn in parallel coordinates, and in a slice."""

AXIS = 100
"""Pixels that an axis of the parallel coordinates needs."""

MOST_TICKS = 8
"""Whole numbers that have a tick each."""

BEST_SHARE = 0.1
"""Of the trials that are highlighted."""


def history(record: CampaignRecord) -> Figure:
    """Return the objective of each completed trial, and the best so far."""
    metric = record.config.objective.metric
    trials = sorted(full_budget(record), key=lambda trial: trial.index)
    with quiet():
        plot = plot_optimization_history(study(record, trials), target_name=metric)
    points, best = plot.data[:2]
    indices = [trial.index for trial in trials]
    names = [trial.name for trial in trials]
    values = [float(value) for value in best.y]
    points.update(
        name="completed trial",
        x=indices,
        text=names,
        hovertemplate="%{text}: %{y:.4~g}<extra></extra>",
        marker={"color": GREY, "size": 6, "opacity": 0.7},
    )
    best.update(
        name="best so far",
        x=indices,
        line={"color": ORANGE, "shape": "hv", "width": 2},
        hoverinfo="skip",
        mode="lines" if len(trials) > 1 else "markers",
    )
    plot = go.Figure([points, best])
    rows = [
        {"trial": trial.index, metric: trial.objective, "best_so_far": value}
        for trial, value in zip(trials, values, strict=True)
    ]
    last = next(i for i, value in enumerate(values) if value == values[-1])
    return Figure(
        name="history",
        title="Optimization history",
        caption=f"The best score was reached by {names[last]}; a line that is still moving at its right end suggests "
        "that more trials would help.",
        plot=styled(plot, x="trial", y=metric),
        rows=rows,
    )


def importance(found: Importances) -> Figure:
    """Return both importances of each dimension, side by side."""
    names = list(dict.fromkeys([*found.fanova, *found.ped_anova]))
    bars = [
        go.Bar(
            name=title,
            y=names,
            x=[shares.get(name) for name in names],
            orientation="h",
            marker_color=colour,
            hovertemplate="%{y}: %{x:.3f}<extra>" + title + "</extra>",
        )
        for title, shares, colour in (("fANOVA", found.fanova, BLUE), ("PED-ANOVA", found.ped_anova, ORANGE))
    ]
    plot = styled(go.Figure(bars), height=110 + int(1.6 * LINE) * len(names), x="share of the importance")
    plot.update_layout(barmode="group", bargap=0.3, legend_traceorder="normal")
    plot.update_yaxes(autorange="reversed", type="category")
    lacking = [name for name in names if name not in found.fanova]
    part = f" fANOVA leaves out what not every trial has: {', '.join(lacking)}." if lacking else ""
    few = (
        f" Only {found.trials} completed trials: PED-ANOVA should have {RELIABLE}, so take small differences as noise."
        if found.trials < RELIABLE
        else ""
    )
    rows = [{"dimension": n, "fanova": found.fanova.get(n), "ped_anova": found.ped_anova.get(n)} for n in names]
    return Figure(
        name="importances",
        title="Importance of the dimensions",
        caption="fANOVA: share of the variance of the objective over the whole space. PED-ANOVA: share of what "
        f"separates the best tenth of the trials from the rest.{part}{few}",
        plot=plot,
        rows=rows,
    )


def parallel(record: CampaignRecord) -> Figure:
    """Return parallel coordinates of the completed trials, the best tenth highlighted."""
    metric = record.config.objective.metric
    full = full_budget(record)
    chosen = thinned(full, MOST_LINES)
    with quiet():
        plot = plot_parallel_coordinate(study(record, chosen, option_labels), target_name=metric)
    # Without the colour bar; the best last, so that it is on top, and of equal ones the first in rank.
    lines = sorted(plot.data[:-1], key=lambda line: record.config.objective.cost(line.y[0]))[::-1]
    marked = math.ceil(BEST_SHARE * len(lines))
    for line in lines[:-marked]:
        line.update(line={"color": GREY, "width": 1}, opacity=0.3)
    for line in lines[-marked:]:  # the best, on top of the others
        line.update(line={"color": ORANGE, "width": 2}, opacity=0.9)
    plot = go.Figure(lines, layout=plot.layout)
    count = len(plot.layout.xaxis.ticktext)
    plot = styled(plot, height=380)
    for note in plot.layout.annotations:
        note.font.color = None
        if note.text == "None":  # Optuna's word
            note.text = "inactive"
    for shape in plot.layout.shapes:
        shape.line.color = GREY
    plot.update_xaxes(side="top", fixedrange=True, range=(-0.5, count - 0.5))
    some = f" {len(chosen)} of {len(full)} trials are drawn, evenly spaced in rank." if len(chosen) < len(full) else ""
    return Figure(
        name="parallel",
        title="Parallel coordinates",
        caption="A line is a completed trial; the best tenth is orange. Where orange lines meet, a value matters."
        f"{some}",
        plot=plot,
        rows=trial_rows(record, chosen),
        least=AXIS * count,
    )


def slices(record: CampaignRecord) -> list[Figure]:
    """Return the objective over each dimension that took more than one value."""
    metric = record.config.objective.metric
    chosen = thinned(full_budget(record), MOST_POINTS)
    made = study(record, chosen, option_labels)
    searched = dimensions(record)
    figures = []
    for path, name in short_names(searched).items():
        having = [trial for trial in chosen if path in trial.assignment]
        if len({repr(trial.assignment[path]) for trial in having}) < 2:  # noqa: PLR2004 - nothing to compare
            continue
        with quiet():
            plot = plot_slice(made, [name], target_name=metric)
        plot.data[0].update(
            marker={"color": BLUE, "size": 6, "opacity": 0.55, "line": None, "colorscale": None, "showscale": False},
            hovertemplate="%{x}: %{y:.4~g}<extra></extra>",
        )
        plot = styled(plot, height=210, x="", y="")
        dimension = searched[path]
        if isinstance(dimension, Choice):  # Optuna names categories by their repr
            texts = [str(option) for option in option_labels(dimension)]
            plot.data[0].hovertemplate = "%{y:.4~g}<extra></extra>"
            plot.update_xaxes(tickvals=list(plot.layout.xaxis.categoryarray), ticktext=texts)
        elif isinstance(dimension, Integer) and dimension.high - dimension.low <= MOST_TICKS:
            plot.update_xaxes(dtick=1)
        rows = [{"trial": t.index, path: t.assignment[path], metric: t.objective} for t in having]
        best = f"Best: {shown(having[0].assignment[path])} ({having[0].name})."
        figures.append(Figure(name=f"slice-{name}", title=name, caption=best, plot=plot, rows=rows))
    return figures
