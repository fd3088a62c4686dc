"""Hyperparameters of every family of models; no torch here, so that commands start quickly."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

WIDEST = 2**16
"""Bound of widths; whether such a model fits into memory is checked before it is built."""

DEEPEST = 100
"""Bound of layers and blocks."""

MOST_PARTS = 10**6
"""Bound of trees, kernels, and rows of a leaf."""


class ModelConfigBase(BaseModel):
    """Frozen; unknown keys are refused.  A field's docstring is its description: `seqtune spaces --model` shows it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class NeuralConfig(ModelConfigBase):
    """A family of neural networks."""

    embedding: int = Field(default=64, ge=1, le=WIDEST)
    """Width of a word's embedding; texts alone have one."""


class CNNGRUConfig(NeuralConfig):
    """1D-CNN-GRU of the heartbeat study."""

    family: Literal["cnn-gru"] = "cnn-gru"
    cnn_hidden: int = Field(default=64, ge=1, le=WIDEST)
    """Channels of the convolutions."""
    gru_hidden: int = Field(default=256, ge=1, le=WIDEST)
    """Units of each GRU layer."""
    gru_layers: int = Field(default=2, ge=1, le=DEEPEST)
    """GRU layers."""
    blocks: int = Field(default=5, ge=0, le=DEEPEST)
    """Convolutional blocks."""
    dropout: float = Field(default=0.4, ge=0.0, lt=1.0)
    """Between GRU layers."""
    residual: bool = True
    """Whether blocks have their skip connection."""
    squeeze_excite: bool = False
    """Whether blocks scale their channels by squeeze-and-excitation."""
    dilation: int = Field(default=1, ge=1, le=WIDEST)
    """Block i = 1, 2, ... (of each stage, where there are stages) has its convolutions dilated by dilation ** i."""
    layer_norm: bool = False
    """Layer normalisation inside the GRU."""
    attention_heads: int = Field(default=0, ge=0, le=WIDEST)
    """Heads of the multi-head attention over the GRU's states; 0: the last state alone.  Divides gru_hidden."""

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.attention_heads:
            _check_heads("gru_hidden", self.gru_hidden, "attention_heads", self.attention_heads)
        return self


class CNN2DConfig(NeuralConfig):
    """2D-CNN of the heartbeat study."""

    family: Literal["cnn2d"] = "cnn2d"
    hidden: int = Field(default=128, ge=1, le=WIDEST)
    """Channels of the convolutions, and units of the dense layer."""
    layers: int = Field(default=3, ge=1, le=DEEPEST)
    """Stages of ``blocks`` blocks and a halving max pooling."""
    blocks: int = Field(default=1, ge=0, le=DEEPEST)
    """Blocks of each stage."""
    dropout: float = Field(default=0.3, ge=0.0, lt=1.0)
    """After the dense layer."""
    residual: bool = True
    """Whether blocks have their skip connection."""
    squeeze_excite: bool = False
    """Whether blocks scale their channels by squeeze-and-excitation."""
    dilation: int = Field(default=1, ge=1, le=WIDEST)
    """Block i = 1, 2, ... of each stage has its convolutions dilated by dilation ** i."""
    pooling: Literal["max", "average"] = "max"
    """Before the dense head: ``max`` flattens what max pooling left; ``average`` is global average pooling."""


class CNN1DConfig(NeuralConfig):
    """1D-CNN with residual blocks."""

    family: Literal["cnn1d"] = "cnn1d"
    hidden: int = Field(default=64, ge=1, le=WIDEST)
    """Channels of the convolutions, and units of the dense layer."""
    layers: int = Field(default=2, ge=1, le=DEEPEST)
    """Stages of ``blocks`` blocks and a halving max pooling; a sequence of one step is halved no more."""
    blocks: int = Field(default=1, ge=0, le=DEEPEST)
    """Blocks of each stage."""
    kernel: Literal[3, 5, 7] = 3
    """Width of the convolutions."""
    dropout: float = Field(default=0.2, ge=0.0, lt=1.0)
    """After the dense layer."""
    residual: bool = True
    """Whether blocks have their skip connection."""
    squeeze_excite: bool = False
    """Whether blocks scale their channels by squeeze-and-excitation."""
    dilation: int = Field(default=1, ge=1, le=WIDEST)
    """Block i = 1, 2, ... of each stage has its convolutions dilated by dilation ** i."""
    pooling: Literal["max", "average"] = "average"
    """Over the time that is left: global max or global average pooling."""


