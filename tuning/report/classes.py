"""Figures of the classes: what the best trial confuses, and how much of each class it recognises."""

from collections.abc import Sequence
from itertools import product

import plotly.graph_objects as go

from tuning.analysis.configurations import configurations
from tuning.analysis.statistics import ALPHA
from tuning.journal.record import CampaignRecord, TrialRecord
from tuning.journal.text import trial_spans
from tuning.report.drawing import BLUE, LINE, Figure, styled
from tuning.report.labels import labels

MOST_VALUES = 12
"""Classes beyond which a confusion matrix shows colours without numbers."""

MOST_HORIZONTAL = 8
"""Letters of a class name that fit below its column."""


def confusion(record: CampaignRecord) -> list[Figure]:
    """Return the best trial's confusion matrix and recall of each class; nothing of a regression.

    With replicates: the counts of the best configuration's completed trials, added.
    """
    trials = _best(record)
    counts = [trial.result.confusion for trial in trials if trial.result and trial.result.confusion]
    if not counts:
        return []
    classes = record.data[record.variant(trials[0].config)].classes
    size = range(len(classes))
    total = [[sum(matrix[i][j] for matrix in counts) for j in size] for i in size]
    names = labels(classes)
    which = trial_spans(trial.index for trial in trials)
    added = f" Counts of {len(counts)} trials are added." if len(counts) > 1 else ""
    return [_matrix(total, classes, names, which, added), _recall(total, classes, names, which, added)]


def _best(record: CampaignRecord) -> list[TrialRecord]:
    ranked = configurations(record)
    return ranked[0].completed if ranked else record.ranked()[:1]


def _matrix(
    total: Sequence[Sequence[int]], classes: Sequence[str], names: Sequence[str], which: str, added: str
) -> Figure:
    share = [[count / max(1, sum(row)) for count in row] for row in total]
    few = len(names) <= MOST_VALUES
    plot = go.Figure(
        go.Heatmap(
            z=share,
            x=list(range(len(names))),
            y=list(range(len(names))),
            zmin=0,
            zmax=1,
            autocolorscale=True,
            customdata=[[[names[i], names[j], count] for j, count in enumerate(row)] for i, row in enumerate(total)],
            hovertemplate="true %{customdata[0]}, predicted %{customdata[1]}: %{customdata[2]} rows, "
            "%{z:.1%} of the class<extra></extra>",
            text=[
                [f"{count}<br>{part:.0%}" for count, part in zip(*rows, strict=True)]
                for rows in zip(total, share, strict=True)
            ]
            if few
            else None,
            texttemplate="%{text}" if few else None,
            textfont={"size": 11},
            xgap=1,
            ygap=1,
            colorbar={"title": None, "tickformat": ".0%", "thickness": 12, "outlinewidth": 0},
            showscale=not few,
        )
    )
    side = min(760, max(340, 110 + (44 if few else 16) * len(names)))
    plot = styled(plot, height=side, x="predicted class", y="true class")
    axis = {"tickvals": list(range(len(names))), "ticktext": list(names), "showgrid": False, "zeroline": False}
    longest = max(map(len, names))
    plot.update_xaxes(**axis, tickangle=None if longest <= MOST_HORIZONTAL else -60)
    plot.update_xaxes(showticklabels=few or longest <= MOST_HORIZONTAL)  # in the order of the rows
    plot.update_yaxes(**axis, autorange="reversed")
    rows = [
        {"true": classes[i], "predicted": classes[j], "rows": total[i][j]}
        for i, j in product(range(len(classes)), repeat=2)
    ]
    return Figure(
        name="confusion",
        title=f"Confusion matrix of {which}",
        caption="Rows of the validation part by true and predicted class, coloured by their share of the true class; "
        f"off the diagonal are the errors.{added}",
        plot=plot,
        rows=rows,
        least=0 if few else 110 + 13 * len(names),
    )


def _recall(
    total: Sequence[Sequence[int]], classes: Sequence[str], names: Sequence[str], which: str, added: str
) -> Figure:
    from scipy.stats import binomtest

    counts = [(row[i], sum(row)) for i, row in enumerate(total)]
    found = [binomtest(hits, n) if n else None for hits, n in counts]
    recall = [hits / n if n else None for hits, n in counts]
    between = [one.proportion_ci(1 - ALPHA, "wilson") if one else None for one in found]
    places = list(range(len(names)))
    plot = go.Figure(
        go.Scatter(
            y=places,
            x=recall,
            mode="markers",
            marker={"color": BLUE, "size": 9},
            customdata=[[name, rows] for name, (_, rows) in zip(names, counts, strict=True)],
            error_x={
                "type": "data",
                "symmetric": False,
                "thickness": 2,
                "width": 5,
                "array": [ci.high - r if ci and r is not None else 0 for ci, r in zip(between, recall, strict=True)],
                "arrayminus": [
                    r - ci.low if ci and r is not None else 0 for ci, r in zip(between, recall, strict=True)
                ],
            },
            hovertemplate="%{customdata[0]}: %{x:.3f} of %{customdata[1]} rows<extra></extra>",
        )
    )
    plot = styled(plot, height=90 + LINE * len(names), x="recall")
    texts = [f"{name} ({count})" for name, (_, count) in zip(names, counts, strict=True)]
    plot.update_yaxes(tickvals=places, ticktext=texts, range=(len(names) - 0.4, -0.6), zeroline=False)
    plot.update_xaxes(range=(-0.02, 1.02), tickformat=".1f", zeroline=False)
    rows = [
        {"class": name, "rows": n, "recall": r, "low": ci.low if ci else None, "high": ci.high if ci else None}
        for name, (_, n), r, ci in zip(classes, counts, recall, between, strict=True)
    ]
    return Figure(
        name="recall",
        title=f"Recall per class of {which}",
        caption="Share of each class that was recognised, with 95 % Wilson intervals; in brackets its rows in the "
        f"validation part. Few rows give a wide interval.{added}",
        plot=plot,
        rows=rows,
    )
