"""Search spaces and families of models as rows of tables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from search_spaces.conditions import Condition
from search_spaces.dimensions import Choice, Dimension, Value
from search_spaces.families import FAMILY, Family, family_name, find_family, has
from search_spaces.fields import Field, fields_of, searchable, toml
from search_spaces.space import Space
from tuning.campaign.trial import TrainConfig

LEARNING_RATE = '"train.learning_rate" = { low = 1e-4, high = 1e-2, log = true }'


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceRow:
    """One space in a list of all.  dimensions, optional: how many are searched, and how many may be included."""

    name: str
    advice: str
    dimensions: int
    optional: int
    models: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionRow:
    """One dimension.  optional: searched only where ``space.include`` names it.  where: its condition, if any."""

    path: str
    values: str
    optional: bool
    about: str
    where: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceDetails:
    """One space.  example: the tables of a campaign file that change it, TOML."""

    name: str
    advice: str
    models: list[str]
    source: str
    dimensions: list[DimensionRow]
    constants: dict[str, Value]
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One field that a campaign file can search.  default: None where there is none."""

    path: str
    allowed: str
    default: Value | None
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDetails:
    """A family of models.  example: the tables of a campaign file that search some of its fields, TOML."""

    model: str
    about: str
    fields: list[FieldRow]
    example: str


def list_spaces(spaces: Iterable[Space]) -> list[SpaceRow]:
    """Return one row for each space."""
    return [
        SpaceRow(
            name=space.name,
            advice=space.advice,
            dimensions=len(space.dimensions),
            optional=len(space.optional),
            models=[family_name(model) for model in space.models],
        )
        for space in spaces
    ]


def describe_space(space: Space) -> SpaceDetails:
    """Return a space with its dimensions, optional ones last."""
    fields = searchable(space.models, TrainConfig).by_path
    about = {path: next((field.about for field in of.values() if field.about), "") for path, of in fields.items()}
    return SpaceDetails(
        name=space.name,
        advice=space.advice,
        models=[family_name(model) for model in space.models],
        source=space.source,
        dimensions=[
            DimensionRow(
                path=path,
                values=dimension.describe(),
                optional=optional,
                about=about.get(path, "Model family"),
                where=" and ".join(_words(condition, path, space) for condition in space.conditions_of(path)) or None,
            )
            for optional, part in ((False, space.dimensions), (True, space.optional))
            for path, dimension in part.items()
        ],
        constants=dict(space.constants),
        example=_example(space),
    )


def _words(condition: Condition, path: str, space: Space) -> str:
    """Return a condition in words, with the families that it concerns where others of the space have none."""
    having = [family for family in space.models if has(family, path)]
    concerned = [family_name(family) for family in having if condition in space.conditions_of(path, family)]
    return condition.words if len(concerned) == len(having) else f"{condition.words} ({', '.join(concerned)})"


def describe_model(name: str) -> ModelDetails:
    """Return the fields of a family.  SpaceError: there is no such family."""
    family = find_family(name)
    fields = fields_of(family, TrainConfig)
    return ModelDetails(
        model=name,
        about=" ".join((family.__doc__ or "").split()),
        fields=[
            FieldRow(path=path, allowed=field.allowed, default=field.default, about=field.about)
            for path, field in fields.items()
        ],
        example=_example_of(family, fields),
    )


def _example(space: Space) -> str:
    """Return how to fix, narrow, include and add a dimension of this space."""
    *others, (narrowed, values) = [(path, one) for path, one in space.dimensions.items() if path != FAMILY][:2]
    lines = ["[space]", f'name = "{space.name}"']
    lines += [f'fix = {{ "{fixed}" = {toml(_some(first)[0])} }}' for fixed, first in others]
    lines.append(f'narrow = {{ "{narrowed}" = [{", ".join(map(toml, _some(values)))}] }}')
    if space.optional:
        lines.append(f'include = ["{next(iter(space.optional))}"]')
    return "\n".join([*lines, "", "[space.dimensions]", LEARNING_RATE])


def _example_of(family: Family, fields: Mapping[str, Field]) -> str:
    """Return how to search a number of the model, and the learning rate."""
    own = [f"model.{name}" for name in family.__annotations__]  # before what all neural families have
    lines = [line for path in own if path in fields and (line := _around_default(fields[path]))][:1]
    lines += [LEARNING_RATE] if "train.learning_rate" in fields else []
    return "\n".join(
        ["[space]", f'model = "{family_name(family)}"', *(["", "[space.dimensions]"] if lines else []), *lines]
    )


def _around_default(field: Field) -> str | None:
    """Return a dimension around the default of a positive number; None of another field."""
    default = field.default
    if field.kind == "integer" and isinstance(default, int) and default > 1:
        return f'"{field.path}" = {{ low = {default}, high = {4 * default}, step = {default} }}'
    if field.kind == "real" and isinstance(default, float) and field.value(10 * default) is not None and default > 0:
        return f'"{field.path}" = {{ low = {default / 10}, high = {default * 10}, log = true }}'
    return None


def _some(dimension: Dimension) -> list[Value]:
    """Return up to two values of a dimension."""
    if isinstance(dimension, Choice):
        return list(dimension.options[:2])
    return [dimension.at(0.0), dimension.at(1.0)]
