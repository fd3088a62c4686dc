"""What makes torch compute a trial the same way every time."""

import os
import sys
from typing import Any

import torch

from tuning.campaign.trial import TrialConfig


def make_deterministic(trial: TrialConfig) -> None:
    """Set threads and deterministic algorithms for this process."""
    torch.set_num_threads(trial.device.threads)
    use_deterministic_algorithms(True)
    # New tensors filled with NaN, so that whoever reads one too early notices: no model of ours does.
    torch.utils.deterministic.fill_uninitialized_memory = bool(trial.code)  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    if trial.device.device == "cuda":
        # cuBLAS reads this when it starts; without it deterministic algorithms refuse to run.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def use_deterministic_algorithms(mode: bool) -> None:  # noqa: FBT001 - as torch's own
    """Do what torch's function of this name does, without what it imports for ``torch.compile``: over a second.

    Code of users may compile: torch's compiler reads the variable when it is imported.
    """
    os.environ["TORCHINDUCTOR_DETERMINISTIC"] = "1" if mode else "0"
    compiler: Any = sys.modules.get("torch._inductor.config")
    if compiler is not None:
        compiler.deterministic = mode
    torch.set_deterministic_debug_mode("error" if mode else "default")
