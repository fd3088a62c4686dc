"""How large a network is, and whether it fits: parameters, and an estimate of the memory that its training takes."""

from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from data.machine import machine_bytes
from models.catalogue import build
from models.configs import ModelConfig, NeuralConfig
from tuning.campaign.config import LimitOptions
from tuning.campaign.trial import TrainConfig, TrialConfig

BYTES_PER_WEIGHT = 12
"""A weight, its gradient and one moment of the optimizer as float32: less than any optimizer but plain SGD takes."""

COPIES = {"adam": 5, "adamw": 5, "sgd": 4, "rmsprop": 4}
"""Numbers per weight: itself, its gradient, the optimizer's moments, and its value at the best epoch."""

EVALUATION_BATCH = 512
"""Rows of a forward pass in validation; fixed, so that a trial's figures do not depend on its batch size."""

EVALUATED = 6
"""Largest outputs of a layer that a validation batch takes at once.

Measured with tests/training/test_size.py: 6.1 for a 1D-CNN, 5.6 for a recurrent network."""

MIB = 2**20

# B batch, T time, C channel


class Sizes(Protocol):
    """What the data dictates of a model: ``Arrays`` and ``DataRecord`` have it."""

    @property
    def steps(self) -> int:
        """T, of the longest sequence."""

    @property
    def channels(self) -> int:
        """C."""

    @property
    def outputs(self) -> int:
        """A logit per class, or one number."""

    @property
    def tokens(self) -> int | None:
        """How many different tokens texts have; None where sequences are of numbers."""


def check_size(model: ModelConfig, sizes: Sizes) -> None:
    """Raise ValueError where the weights, their gradients and the optimizer's state exceed the machine's memory.

    What layers compute in between comes on top, so this refuses what cannot work, not all that will not.
    """
    weights = count_weights(model, sizes)
    needed, there = weights * BYTES_PER_WEIGHT, machine_bytes()
    if needed > there:
        raise ValueError(
            f"the model has {weights:,} weights: with gradients and optimizer at least {needed / 2**30:,.0f} GiB, and "
            f"this machine has {there / 2**30:,.0f} GiB of memory. Lower its widths or its number of layers"
        )


def beyond(limits: LimitOptions, trial: TrialConfig, sizes: Sizes) -> str | None:
    """Return which limit a trial's network exceeds, with both figures; None where it meets all.

    A function of the configuration alone.  Classical models have no limit: their size is known once they are fitted.
    A network that cannot be built has none either: its trial fails with the reason.
    """
    if not isinstance(trial.model, NeuralConfig):
        return None
    try:
        weights = count_weights(trial.model, sizes)
        if limits.parameters is not None and weights > limits.parameters:
            return f"{weights:,} parameters, more than limits.parameters = {limits.parameters:,}"
        if limits.memory_mb is None:
            return None
        needed = (weights_bytes(weights, trial.train) + checkpoint_bytes(weights, trial.train)) / MIB
        if needed <= limits.memory_mb:  # else it is not worth building
            needed = memory_bytes(trial, sizes) / MIB
    except Exception:  # noqa: BLE001 - a user's model may fail in any way
        return None
    if needed <= limits.memory_mb:
        return None
    return f"about {needed:,.0f} MiB, more than limits.memory_mb = {limits.memory_mb:g}"


def count_weights(model: ModelConfig, sizes: Sizes) -> int:
    """Return the number of a network's weights.  On torch's meta device, which allocates and draws nothing."""
    with torch.device("meta"):
        built = build(model, steps=sizes.steps, channels=sizes.channels, outputs=sizes.outputs, tokens=sizes.tokens)
    return sum(weight.numel() for weight in built.parameters() if weight.requires_grad)


def weights_bytes(weights: int, train: TrainConfig) -> int:
    """Return what weights, gradients, the optimizer's moments and the kept best weights take."""
    return 4 * COPIES[train.optimizer] * weights


def checkpoint_bytes(weights: int, train: TrainConfig) -> int:
    """Return what a checkpoint takes, in memory as on disk: all of the above but the gradients.

    Measured: saving one lets the process's memory grow by 1.0 times its size, for all optimizers.
    """
    return 4 * (COPIES[train.optimizer] - 1) * weights


def memory_bytes(trial: TrialConfig, sizes: Sizes) -> int:
    """Estimate what training a network takes, without the data and the process itself.

    Weights, gradients, the optimizer's moments and the best weights, and the largest of the activations that a training
    batch keeps for its backward pass, of six of the largest outputs of a layer in a validation batch, and of the
    checkpoint after an epoch.  The sequences are taken to be of full length.
    """
    weights = count_weights(trial.model, sizes)
    kept, largest = _row_bytes(trial.model, sizes, trial.train)
    activations = max(kept * trial.train.batch_size, EVALUATED * largest * EVALUATION_BATCH)
    return weights_bytes(weights, trial.train) + max(activations, checkpoint_bytes(weights, trial.train))


def _row_bytes(model: ModelConfig, sizes: Sizes, train: TrainConfig) -> tuple[int, int]:
    """Bytes that a row's forward pass keeps for the backward pass, and the largest output of a layer.

    Two rows are compared with four: what does not grow with the batch, such as weights, cancels.
    """
    with torch.random.fork_rng(devices=[]):
        network = build(model, steps=sizes.steps, channels=sizes.channels, outputs=sizes.outputs, tokens=sizes.tokens)
        (small, _), (large, largest) = (_forward_bytes(network, sizes, rows, train) for rows in (2, 4))
    return (large - small) // 2, largest // 4


def _forward_bytes(network: torch.nn.Module, sizes: Sizes, rows: int, train: TrainConfig) -> tuple[int, int]:
    """Size of all different tensors that a forward pass keeps, and of the largest output of a layer."""
    outputs: list[int] = []
    hooks = [
        layer.register_forward_hook(lambda _layer, _given, out: outputs.extend(t.nbytes for t in _tensors(out)))
        for layer in network.modules()
    ]
    kept: dict[int, tuple[int, Tensor]] = {}  # the tensors too: a freed one's address may be used again

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = (storage.nbytes(), tensor)
        return tensor

    shape = (rows, sizes.steps, sizes.channels)
    x = torch.zeros(shape) if sizes.tokens is None else torch.ones(shape, dtype=torch.int32)  # (B, T, C)
    with saved_tensors_hooks(keep, lambda tensor: tensor):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=train.precision == "bfloat16"):
            network(x, torch.full((rows,), sizes.steps))
        weights = {weight.untyped_storage().data_ptr() for weight in network.parameters()}
    for hook in hooks:
        hook.remove()
    return sum(size for address, (size, _) in kept.items() if address not in weights), max(outputs, default=0)


def _tensors(value: object) -> Iterator[Tensor]:
    """Yield the tensors of a layer's output, of nested and packed ones too."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from _tensors(inner)
