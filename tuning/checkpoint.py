"""A training's state on disk: there whole, or not at all."""

import io
from pathlib import Path

import torch

from tuning.fitting import Fitting


def save_checkpoint(training: Fitting, path: Path) -> None:
    """Write the state so that a crash leaves the old checkpoint or the new one, never a part.

    Raises:
        OSError: the disk is full.
    """
    content = io.BytesIO()  # torch hides the disk's own error behind a RuntimeError
    torch.save(training.state(), content)
    replace_file(path, content.getbuffer())


def replace_file(path: Path, content: bytes | memoryview) -> None:
    """Put ``content`` in the place of a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    try:
        fresh.write_bytes(content)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def load_checkpoint(training: Fitting, path: Path) -> None:
    """Take up a checkpoint.

    Raises:
        ValueError: it belongs to another configuration.
    """
    training.restore(torch.load(path, weights_only=True))
