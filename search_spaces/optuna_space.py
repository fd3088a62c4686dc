"""Spaces as Optuna's distributions, and Optuna's numbers back to values.

Every dimension is a number for Optuna: an option by its place in a choice, a value of a stepped dimension by its
position.  Optuna then cannot return a value that JSON or a float changed, and its proposals are recorded as numbers.
The space is flat as HyperOpt's is (``hyperopt_space``): values are drawn for inactive dimensions too.
"""

from collections.abc import Mapping

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from search_spaces.dimensions import Choice, Dimension, Integer, Stepped, Value
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


def _distribution(dimension: Dimension) -> BaseDistribution:
    if isinstance(dimension, Choice):
        places = range(len(dimension.options))
        ordered = _ordered(dimension)
        return IntDistribution(0, places[-1]) if ordered else CategoricalDistribution(tuple(places))
    if isinstance(dimension, Integer):
        return IntDistribution(dimension.low, dimension.high, log=dimension.log)
    if isinstance(dimension, Stepped):
        return _distribution(dimension.positions)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def _ordered(choice: Choice) -> bool:
    """Whether the options are numbers in increasing order, so that near places mean near values."""
    numbers = [option for option in choice.options if isinstance(option, int | float) and type(option) is not bool]
    return len(numbers) == len(choice.options) > 1 and numbers == sorted(numbers)


def _value(dimension: Dimension, number: float) -> Value:
    if isinstance(dimension, Choice):
        return dimension.options[int(number)]
    if isinstance(dimension, Stepped):
        return dimension.values()[dimension.positions.nearest(number)]
    return dimension.nearest(number)
