"""Shared by all plots: file formats, width, colours, and an atomic save."""

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning.campaign.errors import CampaignError, StoreError

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
    if path.suffix.lower() not in SUFFIXES:
        raise CampaignError(f"--plot {path}: unknown suffix. Allowed: {', '.join(SUFFIXES)}")


def save(figure: "Figure", path: Path) -> None:
    """Write a figure to a file atomically.

    Raises:
        StoreError: the folder does not exist or is not writable.
    """
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)  # drawn as an empty box
            figure.savefig(temporary, dpi=200)
        temporary.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}. Choose another --plot") from error
    finally:
        temporary.unlink(missing_ok=True)
