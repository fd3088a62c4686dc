"""A trial's state on disk: the SHA-256 of what follows, then what ``torch.save`` wrote."""

import hashlib
import io
from pathlib import Path

import torch

from tuning.training.begin import TrialRun
from tuning.training.files import write_file

_DIGEST_BYTES = hashlib.sha256().digest_size


def save_checkpoint(run: TrialRun, path: Path) -> None:
    """Write the state; a crash leaves the old checkpoint or the new one.

    Raises:
        OSError: the disk is full.
    """
    content = io.BytesIO()  # torch hides the disk's own error behind a RuntimeError
    torch.save(run.state(), content)
    state = content.getbuffer()  # no copy
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, hashlib.sha256(state).digest(), state)


def load_checkpoint(run: TrialRun, path: Path) -> None:
    """Restore a checkpoint into a run.

    Raises:
        ValueError: the file is damaged, or belongs to another configuration.
    """
    content = path.read_bytes()
    digest, state = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if hashlib.sha256(state).digest() != digest:
        raise ValueError("the checkpoint is damaged: its checksum does not match")
    run.restore(torch.load(io.BytesIO(state), weights_only=True))
