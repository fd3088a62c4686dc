"""What all figures for a page share: formats, width, colours, and a file that is whole or not there."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning.errors import CampaignError, StoreError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".pdf", ".svg")
WIDTH = 7.2
"""Inches: a page between its margins."""
TRAIN, VALID, GREY = "#0072B2", "#E69F00", "0.45"
"""Blue and orange of Okabe and Ito's palette, told apart by colour-blind readers; of different lightness in grey."""
STYLE: Any = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.2,
}


def check_suffix(path: Path) -> None:
    """Raise CampaignError unless the path's suffix names a format."""
    if path.suffix.lower() not in SUFFIXES:
        raise CampaignError(f"--plot {path}: the suffix names no format. Allowed: {', '.join(SUFFIXES)}")


def save(figure: "Figure", path: Path) -> None:
    """Write a figure into a file, which is whole or not there.

    Raises:
        StoreError: the folder is not there or cannot be written.
    """
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        figure.savefig(temporary, dpi=200)
        temporary.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}. Choose another --plot") from error
    finally:
        temporary.unlink(missing_ok=True)
