"""Every family of models by its name: its configuration and, of a neural one, its module."""

from typing import Any

import torch
from torch import Tensor, nn

from models.cnn1d import CNN1D
from models.cnn2d import CNN2D
from models.cnn_gru import CNNGRU
from models.configs import (
    CNN1DConfig,
    CNN2DConfig,
    CNNGRUConfig,
    ModelConfigBase,
    NeuralConfig,
    RecurrentConfig,
    TransformerConfig,
)
from models.recurrent import Recurrent
from models.recurrent_layers import GATES
from models.registered import OWN, UnregisteredConfig, family_of
from models.transformer import Transformer

MODELS: dict[str, tuple[type[ModelConfigBase], type[nn.Module]]] = {
    "cnn-gru": (CNNGRUConfig, CNNGRU),
    "cnn2d": (CNN2DConfig, CNN2D),
    "cnn1d": (CNN1DConfig, CNN1D),
    "recurrent": (RecurrentConfig, Recurrent),
    "transformer": (TransformerConfig, Transformer),
}
"""The neural families."""


class TokenModel(nn.Module):
    """An embedding in front of any family.  Tokens (B,T,1) int, lengths (B,) -> (B,O)."""

    def __init__(self, tokens: int, width: int, family: type[nn.Module], **rest: Any) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, width, padding_idx=0)
        self.model = family(channels=width, **rest)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return (B,O)."""
        out: Tensor = self.model(self.embedding(x[:, :, 0]), lengths)
        return out


class OneHotModel(TokenModel):
    """One-hot words in front of a recurrent model.  Tokens (B,T,1) int, lengths (B,) -> (B,O).

    A one-hot vector picks a row of the first layer's input weights, so these rows are an embedding as wide as the
    layer's gates.  They begin as torch's input weights do, uniform in +-1/sqrt(hidden).
    """

    def __init__(self, tokens: int, config: RecurrentConfig, **rest: Any) -> None:
        super().__init__(tokens, GATES[config.cell] * config.hidden, Recurrent, config=config, summed=True, **rest)
        bound = config.hidden**-0.5
        with torch.no_grad():
            self.embedding.weight[1:].uniform_(-bound, bound)  # row 0, of padding, stays 0


def build(config: ModelConfigBase, *, steps: int, channels: int, outputs: int, tokens: int | None = None) -> nn.Module:
    """Return a fresh model, initialised from torch's global generator.

    Its ``forward`` takes a batch (B,T,C) float and the lengths (B,) int64, 1..T, and returns (B,O): logits of classes,
    or the one number of a regression.  With ``tokens`` the batch is (B,T,1) int, 0..tokens-1, 0 at padding.
    steps: T of the longest sequence it will be given.

    Raises:
        TypeError: the family is no neural one, or of code that is not loaded.
    """
    if isinstance(config, UnregisteredConfig):
        raise TypeError(f"the code that defines the family {config.family!r} is not loaded")
    if not isinstance(config, NeuralConfig):
        raise TypeError(
            f"{family_of(config)} is fitted, not built: it is no neural network. Those are: "
            f"{', '.join([*MODELS, *OWN])}"
        )
    name = family_of(config)
    family = OWN[name].module if name in OWN else MODELS[name][1]
    if tokens is None:
        return family(config, steps=steps, channels=channels, outputs=outputs)
    if isinstance(config, RecurrentConfig) and config.one_hot:
        return OneHotModel(tokens, config, steps=steps, outputs=outputs)
    return TokenModel(tokens, config.embedding, family, config=config, steps=steps, outputs=outputs)
