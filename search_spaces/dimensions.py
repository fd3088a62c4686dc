"""One dimension of a space: which values it allows, its bounds included at both ends."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Self

from numpy.random import Generator
from pydantic import BaseModel, ConfigDict, model_validator

from search_spaces.errors import SpaceError

Value = bool | int | float | str


class Bounds(BaseModel):
    """Inclusive bounds, ``{ low = 1, high = 2 }`` in a campaign file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: int | float
    high: int | float

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low = {self.low} is greater than high = {self.high}")
        return self

    def __str__(self) -> str:
        return f"{{ low = {self.low}, high = {self.high} }}"


MOST_VALUES = 100_000
"""Bound of the values of a stepped dimension, which are held in memory."""

STEPS = 2**53
"""Equal steps between the two ends of a real dimension: as many as a float tells apart in [0, 1]."""


def fraction(rng: Generator) -> float:
    """Return a number from [0, 1], both ends possible (``Generator.random`` leaves out 1)."""
    return int(rng.integers(0, STEPS, endpoint=True)) / STEPS


def equal(a: object, b: object) -> bool:
    """Return whether two values are the same and of one type: 32 is not 32.0, and True is not 1."""
    return type(a) is type(b) and a == b


@dataclass(frozen=True, slots=True, init=False)
class Choice:
    """One of some values, in a given order: ``Choice(16, 32, 48)``."""

    options: tuple[Value, ...]

    def __init__(self, *options: Value) -> None:
        if not options:
            raise SpaceError("a choice needs at least one value")
        for i, option in enumerate(options):
            if type(option) not in (bool, int, float, str) or (isinstance(option, float) and not math.isfinite(option)):
                raise SpaceError(f"a choice holds finite numbers, strings and booleans; got {option!r}")
            if any(equal(option, other) for other in options[:i]):
                raise SpaceError(f"a choice holds each value once; {option!r} is there twice")
        object.__setattr__(self, "options", options)

    def contains(self, value: object) -> bool:
        """Return whether the value is one of the options, type included."""
        return any(equal(value, option) for option in self.options)

    def among(self, values: Sequence[object]) -> "Choice":
        """Return the choice among ``values`` only, in this choice's order.  SpaceError: a value that is no option."""
        unknown = [value for value in values if not self.contains(value)]
        if unknown or not values:
            raise SpaceError(f"got {list(values)}; allowed: a list of one or more of {self.describe()}")
        return type(self)(*(option for option in self.options if any(equal(option, value) for value in values)))

    def within(self, bounds: Bounds) -> "Choice":
        """Return the choice among the numbers within the bounds.  SpaceError: no numbers, or none within."""
        numbers = [option for option in self.options if isinstance(option, int | float) and type(option) is not bool]
        kept = [number for number in numbers if bounds.low <= number <= bounds.high]
        if len(numbers) < len(self.options) or not kept:
            raise SpaceError(f"got {bounds}; allowed: a list of one or more of {self.describe()}")
        return type(self)(*kept)

    def sample(self, rng: Generator) -> Value:
        """Draw an option, each equally likely."""
        return self.options[int(rng.integers(len(self.options)))]

    def values(self) -> Sequence[Value]:
        """Return every value, in order."""
        return self.options

    def describe(self) -> str:
        """Return a short text for tables and messages."""
        return ", ".join(str(option) for option in self.options)


