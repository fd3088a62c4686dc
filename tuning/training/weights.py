"""The kept weights of a trial: written without pickled code, and compared with their hash before they are used."""

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from tuning.training.files import write_file
from tuning.training.loop import weights_sha256


def save_weights(weights: Mapping[str, Tensor], path: Path) -> None:
    """Write weights; the file is complete or absent.

    Raises:
        OSError: the folder is missing or cannot be written, or the disk is full.
    """
    # safetensors takes no channels-last strides.
    write_file(path, save({name: value.contiguous() for name, value in weights.items()}))


def load_weights(path: Path, sha256: str | None) -> dict[str, Tensor]:
    """Return the weights of a file.

    Raises:
        ValueError: the file is damaged, or its weights have another hash than ``sha256``, that of a trial's result.
    """
    try:
        weights: dict[str, Tensor] = load_file(path)
        found = weights_sha256(weights)
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        raise ValueError(f"{path.name} is damaged: {error}") from None
    if found != sha256:
        raise ValueError(f"{path.name} has the hash {found[:12]}, which is not that of the trial's record")
    return weights