class RecurrentConfig(NeuralConfig):
    """Recurrent classifier, with an optional convolutional front end."""

    family: Literal["recurrent"] = "recurrent"
    cell: Literal["rnn", "gru", "lstm"] = "gru"
    """Kind of recurrent layer."""
    hidden: int = Field(default=128, ge=1, le=WIDEST)
    """Units of each recurrent layer."""
    layers: int = Field(default=1, ge=1, le=DEEPEST)
    """Recurrent layers."""
    bidirectional: bool = False
    """Whether to read each sequence in both directions."""
    layer_norm: bool = False
    """Layer normalisation inside the cell."""
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Between recurrent layers, and before each dense layer."""
    padding: Literal["packed", "back", "front"] = "packed"
    """``packed``: padding is never read.  ``back``, ``front``: every sequence is padded there to the data's longest,
    and the padding is read."""
    reverse: bool = False
    """Read each sequence from its end to its beginning."""
    one_hot: bool = False
    """Texts: words as one-hot vectors, straight into the first recurrent layer, instead of an embedding."""
    conv_channels: int = Field(default=0, ge=0, le=WIDEST)
    """Channels of the Conv1d and ReLU before the recurrent layers; 0: none."""
    conv_kernel: Literal[3, 5, 7] = 3
    """Width of the convolution."""
    conv_norm: bool = True
    """Whether batch normalisation follows the convolution."""
    dense_layers: int = Field(default=1, ge=1, le=DEEPEST)
    """Linear layers after the last state, the output layer among them."""
    dense_hidden: int = Field(default=64, ge=1, le=WIDEST)
    """Width of the dense layers before the output layer."""
    dense_last: int = Field(default=0, ge=0, le=WIDEST)
    """Width of those after the first dense layer; 0: dense_hidden."""
    tanh_output: bool = False
    """Whether the outputs pass through a tanh, which keeps logits within -1 and 1."""

    @model_validator(mode="after")
    def _one_hot_fits(self) -> Self:
        others = {
            "conv_channels": self.conv_channels,
            "bidirectional": self.bidirectional,
            "layer_norm": self.layer_norm,
        }
        if self.one_hot and (name := next((name for name, value in others.items() if value), None)):
            raise ValueError(
                f"one_hot words go straight into plain recurrent layers in one direction, so {name} cannot be "
                f"{str(others[name]).lower()}. Leave {name} out, or set one_hot = false"
            )
        return self


class TransformerConfig(NeuralConfig):
    """Transformer encoder behind a convolutional front end."""

    family: Literal["transformer"] = "transformer"
    front: Literal["1d", "2d"] = "1d"
    """``1d``: over time, then halved, a token for two steps.  ``2d``: over the 2D-CNN's image, a token for a row."""
    conv_hidden: int = Field(default=64, ge=1, le=WIDEST)
    """Channels of the front end."""
    blocks: int = Field(default=1, ge=0, le=DEEPEST)
    """Convolutional blocks of the front end."""
    residual: bool = True
    """Whether blocks have their skip connection."""
    squeeze_excite: bool = False
    """Whether blocks scale their channels by squeeze-and-excitation."""
    dilation: int = Field(default=1, ge=1, le=WIDEST)
    """Block i = 1, 2, ... of the front end has its convolutions dilated by dilation ** i."""
    hidden: int = Field(default=64, ge=1, le=WIDEST)
    """Width of the encoder; its feed-forward parts are four times as wide."""
    heads: int = Field(default=4, ge=1, le=WIDEST)
    """Divides hidden."""
    layers: int = Field(default=2, ge=1, le=DEEPEST)
    """Encoder layers."""
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    """In the encoder, and before the output."""

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        _check_heads("hidden", self.hidden, "heads", self.heads)
        return self


class MajorityConfig(ModelConfigBase):
    """The most frequent class of the training part; the mean target in a regression."""

    family: Literal["majority"] = "majority"


class LinearConfig(ModelConfigBase):
    """Logistic regression on the flattened sequence; ridge regression in a regression."""

    family: Literal["linear"] = "linear"
    penalty: float = Field(default=1.0, gt=0.0)
    """Strength of the L2 penalty."""


class RandomForestConfig(ModelConfigBase):
    """Random forest on the flattened sequence."""

    family: Literal["random-forest"] = "random-forest"
    trees: int = Field(default=200, ge=1, le=MOST_PARTS)
    """Trees of the forest."""
    min_leaf: int = Field(default=1, ge=1, le=MOST_PARTS)
    """Least rows of a leaf."""


MINIROCKET_STEPS = 9
"""Steps of MiniRocket's kernels: shorter sequences are refused."""


class MiniRocketConfig(ModelConfigBase):
    """MiniRocket's random convolutions, then ridge regression."""

    family: Literal["minirocket"] = "minirocket"
    kernels: int = Field(default=10_000, ge=84, le=MOST_PARTS)
    """Random convolutions."""


Neural = CNNGRUConfig | CNN2DConfig | CNN1DConfig | RecurrentConfig | TransformerConfig
"""Families trained by gradient descent."""

Classical = MajorityConfig | LinearConfig | RandomForestConfig | MiniRocketConfig
"""Families fitted at once: one epoch."""

ModelConfig = Annotated[Neural | Classical, Field(discriminator="family")]


def _check_heads(width_name: str, width: int, heads_name: str, heads: int) -> None:
    if width % heads:
        allowed = ", ".join(str(n) for n in range(1, width + 1) if width % n == 0)
        raise ValueError(
            f"{width_name} = {width} cannot be shared out to {heads_name} = {heads}: each head gets as much as the "
            f"others. Choose one of {allowed} heads, or another {width_name}"
        )
