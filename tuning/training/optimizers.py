"""Optimizers and learning rate schedules of trials."""

from collections.abc import Callable
from inspect import unwrap

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, ReduceLROnPlateau

from tuning.campaign.trial import TrialConfig


def _uncompiled(kind: type[torch.optim.Optimizer]) -> Callable[..., torch.optim.Optimizer]:
    """Return an optimizer without what torch wraps around it for ``torch.compile``.

    The wrappers import the compiler when an optimizer is made: a second, and a fifth of the memory of a worker.
    """
    names = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")
    methods = {name: unwrap(getattr(kind, name)) for name in names}
    return type(kind.__name__, (kind,), methods | {"step": torch.no_grad()(unwrap(kind.step))})


Adam = _uncompiled(torch.optim.Adam)
AdamW = _uncompiled(torch.optim.AdamW)
SGD = _uncompiled(torch.optim.SGD)
RMSprop = _uncompiled(torch.optim.RMSprop)


def optimizer_of(trial: TrialConfig, model: torch.nn.Module) -> torch.optim.Optimizer:
    """Return the trial's optimizer of all weights of the model."""
    parameters, rate, decay = model.parameters(), trial.train.learning_rate, trial.train.weight_decay
    # foreach: a call per operation instead of one per tensor, with equal bits.
    match trial.train.optimizer:
        case "adam":
            return Adam(parameters, lr=rate, weight_decay=decay, foreach=True)
        case "adamw":
            return AdamW(parameters, lr=rate, weight_decay=decay, foreach=True)
        case "sgd":
            return SGD(parameters, lr=rate, momentum=0.9, weight_decay=decay, foreach=True)
        case "rmsprop":
            return RMSprop(parameters, lr=rate, weight_decay=decay, foreach=True)


def scheduler_of(trial: TrialConfig, optimizer: torch.optim.Optimizer) -> LRScheduler | None:
    """Return the trial's schedule, one step of which follows every epoch."""
    match trial.train.scheduler:
        case "plateau":
            return ReduceLROnPlateau(
                optimizer, factor=trial.train.plateau_factor, patience=trial.train.plateau_patience
            )
        case "cosine":
            return CosineAnnealingLR(optimizer, T_max=trial.train.epochs)
        case "none":
            return None
