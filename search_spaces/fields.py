"""The fields of a trial's configuration that a campaign file can search: type, default and allowed values."""

import operator
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from data.messages import nearest
from search_spaces.dimensions import Value
from search_spaces.errors import SpaceError
from search_spaces.families import FAMILY, Family, family_name, has

Kind = Literal["integer", "real", "boolean", "choice"]

KINDS: Mapping[str, Kind] = {"integer": "integer", "number": "real", "boolean": "boolean"}
"""Type in a JSON Schema -> kind."""

WORDS: Mapping[Kind, str] = {"integer": "whole number", "real": "number", "boolean": "true or false"}

LIMITS: Mapping[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "minimum": (">=", operator.ge),
    "exclusiveMinimum": (">", operator.gt),
    "maximum": ("<=", operator.le),
    "exclusiveMaximum": ("<", operator.lt),
}
"""Bound in a JSON Schema -> sign, comparison."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One numeric, boolean or choice field.

    options: of a choice and a boolean, else empty.  limits: bounds of a number, as in a JSON Schema.  default: None
    where the field has none or is unset by default.  about: its meaning, a sentence.
    """

    path: str
    kind: Kind
    options: tuple[Value, ...]
    limits: Mapping[str, float]
    default: Value | None
    about: str

    def value(self, given: object) -> Value | None:
        """Return a given value as the field holds it: a whole number for a real field as a float; None: not allowed."""
        if self.kind == "real" and type(given) is int:
            given = float(given)
        if not isinstance(given, bool | int | float | str):
            return None
        if self.options:
            return given if any(type(given) is type(option) and given == option for option in self.options) else None
        fits = type(given) is (int if self.kind == "integer" else float)
        return given if fits and all(LIMITS[name][1](given, bound) for name, bound in self.limits.items()) else None

    @property
    def allowed(self) -> str:
        """The allowed values as text: ``whole number >= 1, <= 65536``, or ``"max", "average"``."""
        if self.kind == "choice":
            return ", ".join(map(toml, self.options))
        limits = ", ".join(f"{LIMITS[name][0]} {_short(bound)}" for name, bound in self.limits.items())
        return f"{WORDS[self.kind]} {limits}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The fields that dimensions of some families can name.

    by_path: path -> family's name -> field.  listed: paths of the data, which ``[data]`` lists instead.
    """

    by_path: Mapping[str, Mapping[str, Field]]
    listed: Collection[str] = ()

    def find(self, name: str, where: str) -> str:
        """Return the path of a field by its path or its last word.  SpaceError: none, or several; where: the key."""
        found = matches(name, self.by_path)
        if len(found) == 1:
            return found[0]
        if found:
            raise SpaceError(f"{where}: several fields have that name: {', '.join(found)}. Write the whole path")
        if listed := matches(name, self.listed):
            raise SpaceError(f"{where}: list the values of {listed[0]} in [data] instead, as {listed[0]} = [...]")
        if name.startswith("data."):
            only = ", ".join(self.listed)
            raise SpaceError(f"{where}: set the key in [data]. Of the data only {only} can be searched, by lists there")
        if name in (FAMILY, "family"):
            raise SpaceError(f"{where}: space.model names the family; in a space of several choose with space.narrow")
        words = {path.rpartition(".")[2]: path for path in self.by_path} | {path: path for path in self.by_path}
        hint = nearest(name, words, meaning=words)
        raise SpaceError(f"{where}: no such field of a trial. Fields: {', '.join(self.by_path)}.{hint}")

    def allowed(self, value: object, path: str, where: str) -> Value:
        """Return a value as a field holds it.  SpaceError: a family that has the field does not allow it."""
        kept: list[Value] = []
        fields = self.by_path[path]
        for family, field in fields.items():
            if (held := field.value(value)) is None:
                of = f" (of {family})" if len(fields) > 1 else ""
                raise SpaceError(f"{where}: got {toml(value)}; allowed{of}: {field.allowed}")
            kept.append(held)
        return kept[0]


def searchable(families: Iterable[Family], train: type[BaseModel], listed: Collection[str] = ()) -> Fields:
    """Return the fields that dimensions of these families can name.  train: the class of ``train.*``."""
    found: dict[str, dict[str, Field]] = {}
    for family in families:
        for path, field in fields_of(family, train).items():
            found.setdefault(path, {})[family_name(family)] = field
    return Fields(by_path=found, listed=listed)


def matches(name: str, paths: Collection[str]) -> list[str]:
    """Return the path itself, or else those that end in the name."""
    return [path for path in paths if path == name] or [path for path in paths if path.endswith(f".{name}")]


def fields_of(family: Family, train: type[BaseModel]) -> dict[str, Field]:
    """Return path -> field of a family's trials.  train: the class of ``train.*``, which neural families alone have."""
    found = {}
    for room, owner in (("model", family), ("train", train)):
        for name, schema in owner.model_json_schema()["properties"].items():
            path = f"{room}.{name}"
            if path != FAMILY and has(family, path) and (field := _field(path, schema)) is not None:
                found[path] = field
    return found


def _field(path: str, schema: Mapping[str, Any]) -> Field | None:
    """Return a field, None where it is neither numeric nor boolean nor a choice."""
    branches = [branch for branch in schema.get("anyOf", [schema]) if branch.get("type") != "null"]
    one = branches[0] if len(branches) == 1 else {}
    kind: Kind | None = "choice" if "enum" in one else KINDS.get(one.get("type", ""))
    if kind is None:
        return None
    options = one.get("enum", (True, False) if kind == "boolean" else ())
    about = " ".join(schema.get("description", "").replace("``", "`").split())
    return Field(
        path=path,
        kind=kind,
        options=tuple(options),
        limits={name: one[name] for name in LIMITS if name in one},
        default=schema.get("default"),
        about=re.split(r"\. (?=[A-Z`])", about)[0].rstrip("."),
    )


def _short(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else str(bound)


def toml(value: object) -> str:
    """Return a value as TOML."""
    return f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else repr(value)


def key(name: str) -> str:
    """Return a name as a key in TOML."""
    return f'"{name}"' if "." in name else name
