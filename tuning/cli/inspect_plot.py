"""A data set plotted: a few sequences of each class, or a series with its parts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.arrays import Part
from data.config import DataConfig
from data.errors import DataError
from data.messages import shortened
from data.overview import Opened
from data.rows import Rows, classes
from data.series import Series, cut
from tuning.cli.plots import GREY, STYLE, TRAIN, VALID, WIDTH
from tuning.cli.printing import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW, HEAD = 1.5, 0.7
"""Inches: of a row of panels, and of the lines above them."""
ACROSS, MOST = 4, 20
"""Panels of classes per row, and in all."""
SEQUENCES, FEWER = 5, 2
"""Sequences of a class: of one channel, and of several."""
COLOURS = (TRAIN, VALID, "#009E73", "#CC79A7")
"""Of the first four channels; Okabe and Ito's palette."""
LONGEST = 28
"""Characters of a class in a title."""
SEED = 0
"""Of the choice of sequences."""


def draw(opened: Opened) -> "Figure":
    """Return the figure of sequences or of a series; texts have none."""
    from matplotlib import rc_context

    with rc_context(STYLE):
        if isinstance(opened.loaded, Series):
            return _series(opened.loaded, opened.config)
        if isinstance(opened.loaded.rows, Part):
            return _classes(opened.loaded, opened.loaded.rows, opened.config)
    raise TypeError(f"{opened.config.dataset}: texts are not plotted")


def _classes(rows: Rows, part: Part, config: DataConfig) -> "Figure":
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    counts = np.bincount(classes(part), minlength=len(rows.class_names))
    chosen = _chosen(counts)
    channels = min(part.x.shape[2], len(COLOURS))
    each = SEQUENCES if channels == 1 else FEWER
    down = -(-len(chosen) // ACROSS)
    across = -(-len(chosen) // down)
    figure = Figure(figsize=(WIDTH, HEAD + ROW * down), layout="constrained")  # not pyplot: no window
    shown = f"{len(chosen)} of {len(counts)} classes" if len(chosen) < len(counts) else f"{len(counts)} classes"
    _title(figure, f"{shortened(config.dataset, 60)}: {shown}, {each} random sequences of each")
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    generator = np.random.default_rng(SEED)
    for place, axes in enumerate(grid.flat):
        if place >= len(chosen):
            axes.remove()
            continue
        number = chosen[place]
        members = np.flatnonzero(classes(part) == number)
        for row in generator.permutation(members)[:each]:
            _sequence(axes, part.x[row, : part.lengths[row], :channels])
        name = shortened(printable(rows.class_names[number]), LONGEST)
        axes.set_title(f"{name} ({counts[number]:,})", parse_math=False)
        lowest = place + across >= len(chosen)
        axes.tick_params(labelbottom=lowest)
        axes.set_xlabel("time step" if lowest else "")
    grid[0, 0].xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    if part.x.shape[2] > 1:
        lines = [Line2D([], [], color=COLOURS[c], label=f"channel {c + 1}") for c in range(channels)]
        more = f"{channels} of {part.x.shape[2]} channels" if channels < part.x.shape[2] else None
        figure.legend(handles=lines, loc="outside lower center", ncols=channels, frameon=False, title=more)
    return figure


def _sequence(axes: "Axes", values: NDArray[Any]) -> None:
    """Draw (T, C), each channel in its colour; a single step as a dot."""
    marker = "o" if len(values) == 1 else None
    for colour, channel in zip(COLOURS, values.T, strict=False):
        axes.plot(channel, color=colour, linewidth=0.7, alpha=0.7, marker=marker, markersize=3)


def _chosen(counts: NDArray[np.int64]) -> list[int]:
    """Return the classes to draw, in their order: of many the largest and the smallest that have rows."""
    present = [number for number in range(len(counts)) if counts[number]]
    if len(present) <= MOST:
        return present
    ranked = sorted(present, key=lambda number: -counts[number])
    return sorted([*ranked[: MOST // 2], *ranked[-MOST // 2 :]])


def _series(series: Series, config: DataConfig) -> "Figure":
    from matplotlib.figure import Figure

    others = [c for c in range(len(series.names)) if c != series.target]
    drawn = [series.target, *others[: len(COLOURS) - 1]]
    figure = Figure(figsize=(WIDTH, HEAD + ROW * len(drawn)), layout="constrained")
    left = f", {len(drawn)} of {len(series.names)} channels" if len(drawn) < len(series.names) else ""
    _title(figure, f"{shortened(config.dataset, 60)}: {len(series.values):,} time steps{left}")
    column = figure.subplots(len(drawn), 1, sharex=True, squeeze=False)[:, 0]
    edges = _edges(series, config)
    for axes, channel in zip(column, drawn, strict=True):
        for (start, end), (part, colour) in zip(edges, PARTS, strict=False):
            axes.plot(range(start, end), series.values[start:end, channel], color=colour, linewidth=0.8, label=part)
        what = "target" if channel == series.target else "input"
        axes.set_title(f"{shortened(printable(series.names[channel]), LONGEST)} ({what})", parse_math=False)
    column[-1].set_xlabel("time step")
    if len(edges) > 1:
        handles, labels = column[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(edges), frameon=False)
    return figure


PARTS = (("training", TRAIN), ("validation", VALID), ("test", GREY))


def _edges(series: Series, config: DataConfig) -> Sequence[tuple[int, int]]:
    """Return the first and last row of each part's targets; one part where the series cannot be split."""
    rows = len(series.values)
    try:
        parts = cut(series, config).parts
    except DataError:
        return [(0, rows)]
    test = rows - len(parts.test)
    valid = test - len(parts.valid)
    first = 0 if config.max_rows is None else max(0, rows - config.max_rows)
    return [(first, valid), (valid, test), (test, rows)]


def _title(figure: "Figure", text: str) -> None:
    figure.suptitle(printable(text), fontsize=10, parse_math=False)
