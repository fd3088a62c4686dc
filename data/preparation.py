"""How rows become the input of a model: what a prepared directory says of it, as one small file without the arrays."""

import json
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data.arrays import Scale
from data.config import Kind, TextRule
from data.errors import DataError
from data.manifest import MANIFEST, Manifest
from data.scaling import Scaling


class Preparation(BaseModel):
    """What was done to the rows of a trial, complete: new rows are prepared by it in the same way.

    data_sha256: of the prepared arrays that it describes.  class_names: K names; empty of a regression.  steps,
    channels: of the padded rows.  tokens, words, rule: of a vocabulary.  scaling: of channels.  scale: of the target.
    inputs, target: columns of the table that was prepared; empty and None where they have no names or are not known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    data_sha256: str
    class_names: tuple[str, ...]
    steps: int
    channels: int
    tokens: int | None = None
    words: tuple[str, ...] = ()
    rule: TextRule = Field(default=TextRule(), exclude_if=lambda rule: rule == TextRule())
    scaling: Scaling | None = None
    scale: Scale | None = None
    inputs: tuple[str, ...] = ()
    target: str | None = None

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        """Return the preparation of a prepared directory."""
        return cls(
            data_sha256=manifest.sha256,
            class_names=manifest.class_names,
            steps=manifest.steps,
            channels=manifest.channels,
            tokens=manifest.tokens,
            words=manifest.words,
            rule=manifest.rule,
            scaling=manifest.scaling,
            scale=manifest.scale,
            inputs=manifest.inputs,
            target=manifest.target,
        )

    @property
    def kind(self) -> Kind:
        """What the rows were before they were prepared."""
        return "texts" if self.tokens is not None else "series" if self.scale is not None else "sequences"

    @property
    def outputs(self) -> int:
        """Outputs of a model: a logit per class, or one number for regression."""
        return len(self.class_names) or 1

    def text(self) -> str:
        """Return it as the content of a file."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False) + "\n"


def read_preparation(path: Path) -> Preparation:
    """Return the preparation in a file.  DataError: it cannot be read, or is damaged."""
    try:
        return Preparation.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise DataError(f"{path}: damaged, or of another version: {error.errors()[0]['msg']}.") from error


def find_prepared(store: Path, data_sha256: str) -> tuple[Path, Manifest] | None:
    """Return a prepared directory under ``store`` with these arrays and its manifest, None where there is none."""
    for path in sorted(store.glob(f"*/{MANIFEST}")):
        manifest = Manifest.read(path.parent)
        if manifest is not None and manifest.sha256 == data_sha256:
            return path.parent, manifest
    return None
