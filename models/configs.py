"""Hyperparameters of every family of models; no torch here, so that commands start quickly."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class ModelConfigBase(BaseModel):
    """Frozen; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CNNGRUConfig(ModelConfigBase):
    """1D-CNN-GRU of the heartbeat study."""

    family: Literal["cnn-gru"] = "cnn-gru"
    cnn_hidden: int = Field(default=64, ge=1)
    gru_hidden: int = Field(default=256, ge=1)
    gru_layers: int = Field(default=2, ge=1)
    blocks: int = Field(default=5, ge=0)
    dropout: float = Field(default=0.4, ge=0.0, lt=1.0)


class CNN2DConfig(ModelConfigBase):
    """2D-CNN of the heartbeat study."""

    family: Literal["cnn2d"] = "cnn2d"
    hidden: int = Field(default=128, ge=1)
    layers: int = Field(default=3, ge=1)
    blocks: int = Field(default=1, ge=0)
    dropout: float = Field(default=0.3, ge=0.0, lt=1.0)


ModelConfig = Annotated[CNNGRUConfig | CNN2DConfig, Field(discriminator="family")]
