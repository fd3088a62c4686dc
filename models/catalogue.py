"""Every family of models by its name: its configuration and its module."""

from torch import nn

from models.cnn2d import CNN2D
from models.cnn_gru import CNNGRU
from models.configs import CNN2DConfig, CNNGRUConfig, ModelConfig, ModelConfigBase

MODELS: dict[str, tuple[type[ModelConfigBase], type[nn.Module]]] = {
    "cnn-gru": (CNNGRUConfig, CNNGRU),
    "cnn2d": (CNN2DConfig, CNN2D),
}


def build(config: ModelConfig, *, steps: int, channels: int, classes: int) -> nn.Module:
    """Return a fresh model, initialised from torch's global generator.

    Its ``forward`` takes a batch (B,T,C) float and the lengths (B,) int64, 1..T, and returns logits (B,K).
    steps: T of the longest sequence it will be given.
    """
    _, family = MODELS[config.family]
    return family(config, steps=steps, channels=channels, classes=classes)
