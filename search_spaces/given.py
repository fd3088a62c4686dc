"""Values that a user gives for some dimensions of a space."""

from collections.abc import Mapping

from search_spaces.dimensions import as_held
from search_spaces.errors import SpaceError
from search_spaces.families import FAMILY, family_name, has
from search_spaces.space import Assignment, Space


def given_values(space: Space, values: Mapping[str, object]) -> Assignment:
    """Return the values by their paths, each as its dimension holds it.

    values: name of a searched dimension, whole or its last word -> value.

    Raises:
        SpaceError: no value; a name that is unknown, not searched or there twice; a value outside its dimension; a
            dimension that is inactive under the others' values, or for some values of one that is not given.
    """
    if not values:
        raise SpaceError("gives no value")
    found: Assignment = {}
    for name, value in values.items():
        path = space.searched(name)
        held = as_held(space.dimensions[path], value)
        if path in found:
            raise SpaceError(f"{path} is named twice")
        if held is None:
            raise SpaceError(f"{path}: got {value!r}; allowed: {space.dimensions[path].describe()}")
        found[path] = held
    space.restricted(fix=found)
    for path in found:
        _check_decided(space, path, found)
    return found


def _check_decided(space: Space, path: str, found: Assignment) -> None:
    """Raise SpaceError where a path may turn out inactive, as it depends on what the search will draw."""
    families = [one for one in space.families if found.get(FAMILY, family_name(one)) == family_name(one)]
    needed = [condition.field for family in families for condition in space.conditions_of(path, family)]
    if any(not has(family, path) for family in families):
        needed.insert(0, FAMILY)
    for field in needed:
        if field in space.dimensions and field not in found:
            raise SpaceError(f"{path} does not apply to every {field}. Give {field} too")
