"""A space: named dimensions of a trial's configuration, and how a campaign restricts it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Self, TypeVar

from numpy.random import Generator

from data.messages import nearest
from search_spaces.conditions import CONDITIONS, Condition
from search_spaces.dimensions import Bounds, Choice, Dimension, Value, as_held
from search_spaces.errors import SpaceError
from search_spaces.families import FAMILY, Family, family_name, has
from search_spaces.parts import part_by_conditions

T = TypeVar("T")

Assignment = dict[str, Value]
"""Path of a field of a trial's configuration (``model.hidden``, ``train.batch_size``) -> its value."""


@dataclass(frozen=True, kw_only=True)
class Space:
    """What a campaign may try.

    models: the families of models whose fields ``model.*`` paths name.  dimensions: what is searched.
    optional: dimensions that a campaign may include.  constants: what a campaign has fixed.  A path occurs in at most
    one of the three.  conditions: path -> when it is active, beside ``CONDITIONS``.  source: study and table.  advice:
    what the space is for, in a line.

    With several families ``model.family`` is a dimension or a constant.  Every path belongs to at least one family.
    An assignment holds the dimensions that are active for its family and its other values, so that each configuration
    has exactly one assignment.  A dimension whose condition is on an inactive one is inactive.
    """

    name: str
    models: tuple[Family, ...]
    dimensions: Mapping[str, Dimension]
    optional: Mapping[str, Dimension] = field(default_factory=dict)
    constants: Mapping[str, Value] = field(default_factory=dict)
    conditions: Mapping[str, tuple[Condition, ...]] = field(default_factory=dict)
    source: str = ""
    advice: str = ""

    def __post_init__(self) -> None:
        paths = [*self.dimensions, *self.optional, *self.constants]
        for path in paths:
            if not self._is_field(path):
                raise SpaceError(f'space "{self.name}": {path}: no such field of a trial\'s configuration')
            if paths.count(path) > 1:
                raise SpaceError(f'space "{self.name}": {path} is listed twice')
        if len(self.models) != 1:
            self._check_families()

    def _is_field(self, path: str) -> bool:
        room, _, last = path.partition(".")
        if path == FAMILY:
            return len(self.models) > 1
        return room in ("model", "train", "data") and last != "" and any(has(model, path) for model in self.models)

    def _check_families(self) -> None:
        known = [family_name(model) for model in self.models]
        dimension = self.dimensions.get(FAMILY) or Choice(*(v for p, v in self.constants.items() if p == FAMILY))
        if not isinstance(dimension, Choice) or any(name not in known for name in dimension.options):
            raise SpaceError(f'space "{self.name}": {FAMILY} must be a choice among {", ".join(known)}')

    @property
    def families(self) -> tuple[Family, ...]:
        """The families that may be drawn."""
        if len(self.models) == 1:
            return self.models
        by_name: dict[Value, Family] = {family_name(model): model for model in self.models}
        drawn = (self.constants[FAMILY],) if FAMILY in self.constants else self.dimensions[FAMILY].values() or ()
        return tuple(by_name[name] for name in drawn)

    def family(self, values: Mapping[str, object]) -> Family:
        """Return the family that an assignment's ``model.family`` names, or the only one."""
        name = values.get(FAMILY)
        return next((model for model in self.families if family_name(model) == name), self.families[0])

    @property
    def size(self) -> int | None:
        """How many different assignments there are; None where a dimension is continuous."""
        total = 0
        for part in self.parts():
            counts = [None if (values := d.values()) is None else len(values) for d in part.values()]
            if None in counts:
                return None
            total += math.prod(count for count in counts if count is not None)
        return total

    def parts(self) -> list[dict[str, Dimension]]:
        """Return dimensions, in order, whose products are together all different assignments, each once.

        A part for each family, and of each for a field on which others depend: first its values without them.
        """
        return [
            part
            for family in self.families
            for part in part_by_conditions(self._of(family), partial(self.conditions_of, family=family))
        ]

    def _of(self, family: Family) -> dict[str, Dimension]:
        """Return the dimensions of a family, without those that depend on a dimension of other families."""
        return {
            path: Choice(family_name(family)) if path == FAMILY else dimension
            for path, dimension in self.dimensions.items()
            if self._may_occur(path, family)
        }

    def _may_occur(self, path: str, family: Family) -> bool:
        fields = [condition.field for condition in self.conditions_of(path, family)]
        known = {**self.constants, FAMILY: family_name(family)}
        return (
            has(family, path)
            and self._failed_condition(path, known, family) is None
            and all(self._may_occur(field, family) for field in fields if field in self.dimensions)
        )

    def conditions_of(self, path: str, family: Family | None = None) -> tuple[Condition, ...]:
        """Return the conditions that must all hold for a path to be active: of a family, or of any of the space."""
        families = self.models if family is None else (family,)
        known = CONDITIONS.get(path)
        if known is not None and not any(has(one, path) and has(one, known.field) for one in families):
            known = None
        return (*(() if known is None else (known,)), *self.conditions.get(path, ()))

    def resolve(self, name: str) -> str:
        """Return the path that a user's name means: the whole path, or its last word(s) where only one path ends so.

        Raises:
            SpaceError: no dimension is called so, or several are.
        """
        known = [*self.dimensions, *self.optional, *self.constants]
        found = [path for path in known if path == name] or [path for path in known if path.endswith(f".{name}")]
        if len(found) == 1:
            return found[0]
        where = f'space "{self.name}": {name}'
        if found:
            raise SpaceError(f"{where}: several dimensions have that name: {', '.join(found)}. Write the whole path")
        words = {path.rpartition(".")[2]: path for path in known} | {path: path for path in known}
        raise SpaceError(
            f"{where}: no such dimension. Known: {', '.join(known)}; search others with space.dimensions, or set them "
            f"in [train] or [data].{nearest(name, words, meaning=words)}"
        )

    def searched(self, name: str) -> str:
        """Return the path of a searched dimension.  SpaceError: unknown, not unique, fixed, or not switched on."""
        path = self.resolve(name)
        if path in self.dimensions:
            return path
        why = (
            f"is fixed to {self.constants[path]!r}"
            if path in self.constants
            else f"is optional: add it to space.include ({self.optional[path].describe()})"
        )
        raise SpaceError(f'space "{self.name}": {path} {why}. Searched: {", ".join(self.dimensions)}')

    def restricted(
        self,
        *,
        fix: Mapping[str, object] | None = None,
        narrow: Mapping[str, Bounds | Sequence[object]] | None = None,
        include: Sequence[str] = (),
        given: Mapping[str, Value] | None = None,
        needed: Sequence[str] = (),
    ) -> Self:
        """Return the space with some dimensions fixed or narrowed, and optional ones included.

        fix: dimension, optional ones too -> the one value it keeps.  narrow: dimension -> inclusive bounds, or a list
        of values.  include: optional dimensions to search as well.  given: values of fields that are not searched;
        dimensions that are inactive under them are dropped.  needed: further paths that must not be inactive.

        Raises:
            SpaceError: an unknown name, a value outside the space, a dimension named twice, or a named or needed one
                that is inactive for the remaining families or under the fixed values.
        """
        fixes = self._resolved("fix", fix or {})
        narrows = self._resolved("narrow", narrow or {})
        switched = self._resolved("include", dict.fromkeys(include))
        for path in switched:
            if path not in self.optional:
                raise SpaceError(f'space "{self.name}": include: {path} is searched anyway; leave it out')
        for path in fixes:
            if path in narrows or path in switched:
                raise SpaceError(f'space "{self.name}": {path} is both fixed and searched: keep one of the two')
        dimensions = dict(self.dimensions) | {p: d for p, d in self.optional.items() if p in switched}
        for path, values in narrows.items():
            dimensions[path] = self._narrowed(path, values, dimensions)
        constants = dict(self.constants) | {path: self._fixed(path, value) for path, value in fixes.items()}
        smaller = replace(
            self,
            dimensions={path: d for path, d in dimensions.items() if path not in constants},
            optional={p: d for p, d in self.optional.items() if p not in switched and p not in constants},
            constants=constants,
        )
        return smaller._drop_inactive([*fixes, *narrows, *switched, *needed], given or {})  # noqa: SLF001 - its own class

    def _drop_inactive(self, named: Sequence[str], given: Mapping[str, Value]) -> Self:
        """Drop dimensions that are inactive for all remaining families or under fixed values.

        named: paths that the campaign file names; an inactive one among them is an error.
        """
        families = self.families
        paths = [*self.dimensions, *self.optional, *self.constants]
        fixed = {path: value for path, value in given.items() if path not in self.dimensions} | dict(self.constants)
        unmet = {path: condition for path in paths if (condition := self._never_met(path, fixed))}
        inactive = [path for path in paths if path in unmet or not any(has(family, path) for family in families)]
        for path in named:
            if path in unmet:
                failed = unmet[path]
                raise SpaceError(
                    f'space "{self.name}": {path} is inactive: it applies only where {failed.words}, and '
                    f"{failed.field} is {fixed[failed.field]!r}. Leave it out, or change {failed.field}"
                )
            if path in inactive:
                raise SpaceError(
                    f'space "{self.name}": {path} is not a parameter of {", ".join(map(family_name, families))}. '
                    f"Leave it out, or let {FAMILY} include one of: "
                    f"{', '.join(family_name(model) for model in self.models if has(model, path))}"
                )
        return replace(
            self,
            dimensions={path: d for path, d in self.dimensions.items() if path not in inactive},
            optional={path: d for path, d in self.optional.items() if path not in inactive},
            constants={path: value for path, value in self.constants.items() if path not in inactive},
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

    def _narrowed(self, path: str, wish: Bounds | Sequence[object], dimensions: Mapping[str, Dimension]) -> Dimension:
        if path not in dimensions:
            raise SpaceError(f'space "{self.name}": narrow: {path} is optional: add it to space.include too')
        dimension = dimensions[path]
        try:
            return dimension.within(wish) if isinstance(wish, Bounds) else dimension.among(wish)
        except SpaceError as error:
            raise SpaceError(f'space "{self.name}": narrow: {path}: outside the space: {error}') from None

    def _fixed(self, path: str, value: object) -> Value:
        dimension = {**self.dimensions, **self.optional}[path]
        if (held := as_held(dimension, value)) is not None:
            return held
        raise SpaceError(
            f'space "{self.name}": fix: {path}: value outside the space: got {value!r}; allowed: '
            f"{dimension.describe()}. To try other values, replace the dimension in space.dimensions"
        )

    def with_dimension(self, path: str, dimension: Dimension) -> Self:
        """Return the space with one more dimension, as ``data.balance``.  SpaceError: it is a dimension already."""
        if path in self.dimensions:
            raise SpaceError(f'space "{self.name}": {path} is a dimension already')
        return replace(self, dimensions=dict(self.dimensions) | {path: dimension})

    def described(self) -> dict[str, str]:
        """Return each dimension's values as text."""
        return {path: dimension.describe() for path, dimension in self.dimensions.items()}

    def sample(self, rng: Generator, given: Mapping[str, Value] | None = None) -> Assignment:
        """Draw an assignment; it holds the dimensions, not the constants.  given: values that it has."""
        drawn = {path: dimension.sample(rng) for path, dimension in self.dimensions.items()}
        return self.active({**drawn, **(given or {})})

    def active(self, values: Assignment) -> Assignment:
        """Return the values of the dimensions that are active under them."""
        return {path: value for path, value in values.items() if self._is_active(path, values)}

    def _is_active(self, path: str, values: Mapping[str, object]) -> bool:
        """Whether a path is a parameter of the assignment's family and its conditions hold."""
        known, family = {**self.constants, **values}, self.family(values)
        conditions = self.conditions_of(path, family)
        decided = [c.field for c in conditions if c.field in self.dimensions or c.field in self.constants]
        return (
            has(family, path)
            and self._failed_condition(path, known, family) is None
            and all(field in known and self._is_active(field, values) for field in decided)
        )

    def _never_met(self, path: str, values: Mapping[str, object]) -> Condition | None:
        """Return a condition that fails under known values, where one does in every family that has the path."""
        failed = [self._failed_condition(path, values, family) for family in self.families if has(family, path)]
        return failed[0] if failed and all(failed) else None

    def _failed_condition(self, path: str, values: Mapping[str, object], family: Family) -> Condition | None:
        """Return the first condition of a path, or of a path on which it depends, that fails under known values."""
        for condition in self.conditions_of(path, family):
            value = values.get(condition.field)
            if isinstance(value, bool | int | float | str) and not condition.holds(value):
                return condition
            if (earlier := self._failed_condition(condition.field, values, family)) is not None:
                return earlier
        return None

    def check(self, assignment: Mapping[str, object]) -> None:
        """Raise SpaceError unless the assignment gives each dimension of its family, and no other, a value inside."""
        if FAMILY in self.dimensions:
            self._check_value(FAMILY, assignment.get(FAMILY))
        expected = [path for path in self.dimensions if self._is_active(path, assignment)]
        for path in sorted(set(assignment) ^ set(expected)):
            what = "has no value" if path in expected else "is not a dimension"
            raise SpaceError(f'space "{self.name}": {path} {what}. Dimensions: {", ".join(expected)}')
        for path in expected:
            self._check_value(path, assignment[path])

    def _check_value(self, path: str, value: object) -> None:
        dimension = self.dimensions[path]
        if not dimension.contains(value):
            raise SpaceError(f'space "{self.name}": {path}: got {value!r}; allowed: {dimension.describe()}')

    def complete(self, assignment: Assignment) -> Assignment:
        """Return the assignment, checked, with its family's constants added: every field that this space decides."""
        self.check(assignment)
        return self.active({**self.constants, **assignment})
