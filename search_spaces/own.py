"""Dimensions that a campaign file declares: any searchable field of a trial, within the field's own bounds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from search_spaces.dimensions import Choice, Dimension, Integer, Real, Stepped, Value
from search_spaces.errors import SpaceError
from search_spaces.families import Family, family_name
from search_spaces.fields import Fields, key, matches
from search_spaces.own_conditions import check_no_circle, conditions_from
from search_spaces.space import Space


class OwnDimension(BaseModel):
    """Inclusive bounds, ``{ low = 1e-4, high = 1e-2, log = true }``, or ``values``, in a campaign file."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    low: int | float | None = None
    """Smallest value."""
    high: int | float | None = None
    """Largest value; with ``step`` an upper bound."""
    log: bool = False
    """Draw uniformly in the logarithm."""
    step: int | float | None = None
    """Try ``low``, ``low + step``, ... only."""
    values: list[Any] | None = None
    """Values to try, instead of bounds.  A plain list is the same."""
    when: dict[str, Any] = {}
    """Fields and the value, or list of values, that each must have; otherwise the dimension is inactive."""

    @model_serializer(mode="wrap")
    def _as_written(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is not set, as a file does."""
        fields: dict[str, Any] = serialize(self)
        return {name: value for name, value in fields.items() if value != type(self).model_fields[name].default}


Wish = OwnDimension | Sequence[Any]


def of_model(family: Family) -> Space:
    """Return the space of a family in which nothing is searched yet."""
    return Space(name=f"model {family_name(family)}", models=(family,), dimensions={})


def with_own(space: Space, wishes: Mapping[str, Wish], fields: Fields) -> Space:
    """Return the space with own dimensions: in the place of one with the same path, else after the others, by path.

    Raises:
        SpaceError: no such field, values that it does not allow, a condition that can never hold or is circular.
    """
    dimensions: dict[str, Dimension] = {}
    conditions = {}
    for name, wish in wishes.items():
        where = f"space.dimensions.{key(name)}"
        path = fields.find(name, where)
        if path in dimensions:
            raise SpaceError(f"{where}: {path} is declared twice")
        own = wish if isinstance(wish, OwnDimension) else OwnDimension(values=list(wish))
        dimensions[path] = _dimension(own, path, fields, where)
        if own.when:
            conditions[path] = conditions_from(own.when, path, space, fields)
    kept = {path: dimensions.get(path, dimension) for path, dimension in space.dimensions.items()}
    made = replace(
        space,
        dimensions=kept | {path: dimensions[path] for path in sorted(dimensions)},
        optional={path: dimension for path, dimension in space.optional.items() if path not in dimensions},
        constants={path: value for path, value in space.constants.items() if path not in dimensions},
        conditions=conditions,
    )
    check_no_circle(made, conditions)
    return made


def with_fixed_fields(space: Space, fix: Mapping[str, object], fields: Fields) -> tuple[Space, dict[str, object]]:
    """Return the space with the fields of the model that are fixed and no dimension, and the other wishes.

    Raises:
        SpaceError: a field of training or the data, or a value that the field does not allow.
    """
    constants: dict[str, Value] = {}
    others: dict[str, object] = {}
    known = [*space.dimensions, *space.optional, *space.constants]
    for name, value in fix.items():
        if matches(name, known):
            others[name] = value
            continue
        where = f"space.fix.{key(name)}"
        path = fields.find(name, where)
        table, _, last = path.partition(".")
        if table != "model":
            raise SpaceError(
                f"{where}: {path} is no dimension of the space. Set {last} in [{table}], or search it in "
                "space.dimensions"
            )
        if path in constants:
            raise SpaceError(f"{where}: {path} is fixed twice")
        constants[path] = fields.allowed(value, path, where)
    return replace(space, constants=dict(space.constants) | constants), others


def _dimension(own: OwnDimension, path: str, fields: Fields, where: str) -> Dimension:
    field = next(iter(fields.by_path[path].values()))
    if own.values is not None:
        if own.model_fields_set & {"low", "high", "log", "step"}:
            raise SpaceError(f"{where}: values exclude low, high, log and step")
        if not own.values:
            raise SpaceError(f"{where}: an empty list; allowed: one or more of {field.allowed}")
        return _made(where, Choice, *(fields.allowed(value, path, where) for value in own.values))
    if own.low is None or own.high is None:
        raise SpaceError(f"{where}: needs low and high, or a list of values")
    if field.options:
        raise SpaceError(f"{where}: is a choice; write a list of one or more of {field.allowed}")
    low, high = (fields.allowed(end, path, f"{where}.{name}") for name, end in (("low", own.low), ("high", own.high)))
    if own.low > own.high:
        raise SpaceError(f"{where}: low = {own.low} is greater than high = {own.high}")
    whole = field.kind == "integer"
    if own.step is not None:
        if own.log:
            raise SpaceError(f"{where}: log and step exclude each other")
        if whole and type(own.step) is not int:
            raise SpaceError(f"{where}.step: got {own.step}; allowed: whole number >= 1")
        return (
            _made(where, Integer, low, high) if whole and own.step == 1 else _made(where, Stepped, low, high, own.step)
        )
    if own.log and own.low <= 0:
        raise SpaceError(f"{where}: log = true needs low > 0; got low = {own.low}")
    return _made(where, Integer if whole else Real, low, high, own.log)


def _made(where: str, dimension: type[Dimension], *values: Any) -> Dimension:
    try:
        return dimension(*values)
    except SpaceError as error:
        raise SpaceError(f"{where}: {error}") from None
