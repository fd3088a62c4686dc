"""What is wrong with a file's values, in this project's words: key, got, allowed, nearest."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import ErrorDetails

from data.messages import nearest, quoted, shortened
from search_spaces.dimensions import Bounds
from search_spaces.own import OwnDimension

TYPES = {
    "bool_type": "true or false",
    "dict_type": "a table of keys and values",
    "float_type": "a number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "a table of keys and values",
    "string_type": "a text in quotes",
    "tuple_type": "a list",
}
BOUNDS = {
    "greater_than": (">", "gt"),
    "greater_than_equal": (">=", "ge"),
    "less_than": ("<", "lt"),
    "less_than_equal": ("<=", "le"),
}
VALUES: Mapping[Sequence[str | int], Iterable[str]] = {
    ("space", "narrow"): Bounds.model_fields,
    ("space", "dimensions"): OwnDimension.model_fields,
}
"""Tables whose keys are dimensions -> keys of a dimension's own table."""
LONGEST = 60
"""Characters of a wrong value that a message repeats."""

Path = tuple[str | int, ...]


def messages(error: ValidationError, document: Mapping[str, Any], model: type[BaseModel]) -> list[tuple[Path, str]]:
    """Return (key path, message) of every wrong value, a union's alternatives as one.

    document: what was validated;  model: the class it was validated as.
    """
    found: dict[Path, str] = {}
    for detail in error.errors(include_url=False):
        path, other_branch = _path(detail, document)
        # Of `value or list of values` pydantic reports both branches; the one that fits the value's shape counts.
        # Of `whole number or number` the second says what is allowed.
        if path and (path not in found or detail["type"] == "float_type") and not other_branch:
            found[path] = _message(path, detail, model)
        elif not path:
            found[()] = str(detail.get("ctx", {}).get("error", detail["msg"]))
    return list(found.items())


def dotted(path: Sequence[str | int]) -> str:
    """Return a path as a TOML key: ``space.fix."model.dropout"``, ``data.balance[1]``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            word = f'"{step}"' if "." in step or not step else step
            word = shortened(word, LONGEST)
            text += f".{word}" if text else word
    return text


def shown(value: object) -> str:
    """Return a value as one would write it in TOML, cut where it is long."""
    plain = value is None or isinstance(value, bool | int | float | str | list | tuple | dict)
    text = json.dumps(value, default=str, ensure_ascii=False) if plain else str(value)
    return shortened(text, LONGEST)


def listed(values: Iterable[object]) -> str:
    """Return ``"raw", "smote"``."""
    return ", ".join(shown(value) for value in values)


def key_paths(model: type[BaseModel], before: Path = ()) -> list[Path]:
    """Return every key of a configuration class, tables within tables as paths."""
    paths: list[Path] = []
    for name, field in model.model_fields.items():
        if any(isinstance(note, SkipJsonSchema) for note in field.metadata):  # type: ignore[misc] # of records alone
            continue
        paths.append((*before, name))
        for annotation in (field.annotation, *get_args(field.annotation)):  # a table, or a table that may be absent
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                paths += key_paths(annotation, (*before, name))
    return paths


def _path(detail: ErrorDetails, document: Mapping[str, Any]) -> tuple[Path, bool]:
    """The keys that lead to the value, and whether the error is about a branch of a union that was not meant.

    pydantic puts the names of union branches between the keys; those are not in the document.
    """
    here: Any = document
    path: list[str | int] = []
    other_branch = False
    for step in detail["loc"]:
        known = step in here if isinstance(here, Mapping) else isinstance(here, list) and isinstance(step, int)
        if known:
            path.append(step)
            here = here[step]
        elif isinstance(step, str):
            lists = step.startswith("list[")
            other_branch = lists if isinstance(here, Mapping) else isinstance(here, list) != lists
    if detail["type"] == "missing":
        path.append(detail["loc"][-1])
    return tuple(path), other_branch


def _message(path: Path, detail: ErrorDetails, model: type[BaseModel]) -> str:
    kind, got, context = detail["type"], detail["input"], detail.get("ctx", {})
    key = dotted(path)
    if kind == "missing":
        return f"{key} is missing"
    if kind == "extra_forbidden":
        return f"{key}: no such key. {_known(path, model)}"
    start = f"{key} = {shown(got)}"
    if kind == "literal_error":
        allowed = [part.strip().strip("'") for part in str(context["expected"]).replace(" or ", ", ").split(", ")]
        return f"{start}: allowed are {listed(allowed)}.{nearest(got, allowed)}"
    if kind in BOUNDS:
        sign, bound = BOUNDS[kind]
        return f"{start}: must be {sign} {context[bound]}"
    if kind == "string_too_short":
        return f"{start}: must not be empty"
    if kind == "value_error" and isinstance(got, Mapping):
        return f"{key}: {context['error']}"
    if kind == "value_error":
        return f"{start}: {context['error']}"
    if kind in TYPES and isinstance(got, list) and path[0] == "train":
        return f"{start}: must be {TYPES[kind]}, one value. To search it, list the values in space.dimensions"
    if kind in TYPES and path[:-1] in VALUES:
        return f"{start}: must be a list of values, or a table of bounds such as {{ low = 1, high = 8 }}"
    if kind in TYPES:
        return f"{start}: must be {TYPES[kind]}"
    return f"{start}: {detail['msg'][:1].lower()}{detail['msg'][1:]}"


def _known(path: Path, model: type[BaseModel]) -> str:
    """The keys that the table of an unknown key has, and the nearest key of any table."""
    word, table = str(path[-1]), path[:-1]
    everywhere = key_paths(model)
    here = [str(p[-1]) for p in everywhere if p[:-1] == table] or list(VALUES.get(table[:-1], ()))
    if not here:
        return "Leave it out"
    where = f"[{dotted(table)}]" if table else "the top level"
    elsewhere = [p for p in everywhere if p[-1] == word]
    hint = f" Did you mean {quoted(dotted(elsewhere[0]))}?" if elsewhere else nearest(word, here)
    return f"Known in {where}: {', '.join(here)}.{hint}"
