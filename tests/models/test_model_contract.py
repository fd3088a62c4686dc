"""The contract of models finds what it is there for: each broken model fails the check that is meant."""

from typing import Any, Literal

import pytest
import torch
from torch import nn

from models import registered
from models.configs import NeuralConfig
from models.contract import CONTRACT, ContractError
from models.padding import mean_valid, valid_steps, zeroed


class BrokenConfig(NeuralConfig):
    family: Literal["broken"] = "broken"
    hidden: int = 4


class Sound(nn.Module):
    """The mean of the steps, and a layer."""

    def __init__(self, config, *, steps, channels, outputs):  # noqa: ARG002 - the signature of all families
        super().__init__()
        self.layer = nn.Linear(channels, config.hidden)
        self.out = nn.Linear(config.hidden, outputs)

    def means(self, x, lengths):
        return mean_valid(zeroed(x, valid_steps(lengths, x.shape[1])).transpose(1, 2), lengths)

    def forward(self, x, lengths):
        return self.out(torch.tanh(self.layer(self.means(x, lengths))))


class ReadsPadding(Sound):
    def means(self, x, lengths):  # noqa: ARG002 - what is wrong with it
        return x.mean(dim=1)


class NormalizesPadding(Sound):
    """Normalization over the padding too, and dropout."""

    def __init__(self, config, **sizes):
        super().__init__(config, **sizes)
        self.norm = nn.BatchNorm1d(sizes["channels"])
        self.dropout = nn.Dropout(0.5)

    def means(self, x, lengths):
        return super().means(self.dropout(self.norm(x.transpose(1, 2))).transpose(1, 2), lengths)


class CountsOutputsWrong(Sound):
    def forward(self, x, lengths):
        return super().forward(x, lengths)[:, :1]


class IgnoresAParameter(Sound):
    def __init__(self, config, **sizes):
        super().__init__(config, **sizes)
        self.unused = nn.Parameter(torch.zeros(2))


class DividesByZero(Sound):
    def forward(self, x, lengths):
        return super().forward(x, lengths) + (self.layer.weight.sum() * 0).sqrt()


class LooksAtItsNeighbours(Sound):
    def forward(self, x, lengths):
        outputs = super().forward(x, lengths)
        return outputs - outputs.mean(dim=0)


class DrawsAnew(Sound):
    def __init__(self, config, **sizes):
        super().__init__(config, **sizes)
        self.scale = float(torch.rand((), generator=torch.Generator().manual_seed(torch.seed() % 2**31))) + 1

    def forward(self, x, lengths):
        return super().forward(x, lengths) * self.scale


class KeepsSomethingBeside(Sound):
    def __init__(self, config, **sizes):
        super().__init__(config, **sizes)
        self.shift = torch.randn(1)

    def forward(self, x, lengths):
        return super().forward(x, lengths) * self.shift.to(x.dtype)


class SavesAList(Sound):
    def get_extra_state(self):
        return [1]

    def set_extra_state(self, state):
        pass


class CountsWhileItIsBuilt(Sound):
    def __init__(self, config, **sizes):
        super().__init__(config, **sizes)
        assert float(self.layer.weight.sum()) < 1e9


def check(module: type[nn.Module], promise: str) -> None:
    registered.register("broken", BrokenConfig, module, sha256="0" * 64)
    try:
        CONTRACT[promise](BrokenConfig())
    finally:
        registered.forget()


@pytest.mark.parametrize("promise", CONTRACT)
def test_a_sound_model_keeps_every_promise(promise):
    check(Sound, promise)


@pytest.mark.parametrize(
    ("module", "promise", "reason"),
    [
        (ReadsPadding, "padding never changes outputs", "outputs differ by"),
        (ReadsPadding, "values in the padding are not read", "outputs depend on values after the ends"),
        (ReadsPadding, "padding never changes what is learned", "after a step depends on the padding"),
        (NormalizesPadding, "padding never changes outputs", "in training, .* outputs differ by"),
        (NormalizesPadding, "padding never changes what is learned", "after a step depends on the padding"),
        (CountsOutputsWrong, "an output for each class, one for a regression", r"\(3, 2\) expected, got \(3, 1\)"),
        (IgnoresAParameter, "every parameter gets a finite gradient", "unused gets no gradient"),
        (DividesByZero, "every parameter gets a finite gradient", "has a gradient that is not finite"),
        (LooksAtItsNeighbours, "a sequence alone and in company", "alone and in a batch"),
        (DrawsAnew, "the same bits twice", "differs after the same step"),
        (KeepsSomethingBeside, "weights survive safetensors", "not in its state dict"),
        (SavesAList, "weights survive safetensors", "which is no tensor but list"),
    ],
)
def test_a_broken_model_fails_with_the_reason(module: Any, promise, reason):
    with pytest.raises(ContractError, match=reason):
        check(module, promise)


def test_a_model_that_reads_its_weights_while_it_is_built_cannot_be_counted():
    with pytest.raises(RuntimeError, match="meta"):
        check(CountsWhileItIsBuilt, "counted before it is built")
