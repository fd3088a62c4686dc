"""Families of a user's own code by name, and how a recorded model is read where that code is not loaded.

No torch here, so that commands that only read records start quickly and run no code.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

from pydantic import (
    ConfigDict,
    PlainValidator,
    PrivateAttr,
    SerializeAsAny,
    TypeAdapter,
    ValidationInfo,
    model_serializer,
)

from models.configs import Classical, ModelConfig, ModelConfigBase, Neural, NeuralConfig

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""A name in a user's table: it stands in campaign files, records and MLflow."""

BUILT_IN: dict[str, type[ModelConfigBase]] = {
    config.model_fields["family"].default: config for config in (*get_args(Neural), *get_args(Classical))
}
"""The configuration of every family of this package, classical ones too."""

_BUILT_IN: TypeAdapter[ModelConfigBase] = TypeAdapter(ModelConfig)


class UnregisteredConfig(ModelConfigBase):
    """A recorded model of a family whose code is not loaded: plain values, compared and shown, never built."""

    model_config = ConfigDict(frozen=True, extra="allow")

    family: str
    _order: tuple[str, ...] = PrivateAttr(())

    @classmethod
    def of(cls, values: dict[str, Any]) -> "UnregisteredConfig":
        """Return the record of these values; it is written again as it was read."""
        record = cls.model_validate(values)
        record._order = tuple(values)  # noqa: SLF001 - its own class
        return record

    @model_serializer(mode="plain")
    def _as_read(self) -> dict[str, Any]:
        values = {"family": self.family, **(self.__pydantic_extra__ or {})}
        return {name: values[name] for name in self._order or values}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFamily:
    """A family of a user's code.  module: its ``torch.nn.Module``;  sha256: of the file that defines it."""

    config: type[NeuralConfig]
    module: type[Any]
    sha256: str


OWN: dict[str, OwnFamily] = {}
"""The families of the code in use."""


def register(name: str, config: object, module: object, *, sha256: str) -> None:
    """Add a family.

    Raises:
        ValueError: the name is taken or no name, or the configuration is not one of a neural family of that name.
    """
    if name in BUILT_IN or name in OWN:
        what = "a family of this package" if name in BUILT_IN else "defined twice"
        raise ValueError(f"is {what}. Choose another name")
    if not isinstance(config, type) or not issubclass(config, NeuralConfig):
        raise ValueError("its first part must be a class derived from models.configs.NeuralConfig")  # noqa: TRY004 - as for any other entry
    family = config.model_fields.get("family")
    literal = family is not None and get_origin(family.annotation) is Literal and get_args(family.annotation) == (name,)
    if not literal or family is None or family.default != name:
        raise ValueError(f'{config.__name__} needs the field family: Literal["{name}"] = "{name}"')
    if not config.model_config.get("frozen") or config.model_config.get("extra") != "forbid":
        raise ValueError(f"{config.__name__} must stay frozen and refuse unknown keys, as NeuralConfig does")
    if missing := [key for key, field in config.model_fields.items() if field.is_required()]:
        raise ValueError(f"{config.__name__}.{missing[0]} has no default; every field needs one")
    if not isinstance(module, type):
        raise ValueError("its second part must be a class derived from torch.nn.Module")  # noqa: TRY004 - likewise
    OWN[name] = OwnFamily(config=config, module=module, sha256=sha256)


def forget() -> None:
    """Remove every registered family."""
    OWN.clear()


def family_of(config: ModelConfigBase) -> str:
    """Return a configuration's family."""
    return str(getattr(config, "family", ""))


def read_model(values: object, *, code: Collection[str] = ()) -> ModelConfigBase:
    """Return the configuration of a model: of this package, of the code in use, or its plain values.

    code: the hashes of the files that the trial names.  Only a trial that names code may have an unknown family.

    Raises:
        ValidationError: the family is unknown, or its values are not allowed.
    """
    if isinstance(values, UnregisteredConfig):
        values = values.model_dump()
    if isinstance(values, ModelConfigBase):
        family = family_of(values)
        if family in OWN and type(values) is OWN[family].config:
            return values
        return _BUILT_IN.validate_python(values)
    name = values.get("family") if isinstance(values, dict) else None
    if not code or not isinstance(values, dict) or not isinstance(name, str) or name in BUILT_IN:
        return _BUILT_IN.validate_python(values)
    if name in OWN and OWN[name].sha256 in code:
        return OWN[name].config.model_validate(values)
    return UnregisteredConfig.of(values)


def _validated(values: object, info: ValidationInfo) -> ModelConfigBase:
    return read_model(values, code=[file.sha256 for file in info.data.get("code", ())])


if TYPE_CHECKING:  # families of a user's code have at least what all of these have
    TrialModel = Neural | Classical
else:
    TrialModel = Annotated[SerializeAsAny[ModelConfigBase], PlainValidator(_validated)]
    """The model of a trial, whose field ``code`` precedes it."""
