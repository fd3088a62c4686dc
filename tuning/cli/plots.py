"""Shared by all plots: file formats, width, colours, and an atomic save."""

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning.training import files

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".pdf", ".svg")
WIDTH = 7.2
"""Inches: a page between its margins."""
TRAIN, VALID, GREY = "#0072B2", "#E69F00", "0.45"
"""Blue and orange of Okabe and Ito's palette, safe for colour-blind readers; of different lightness in grey."""
STYLE: Any = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.2,
}


def check_suffix(path: Path) -> None:
    """Raise CampaignError unless the path's suffix names a format."""
    files.check_suffix(path, SUFFIXES, "--plot")


def save(figure: "Figure", path: Path) -> None:
    """Write a figure to a file atomically.

    Raises:
        StoreError: the folder does not exist or is not writable.
    """
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)  # drawn as an empty box
        figure.savefig(content, format=path.suffix.lower()[1:], dpi=200)
    files.write_output(path, content.getbuffer(), "--plot")
