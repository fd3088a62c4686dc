"""Figures of the classes: what the best trial confuses, and how much of each class it recognises."""

from collections.abc import Sequence
from itertools import product
from statistics import fmean

import plotly.graph_objects as go

from tuning.analysis.configurations import configurations
from tuning.analysis.statistics import wilson
from tuning.journal.record import CampaignRecord, TrialRecord
from tuning.journal.text import trial_spans
from tuning.report.drawing import BLUE, LINE, Figure, styled
from tuning.report.labels import labels

MOST_VALUES = 12
"""Classes beyond which a confusion matrix shows colours without numbers."""

MOST_HORIZONTAL = 8
"""Letters of a class name that fit below its column."""

Matrix = Sequence[Sequence[int]]
"""Counts of true and predicted class."""


def confusion(record: CampaignRecord) -> list[Figure]:
    """Return the best trial's confusion matrix and recall of each class; nothing of a regression.

    With replicates: the counts of the best configuration's completed trials, added.
    """
    trials = [trial for trial in _best(record) if trial.result and trial.result.confusion]
    if not trials:
        return []
    counts = [trial.result.confusion for trial in trials if trial.result]
    classes = record.data[record.variant(trials[0].config)].classes
    size = range(len(classes))
    total = [[sum(matrix[i][j] for matrix in counts) for j in size] for i in size]
    names = labels(classes)
    which = trial_spans(trial.index for trial in trials)
    added = f" Counts of {len(counts)} trials are added." if len(counts) > 1 else ""
    by_part: dict[int, list[Matrix]] = {}
    for trial, matrix in zip(trials, counts, strict=True):
        by_part.setdefault(trial.config.data.fold or 0, []).append(matrix)
    recalled = [_recalled(list(by_part.values()), i) for i in size]
    brackets = "its rows in the validation part"
    if len(by_part) > 1:
        brackets = f"its rows in the validation parts of {len(by_part)} {record.config.data.division}s"
    if len(trials) > 1:
        brackets += f", whatever the number of seeds; the share is the mean of {len(trials)} trials"
    return [_matrix(total, classes, names, which, added), _recall(recalled, classes, names, which, brackets)]


def _recalled(by_part: Sequence[Sequence[Matrix]], number: int) -> tuple[float | None, int]:
    """Return the share of a class that was recognised, and its rows in all validation parts.

    by_part: the confusion matrices of each part, one of each seed.  The seeds predict the same rows, which are counted
    once: an interval of all predictions would be too narrow.
    """
    hits = sum(fmean(matrix[number][number] for matrix in matrices) for matrices in by_part)
    rows = round(sum(fmean(sum(matrix[number]) for matrix in matrices) for matrices in by_part))
    return (hits / rows if rows else None), rows


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
    recalled: Sequence[tuple[float | None, int]],
    classes: Sequence[str],
    names: Sequence[str],
    which: str,
    brackets: str,
) -> Figure:
    """recalled: share and rows of each class.  brackets: what these rows are."""
    recall = [share for share, _ in recalled]
    between = [None if share is None else wilson(share, n) for share, n in recalled]
    places = list(range(len(names)))
    plot = go.Figure(
        go.Scatter(
            y=places,
            x=recall,
            mode="markers",
            marker={"color": BLUE, "size": 9},
            customdata=[[name, rows] for name, (_, rows) in zip(names, recalled, strict=True)],
            error_x={
                "type": "data",
                "symmetric": False,
                "thickness": 2,
                "width": 5,
                "array": [ci[1] - r if ci and r is not None else 0 for ci, r in zip(between, recall, strict=True)],
                "arrayminus": [r - ci[0] if ci and r is not None else 0 for ci, r in zip(between, recall, strict=True)],
            },
            hovertemplate="%{customdata[0]}: %{x:.3f} of %{customdata[1]} rows<extra></extra>",
        )
    )
    plot = styled(plot, height=90 + LINE * len(names), x="recall")
    texts = [f"{name} ({count})" for name, (_, count) in zip(names, recalled, strict=True)]
    plot.update_yaxes(tickvals=places, ticktext=texts, range=(len(names) - 0.4, -0.6), zeroline=False)
    plot.update_xaxes(range=(-0.02, 1.02), tickformat=".1f", zeroline=False)
    rows = [
        {"class": name, "rows": n, "recall": r, "low": ci[0] if ci else None, "high": ci[1] if ci else None}
        for name, (r, n), ci in zip(classes, recalled, between, strict=True)
    ]
    return Figure(
        name="recall",
        title=f"Recall per class of {which}",
        caption="Share of each class that was recognised, with 95 % Wilson intervals; in brackets "
        f"{brackets}. Few rows give a wide interval.",
        plot=plot,
        rows=rows,
    )
