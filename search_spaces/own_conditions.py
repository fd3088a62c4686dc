"""Conditions that a campaign file writes for its own dimensions: ``when``."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from search_spaces.conditions import Condition, is_among
from search_spaces.errors import SpaceError
from search_spaces.families import FAMILY
from search_spaces.fields import Fields, key, matches, toml
from search_spaces.space import Space


def conditions_from(when: Mapping[str, Any], path: str, space: Space, fields: Fields) -> tuple[Condition, ...]:
    """Return the conditions of a dimension: that each field has its value, or one of its list.

    Raises:
        SpaceError: no such field, the dimension itself, or a value that the field does not allow.
    """
    others = [*fields.listed, *(other for other in space.dimensions if other == FAMILY)]
    conditions = []
    for name, given in when.items():
        where = f"space.dimensions.{key(path)}.when.{key(name)}"
        field = next(iter(matches(name, others)), None) or fields.find(name, where)
        if field == path:
            raise SpaceError(f"{where}: {path} cannot depend on itself")
        values: list[Any] = given if isinstance(given, list) else [given]
        if not values:
            raise SpaceError(f"{where}: an empty list: the dimension would never be active")
        if field in fields.by_path:
            values = [fields.allowed(value, field, where) for value in values]
        conditions.append(is_among(field, values))
    return tuple(conditions)


def check_no_circle(space: Space, paths: Collection[str]) -> None:
    """Raise SpaceError where a path's conditions lead back to it."""
    for path in paths:
        if circle := _circle(space, [path]):
            raise SpaceError(f"space.dimensions: conditions in a circle: {' when '.join(circle)}")


def check_conditions(space: Space, paths: Collection[str], fields: Fields, *, given: Collection[str]) -> None:
    """Check that own dimensions can be active.

    space: complete, with what the data varies.  paths: the own dimensions.  given: fields that the campaign file sets.

    Raises:
        SpaceError: a condition on a field that is neither searched nor fixed nor set, or on a value that never occurs.
    """
    for path in paths:
        for condition in space.conditions_of(path):
            field = condition.field
            if field in space.dimensions:
                _check_values(condition, path, space)
            elif field not in space.constants and field not in given:
                if condition in space.conditions.get(path, ()):
                    raise SpaceError(
                        f"space.dimensions.{key(path)}.when: {field} is neither searched, nor fixed, nor set. Search "
                        "it in space.dimensions or space.include, or give it a value"
                    )
                _check_default(condition, path, fields)


def _check_values(condition: Condition, path: str, space: Space) -> None:
    field, dimension = condition.field, space.dimensions[condition.field]
    where = f"space.dimensions.{key(path)}.when"
    if condition.values and dimension.values() is None:
        raise SpaceError(
            f"{where}: {field} is searched continuously ({dimension.describe()}). Give it a list of values, or a step"
        )
    never = [value for value in condition.values if not dimension.contains(value)]
    if never:
        raise SpaceError(f"{where}: {field} is never {toml(never[0])}: it is searched in {dimension.describe()}")


def _check_default(condition: Condition, path: str, fields: Fields) -> None:
    """Check a condition of every space on a field that keeps its default."""
    found = fields.by_path.get(condition.field, {})
    defaults = [field.default for family, field in found.items() if family in fields.by_path[path]]
    if defaults and not any(default is not None and condition.holds(default) for default in defaults):
        raise SpaceError(
            f"space.dimensions.{key(path)} is inactive: it applies only where {condition.words}, and {condition.field} "
            f"is {toml(defaults[0])} by default. Search {condition.field} too, or fix it with space.fix"
        )


def _circle(space: Space, paths: Sequence[str]) -> list[str]:
    """Return the paths of a circle of conditions, each active when the next has a value; empty: there is none."""
    for condition in space.conditions_of(paths[-1]):
        if condition.field in paths:
            return [*paths[paths.index(condition.field) :], condition.field]
        if circle := _circle(space, [*paths, condition.field]):
            return circle
    return []
