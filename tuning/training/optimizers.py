"""Optimizers and learning rate schedules of trials."""

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, ReduceLROnPlateau

from tuning.campaign.trial import TrialConfig


def optimizer_of(trial: TrialConfig, model: torch.nn.Module) -> torch.optim.Optimizer:
    """Return the trial's optimizer of all weights of the model."""
    parameters, rate, decay = model.parameters(), trial.train.learning_rate, trial.train.weight_decay
    # foreach: a call per operation instead of one per tensor, with equal bits.
    match trial.train.optimizer:
        case "adam":
            return torch.optim.Adam(parameters, lr=rate, weight_decay=decay, foreach=True)
        case "adamw":
            return torch.optim.AdamW(parameters, lr=rate, weight_decay=decay, foreach=True)
        case "sgd":
            return torch.optim.SGD(parameters, lr=rate, momentum=0.9, weight_decay=decay, foreach=True)
        case "rmsprop":
            return torch.optim.RMSprop(parameters, lr=rate, weight_decay=decay, foreach=True)


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
