"""What makes torch compute a trial the same way every time."""

import os

import torch

from tuning.campaign.trial import TrialConfig


def make_deterministic(trial: TrialConfig) -> None:
    """Set threads and deterministic algorithms for this process."""
    torch.set_num_threads(trial.device.threads)
    torch.use_deterministic_algorithms(True)
    # New tensors filled with NaN, so that whoever reads one too early notices: no model of ours does.
    torch.utils.deterministic.fill_uninitialized_memory = bool(trial.code)  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    if trial.device.device == "cuda":
        # cuBLAS reads this when it starts; without it deterministic algorithms refuse to run.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