@dataclass(frozen=True, slots=True)
class Integer:
    """Whole numbers from ``low`` to ``high``, both included; ``log``: uniform in the logarithm."""

    low: int
    high: int
    log: bool = False

    def __post_init__(self) -> None:
        if type(self.low) is not int or type(self.high) is not int or self.low > self.high:
            raise SpaceError(f"an integer dimension needs whole numbers low <= high; got {self.low!r}, {self.high!r}")
        if self.log and self.low < 1:
            raise SpaceError(f"a logarithmic integer dimension starts at 1 or above; got {self.low}")

    def contains(self, value: object) -> bool:
        """Return whether the value is an int (not a bool, not 3.0) within the bounds."""
        return type(value) is int and self.low <= value <= self.high

    def among(self, values: Sequence[object]) -> Choice:
        """Return a choice among these values.  SpaceError: a value outside the bounds."""
        return _choice(self, [value for value in values if isinstance(value, int)], values)

    def within(self, bounds: Bounds) -> Self:
        """Return the dimension between narrower bounds.  SpaceError: not two whole numbers within the old ones."""
        low, high = bounds.low, bounds.high
        if isinstance(low, int) and isinstance(high, int) and self.contains(low) and self.contains(high):
            return type(self)(low, high, self.log)
        raise SpaceError(f"got {bounds}; allowed: whole numbers low and high from {self.describe()}")

    def sample(self, rng: Generator) -> int:
        """Draw a number; uniform, each number equally likely."""
        return self.at(fraction(rng)) if self.log else int(rng.integers(self.low, self.high, endpoint=True))

    def at(self, position: float) -> int:
        """Return the number at a position of [0, 1]: 0 gives ``low``, 1 gives ``high``, each its own share of the way.

        The way begins half a step below ``low`` and ends half a step above ``high``; otherwise rounding would give
        the ends half the share of the others.
        """
        start, end = self.low - 0.5, self.high + 0.5
        value = start * (end / start) ** position if self.log else start + (end - start) * position
        return self.nearest(value)

    def nearest(self, value: float) -> int:
        """Return the number of this dimension that is nearest to any finite value."""
        return min(max(round(value), self.low), self.high)

    def values(self) -> Sequence[Value]:
        """Return every value, in order."""
        return range(self.low, self.high + 1)

    def describe(self) -> str:
        """Return a short text for tables and messages."""
        return f"{self.low} to {self.high}{' (log)' if self.log else ''}"


