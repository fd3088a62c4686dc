"""What all figures of a page share: colours for light and dark pages, the layout, and the values behind a figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from tuning.journal.text import table_csv

BLUE, ORANGE, GREEN, PURPLE, RED, GREY = "#2f7fc1", "#cf6a10", "#1f8f63", "#9467d4", "#d9504b", "#848d97"
"""A contrast of at least 3 to white and to the dark page, as WCAG 2.2 asks of graphics."""

COLOURS = (BLUE, ORANGE, GREEN, PURPLE, RED)
HEIGHT = 360
"""Pixels of most figures."""
LINE = 24
"""Pixels of a row of bars or of a matrix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure.

    name: of its CSV file and anchor.  caption: what to read off it, one line.  rows: the values behind it.
    least: width in pixels below which it scrolls.
    """

    name: str
    title: str
    caption: str
    plot: go.Figure
    rows: Sequence[Mapping[str, Any]]
    least: int = 0

    @property
    def csv(self) -> str:
        """The values behind the figure."""
        return table_csv(self.rows)

    @property
    def json(self) -> str:
        """Data and layout for Plotly, as JSON that a script element may hold."""
        text: str = self.plot.to_json()
        return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def styled(plot: go.Figure, *, height: int = HEIGHT, x: str | None = None, y: str | None = None) -> go.Figure:
    """Return the figure as the page shows it: its own colours of text, grid and scale come with the page's theme.

    x, y: titles of the axes; None leaves them.
    """
    plot.update_layout(
        title=None,
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,  # else a finger that scrolls the page would zoom
        hovermode="closest",
        legend={"orientation": "h", "x": 0, "y": 1.02, "xanchor": "left", "yanchor": "bottom", "title": None},
    )
    plot.update_xaxes(automargin=True)
    plot.update_yaxes(automargin=True, title_standoff=14)  # else the title may lie on the ticks
    if x is not None:
        plot.update_xaxes(title_text=x)
    if y is not None:
        plot.update_yaxes(title_text=y)
    plot.layout.template = None  # the page has one for light and one for dark
    return plot
