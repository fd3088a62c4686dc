"""A trial's state on disk."""

import io
from pathlib import Path

import torch

from tuning.training.begin import TrialRun
from tuning.training.files import write_file


def save_checkpoint(run: TrialRun, path: Path) -> None:
    """Write the state; a crash leaves the old checkpoint or the new one.

    Raises:
        OSError: the disk is full.
    """
    content = io.BytesIO()  # torch hides the disk's own error behind a RuntimeError
    torch.save(run.state(), content)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, content.getbuffer())


def load_checkpoint(run: TrialRun, path: Path) -> None:
    """Restore a checkpoint into a run.

    Raises:
        ValueError: it belongs to another configuration.
    """
    run.restore(torch.load(path, weights_only=True))