@dataclass(frozen=True, slots=True)
class Real:
    """Numbers from ``low`` to ``high``, both included; ``log``: uniform in the logarithm."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        for end in (self.low, self.high):
            if type(end) not in (int, float) or not math.isfinite(end):
                raise SpaceError(f"a real dimension needs finite numbers; got {end!r}")
        object.__setattr__(self, "low", float(self.low))
        object.__setattr__(self, "high", float(self.high))
        if self.low > self.high:
            raise SpaceError(f"a real dimension needs low <= high; got {self.low}, {self.high}")
        if self.log and self.low <= 0.0:
            raise SpaceError(f"a logarithmic real dimension starts above 0; got {self.low}")

    def contains(self, value: object) -> bool:
        """Return whether the value is a float within the bounds."""
        return type(value) is float and self.low <= value <= self.high

    def among(self, values: Sequence[object]) -> Choice:
        """Return a choice among these values.  SpaceError: a value outside the bounds."""
        return _choice(self, [float(v) for v in values if isinstance(v, int | float) and type(v) is not bool], values)

    def within(self, bounds: Bounds) -> Self:
        """Return the dimension between narrower bounds.  SpaceError: numbers outside the old ones."""
        if self.low <= bounds.low and bounds.high <= self.high:
            return type(self)(bounds.low, bounds.high, self.log)
        raise SpaceError(f"got {bounds}; allowed: numbers low and high from {self.describe()}")

    def sample(self, rng: Generator) -> float:
        """Draw a number."""
        return self.at(fraction(rng))

    def at(self, position: float) -> float:
        """Return the number at a position of [0, 1]: 0 gives ``low``, 1 gives ``high``."""
        if position == 1.0:
            return self.high  # the sums below may fall short of it by a rounding
        if self.log:
            return self.nearest(self.low * (self.high / self.low) ** position)
        return self.nearest(self.low + (self.high - self.low) * position)

    def nearest(self, value: float) -> float:
        """Return the number of this dimension that is nearest to any finite value."""
        return min(max(float(value), self.low), self.high)

    def values(self) -> Sequence[Value] | None:
        """Return the only value where both bounds are one, else None: too many to list."""
        return (self.low,) if self.low == self.high else None

    def describe(self) -> str:
        """Return a short text for tables and messages."""
        return f"{self.low} to {self.high}{' (log)' if self.log else ''}"


@dataclass(frozen=True, slots=True)
class Stepped:
    """The numbers ``low``, ``low + step``, ..., up to ``high``, which is one of them where the steps meet it.

    Whole numbers if all three are, otherwise reals.  Those are computed as decimals: 0.1 + 2 * 0.1 is 0.3.
    """

    low: int | float
    high: int | float
    step: int | float
    _values: Sequence[int | float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        numbers = (self.low, self.high, self.step)
        if any(type(number) not in (int, float) or not math.isfinite(number) for number in numbers):
            raise SpaceError(f"a stepped dimension needs finite numbers; got {', '.join(map(repr, numbers))}")
        if self.step <= 0:
            raise SpaceError(f"a step must be > 0; got {self.step}")
        low, high, step = (Fraction(repr(number)) for number in numbers)
        if low > high:
            raise SpaceError(f"a stepped dimension needs low <= high; got {self.low}, {self.high}")
        count = (high - low) // step + 1
        if count == 1:
            raise SpaceError(f"step = {self.step} leaves one value, {self.low}")
        if count > MOST_VALUES:
            raise SpaceError(f"step = {self.step} makes {count:,} values; at most {MOST_VALUES:,} are allowed")
        whole = all(type(number) is int for number in numbers)
        if not whole:
            for name, number in zip(("low", "high", "step"), numbers, strict=True):
                object.__setattr__(self, name, float(number))
        values = [low + k * step for k in range(count)]
        object.__setattr__(self, "_values", tuple(map(int if whole else float, values)))

    @property
    def positions(self) -> Integer:
        """The numbers 0, 1, ... of the values."""
        return Integer(0, len(self._values) - 1)

    def contains(self, value: object) -> bool:
        """Return whether the value is one of the numbers, type included."""
        if type(value) is not type(self.low):
            return False
        place = bisect_left(self._values, value)
        return place < len(self._values) and self._values[place] == value

    def among(self, values: Sequence[object]) -> Choice:
        """Return a choice among these values.  SpaceError: a value that is none of the numbers."""
        return _choice(self, [v for v in values if isinstance(v, int | float)], values)

    def within(self, bounds: Bounds) -> "Choice | Stepped":
        """Return the numbers within narrower bounds.  SpaceError: bounds outside the old ones, or none within."""
        kept = [value for value in self._values if bounds.low <= value <= bounds.high]
        if bounds.low < self.low or bounds.high > self.high or not kept:
            raise SpaceError(f"got {bounds}; allowed: numbers low and high from {self.describe()}")
        return Choice(*kept) if len(kept) == 1 else type(self)(kept[0], kept[-1], self.step)

    def sample(self, rng: Generator) -> int | float:
        """Draw a number, each equally likely."""
        return self._values[self.positions.sample(rng)]

    def at(self, position: float) -> int | float:
        """Return the number at a position of [0, 1]: 0 gives the first, 1 the last, each its own share of the way."""
        return self._values[self.positions.at(position)]

    def values(self) -> Sequence[Value]:
        """Return every value, in order."""
        return self._values

    def describe(self) -> str:
        """Return a short text for tables and messages."""
        return f"{self.low} to {self.high}, step {self.step}"


Dimension = Choice | Integer | Real | Stepped


def as_held(dimension: Dimension, value: object) -> Value | None:
    """Return a user's value as the dimension holds it, so that 1 is 1.0 among reals; None where it is outside."""
    if isinstance(dimension, Real | Stepped) and type(dimension.low) is float and type(value) is int:
        value = float(value)
    return value if isinstance(value, bool | int | float | str) and dimension.contains(value) else None


def _choice(dimension: Integer | Real | Stepped, numbers: Sequence[Value], values: Sequence[object]) -> Choice:
    if not values or len(numbers) < len(values) or not all(map(dimension.contains, numbers)):
        raise SpaceError(f"got {list(values)}; allowed: a list of numbers from {dimension.describe()}")
    return Choice(*numbers)
