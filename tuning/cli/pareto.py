"""``seqtune top --pareto``: the trade-off between objective and cost, as a table and as a picture."""

from typing import TYPE_CHECKING

from tuning.analysis.pareto import ParetoFront, Point
from tuning.cli import tables
from tuning.cli.plots import GREY, STYLE, VALID, WIDTH
from tuning.cli.tables import Column, folded, searched_columns
from tuning.journal.text import Cell, score, shown, trial_spans

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.console import Console

HEIGHT = 3.2
"""Inches."""


def show(found: ParetoFront, target: "Console") -> None:
    """Print the front, the cheapest first."""
    count = len(found.front) + len(found.dominated)
    tables.line(target, f"{found.campaign}: {found.metric} against {found.quantity}", "bold")
    tables.line(target, f"{len(found.front)} of {count} are on the front: no other is both better and cheaper")
    target.print()
    searched = searched_columns([point.settings for point in found.front])
    columns = [
        Column(head="trials" if any(len(point.trials) > 1 for point in found.front) else "trial"),
        Column(head=_head(found), right=True),
        Column(head=folded(found.metric), right=True),
        *searched.values(),
    ]
    rows: list[list[Cell]] = [
        [
            trial_spans(point.trials),
            cost_text(point.cost),
            score(point.objective),
            *(shown(point.settings.get(path)) for path in searched),
        ]
        for point in found.front
    ]
    tables.hidden_columns(target, tables.table(target, columns, rows))
    if found.lacking:
        target.print()
        names = trial_spans(found.lacking)
        tables.line(target, f"Note: without a recorded {found.quantity}, left out: {names}.")
    if found.incomplete:
        target.print()
        names = trial_spans(found.incomplete)
        tables.line(target, f"Note: configurations without all their replicates completed, left out: {names}.")


def draw(found: ParetoFront) -> "Figure":
    """Return a figure of all points, those of the front joined by steps."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=(0.6 * WIDTH, HEIGHT), layout="constrained")
        axes = figure.subplots()
        axes.set_title(f"{found.campaign}: {found.metric} against {found.quantity}")
        axes.scatter(*_coordinates(found.dominated), s=12, color=GREY, label="other")
        axes.step(*_coordinates(found.front), where="post", color=VALID, marker="o", markersize=4, label="front")
        costs = [point.cost for point in [*found.front, *found.dominated]]
        if min(costs) > 0 and max(costs) > 10 * min(costs):
            axes.set_xscale("log")
        axes.set_xlabel(found.quantity if found.unit == found.quantity else f"{found.quantity}, {found.unit}")
        axes.set_ylabel(found.metric)
        axes.legend(frameon=False)
    return figure


def cost_text(cost: float) -> str:
    """Return a cost: whole numbers whole, others with three significant digits."""
    return f"{cost:,.0f}" if float(cost).is_integer() or cost >= 1000 else f"{cost:.3g}"  # noqa: PLR2004


def _coordinates(points: list[Point]) -> tuple[list[float], list[float]]:
    return [point.cost for point in points], [point.objective for point in points]


def _head(found: ParetoFront) -> str:
    return found.quantity if found.unit == found.quantity else f"{found.quantity}\n{found.unit}"
