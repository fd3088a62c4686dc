"""A space: named dimensions of a trial's configuration, and how a campaign cuts it."""

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self, TypeVar

from numpy.random import Generator

from models.configs import ModelConfigBase
from search_spaces.dimensions import Dimension, Real, Value
from search_spaces.errors import SpaceError

T = TypeVar("T")

Assignment = dict[str, Value]
"""Path of a field of a trial's configuration (``model.hidden``, ``train.batch_size``) -> its value."""


@dataclass(frozen=True, kw_only=True)
class Space:
    """What a campaign may try.

    model: the configuration class whose fields ``model.*`` paths name.  dimensions: what is searched.
    second_stage: what a campaign can switch on.  constants: what a campaign has fixed.  source: study and table.
    Every path stands in one of the three at most.
    """

    name: str
    model: type[ModelConfigBase]
    dimensions: Mapping[str, Dimension]
    second_stage: Mapping[str, Dimension] = field(default_factory=dict)
    constants: Mapping[str, Value] = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        paths = [*self.dimensions, *self.second_stage, *self.constants]
        for path in paths:
            room, _, last = path.partition(".")
            if room not in ("model", "train", "data") or not last or (room == "model" and last not in self._fields()):
                raise SpaceError(f'space "{self.name}": {path}: no such field of a trial\'s configuration')
            if paths.count(path) > 1:
                raise SpaceError(f'space "{self.name}": {path} is there twice')

    def _fields(self) -> Iterable[str]:
        return (name for name in self.model.model_fields if name != "family")

    @property
    def size(self) -> int | None:
        """How many different assignments there are; None where a dimension is continuous."""
        counts = [None if (values := d.values()) is None else len(values) for d in self.dimensions.values()]
        return None if None in counts else math.prod(count for count in counts if count is not None)

    def resolve(self, name: str) -> str:
        """Return the path that a user's name means: the whole path, or its last word(s) where only one path ends so.

        Raises:
            SpaceError: no dimension is called so, or several are.
        """
        known = [*self.dimensions, *self.second_stage, *self.constants]
        found = [path for path in known if path == name] or [path for path in known if path.endswith(f".{name}")]
        if len(found) == 1:
            return found[0]
        where = f'space "{self.name}": {name}'
        if found:
            raise SpaceError(f"{where}: several dimensions end so: {', '.join(found)}. Write the whole path")
        words = {path.rpartition(".")[2]: path for path in known} | {path: path for path in known}
        near = difflib.get_close_matches(name, words, n=1)
        hint = f' Did you mean "{words[near[0]]}"?' if near else ""
        raise SpaceError(
            f"{where}: no such dimension. Known: {', '.join(known)}; set others in [train] or [data].{hint}"
        )

    def cut(
        self,
        *,
        fix: Mapping[str, object] | None = None,
        narrow: Mapping[str, Sequence[object]] | None = None,
        also: Sequence[str] = (),
    ) -> Self:
        """Return a smaller (or, by ``also``, larger) space.

        fix: dimension, second-stage ones too -> the one value it keeps.  narrow: dimension -> inclusive [low, high],
        or the list of options left of a choice.  also: second-stage dimensions to search as well.

        Raises:
            SpaceError: an unknown name, a value outside the space, or two wishes for one dimension.
        """
        fixes = self._resolved("fix", fix or {})
        narrows = self._resolved("narrow", narrow or {})
        switched = self._resolved("also", dict.fromkeys(also))
        for path in switched:
            if path not in self.second_stage:
                raise SpaceError(f'space "{self.name}": also: {path} is no second-stage dimension, leave it out')
        for path in fixes:
            if path in narrows or path in switched:
                raise SpaceError(
                    f'space "{self.name}": {path} is fixed, so it cannot be searched too: keep one of both'
                )
        dimensions = dict(self.dimensions) | {p: d for p, d in self.second_stage.items() if p in switched}
        for path, values in narrows.items():
            dimensions[path] = self._narrowed(path, values, dimensions)
        constants = dict(self.constants) | {path: self._fixed(path, value) for path, value in fixes.items()}
        return replace(
            self,
            dimensions={path: d for path, d in dimensions.items() if path not in constants},
            second_stage={p: d for p, d in self.second_stage.items() if p not in switched and p not in constants},
            constants=constants,
        )

    def _resolved(self, key: str, wishes: Mapping[str, T]) -> dict[str, T]:
        resolved: dict[str, T] = {}
        for name, wish in wishes.items():
            path = self.resolve(name)
            if path in resolved:
                raise SpaceError(f'space "{self.name}": {key}: {path} is named twice')
            if path in self.constants:
                raise SpaceError(f'space "{self.name}": {key}: {path} is already fixed to {self.constants[path]!r}')
            resolved[path] = wish
        return resolved

    def _narrowed(self, path: str, values: Sequence[object], dimensions: Mapping[str, Dimension]) -> Dimension:
        if path not in dimensions:
            raise SpaceError(f'space "{self.name}": narrow: {path} is a second-stage dimension: add it to "also"')
        try:
            return dimensions[path].narrowed(values)
        except SpaceError as error:
            raise SpaceError(f'space "{self.name}": narrow: {path}: bounds outside the space: {error}') from None

    def _fixed(self, path: str, value: object) -> Value:
        dimension = {**self.dimensions, **self.second_stage}[path]
        if isinstance(dimension, Real) and type(value) is int:
            value = float(value)
        if isinstance(value, bool | int | float | str) and dimension.contains(value):
            return value
        raise SpaceError(
            f'space "{self.name}": fix: {path}: value outside the space: got {value!r}; allowed: {dimension.describe()}'
        )

    def with_dimension(self, path: str, dimension: Dimension) -> Self:
        """Return the space with one more dimension, for example ``data.balance``.  SpaceError: it is there already."""
        if path in self.dimensions:
            raise SpaceError(f'space "{self.name}": {path} is there already')
        return replace(self, dimensions=dict(self.dimensions) | {path: dimension})

    def sample(self, rng: Generator) -> Assignment:
        """Draw an assignment; it holds the dimensions, not the constants."""
        return {path: dimension.sample(rng) for path, dimension in self.dimensions.items()}

    def check(self, assignment: Mapping[str, object]) -> None:
        """Raise SpaceError unless the assignment gives every dimension, and nothing else, a value inside it."""
        for path in sorted(set(assignment) ^ set(self.dimensions)):
            what = "has no value" if path in self.dimensions else "is no dimension"
            raise SpaceError(f'space "{self.name}": {path} {what}. Dimensions: {", ".join(self.dimensions)}')
        for path, dimension in self.dimensions.items():
            if not dimension.contains(assignment[path]):
                raise SpaceError(
                    f'space "{self.name}": {path}: got {assignment[path]!r}; allowed: {dimension.describe()}'
                )

    def complete(self, assignment: Assignment) -> Assignment:
        """Return the assignment, checked, with the constants added: every field that this space decides."""
        self.check(assignment)
        return {**self.constants, **assignment}
