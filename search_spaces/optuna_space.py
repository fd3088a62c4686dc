"""Spaces as Optuna's distributions, and Optuna's numbers back to values.

Every dimension is a number for Optuna: an option by its place in a choice, a value of a stepped dimension by its
position.  Optuna then cannot return a value that JSON or a float changed, and its proposals are recorded as numbers.
The space is flat as HyperOpt's is (``hyperopt_space``): values are drawn for inactive dimensions too.
"""

from collections.abc import Mapping

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from search_spaces.dimensions import Choice, Dimension, Integer, Stepped, Value, equal
from search_spaces.space import Assignment, Space


def to_optuna(space: Space) -> dict[str, BaseDistribution]:
    """Return path -> distribution, for ``Study.ask``."""
    return {path: _distribution(dimension) for path, dimension in space.dimensions.items()}


def from_optuna(space: Space, numbers: Mapping[str, int | float]) -> Assignment:
    """Return the assignment that Optuna's numbers mean, without the values of inactive dimensions.

    Raises:
        KeyError: the numbers lack a dimension.
    """
    return space.active({path: _value(dimension, numbers[path]) for path, dimension in space.dimensions.items()})


def optuna_numbers(space: Space, assignment: Assignment) -> dict[str, int | float]:
    """Return the numbers that mean an assignment, without those of inactive dimensions.

    Raises:
        SpaceError: the assignment is not of this space.
    """
    space.check(assignment)
    return encoded(space, assignment)


def encoded(space: Space, values: Assignment) -> dict[str, int | float]:
    """Return the numbers that mean values of some dimensions."""
    return {path: _number(space.dimensions[path], value) for path, value in values.items()}


def _distribution(dimension: Dimension) -> BaseDistribution:
    if isinstance(dimension, Choice):
        return CategoricalDistribution(tuple(range(len(dimension.options))))
    if isinstance(dimension, Integer):
        return IntDistribution(dimension.low, dimension.high, log=dimension.log)
    if isinstance(dimension, Stepped):
        return _distribution(dimension.positions)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def _number(dimension: Dimension, value: Value) -> int | float:
    if isinstance(dimension, Choice):
        return next(i for i, option in enumerate(dimension.options) if equal(option, value))
    if isinstance(dimension, Stepped):
        return dimension.positions.low + dimension.values().index(value)
    if isinstance(dimension, Integer):
        return int(value)
    return float(value)


def _value(dimension: Dimension, number: float) -> Value:
    if isinstance(dimension, Choice):
        return dimension.options[int(number)]
    if isinstance(dimension, Stepped):
        return dimension.values()[dimension.positions.nearest(number)]
    return dimension.nearest(number)
