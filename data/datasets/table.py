"""A user's own table: CSV, Parquet or NPZ, one row per sequence."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.config import DataOptions
from data.datasets.columns import column_names, known, label_column, number_steps, read_columns
from data.datasets.npz import read_arrays
from data.errors import DataError
from data.files import locate
from data.formats import TABLE_SUFFIXES
from data.messages import as_list, listed, quoted
from data.rows import DataSet, Rows, encode_as, encode_groups, encode_labels, known_group_notes, part
from data.spellings import group_spelling_notes, label_spelling_notes

IDENTIFIER = re.compile(
    r"(?i:(.*[ _.-])?(id|idx|index|row)([ _.-]?(no|nr|num|number))?|unnamed: \d+)|.*[a-z](Id|ID|Idx|Index)"
)
"""Names that row identifiers have."""
EXACT = 2**24
"""Up to here float32 tells integers apart."""


def find(options: DataOptions, datasets: Path | None) -> tuple[Path, ...]:
    """Return the table's path and, where ``options.test`` names one, the official test part's."""
    paths = tuple(locate(name, datasets) for name in (options.dataset, options.test) if name is not None)
    for path in paths:
        if path.suffix not in TABLE_SUFFIXES:
            raise DataError(f"{path}: {path.suffix!r} is no table's suffix. Allowed: {', '.join(TABLE_SUFFIXES)}.")
    if len({path.suffix == ".npz" for path in paths}) > 1:
        raise DataError(f"{paths[1]}: an .npz file's test part is an .npz file too.")
    return paths


def load(options: DataOptions, paths: tuple[Path, ...]) -> Rows:
    """Return a table's rows.

    CSV and Parquet: a label column (``options.label``, or the one called label, target or class), a group column if
    ``options.group`` names one, and the time steps in their order, which must be numbers: ``options.columns``, or all
    other columns but ``options.ignore``.
    NPZ: arrays x (N, T) or (N, T, C) and y (N,); lengths (N,) and group (N,) are optional.
    """
    read = _read_npz if paths[0].suffix == ".npz" else _read_table
    table = read(paths[0], options, None)
    y, class_names = encode_labels(table.labels, str(paths[0]))
    test, group_name = None, options.group or "group"
    notes = () if options.columns else identifier_notes(table.x, table.steps, options.ignore)
    notes += label_spelling_notes(class_names)
    if table.groups is not None:
        notes += group_spelling_notes(table.groups.tolist(), group_name)
    if len(paths) > 1:
        official = read(paths[1], options, table)
        test = part(official.x, encode_as(official.labels, class_names, str(paths[1])), official.lengths)
        if table.groups is not None and official.groups is not None:
            notes += known_group_notes(table.groups.tolist(), official.groups.tolist(), group_name)
    return Rows(
        rows=part(table.x, y, table.lengths),
        class_names=class_names,
        groups=None if table.groups is None else encode_groups(table.groups, str(paths[0])),
        group_name=group_name,
        test=test,
        notes=notes,
        inputs=table.steps,
    )


TABLE = DataSet(about="a table of your own: one row per sequence", size="any", find=find, load=load)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """One file.  x: (N, T) or (N, T, C);  labels, lengths, groups: (N,);  steps: the names of the T columns."""

    x: NDArray[Any]
    labels: NDArray[Any]
    lengths: NDArray[Any] | None = None
    groups: NDArray[Any] | None = None
    steps: tuple[str, ...] = ()


def identifier_notes(x: NDArray[Any], steps: tuple[str, ...], ignored: tuple[str, ...]) -> tuple[str, ...]:
    """Return a note for each time step of ``x`` (N, T) that looks like a row identifier.

    Its values are integers, different in all rows, and it is named like an identifier or is the first column and
    increases from row to row.
    """
    notes = []
    for step, name in enumerate(steps):
        has_name = IDENTIFIER.fullmatch(name) is not None
        if (has_name or step == 0) and _identifies(x[:, step], has_name=has_name):
            notes.append(
                f"column {quoted(name)} looks like a row identifier and is used as time step {step}. "
                f"Leave it out with data.ignore = {as_list([*ignored, name])}."
            )
    return tuple(notes)


def _identifies(values: NDArray[Any], *, has_name: bool) -> bool:
    if (values != np.floor(values)).any():
        return False
    if (np.diff(values) > 0).all():
        return True
    large = np.abs(values).max() >= EXACT  # float32 has rounded such identifiers, so that some are equal
    return has_name and bool(large or len(np.unique(values)) == len(values))


def _text_hint(column: str) -> str:
    name = quoted(column)
    return (
        f" If {name} is no time step, name it as data.group = {name} or data.text = {name}, or leave it out with "
        f"data.ignore = [{name}]."
    )


def _read_table(path: Path, options: DataOptions, train: _Table | None) -> _Table:
    """Return a CSV or Parquet file;  train: of the official test part, the training file that it must agree with."""
    names = column_names(path)
    label = label_column(path, names, options.label, unused=(*options.ignore, *options.columns))
    roles = {label: "data.label" if options.label is not None else "the label"}
    if options.group is not None and (train is None or options.group in names):  # a test part needs no groups
        roles[known(path, names, options.group, "data.group")] = "data.group"
    steps = tuple(number_steps(path, names, options, roles, official_test=train is not None))
    if train is not None and steps != train.steps:
        different = sorted(set(steps) ^ set(train.steps)) or ["their order"]
        raise DataError(
            f"{path}: {len(steps)} time steps, the training file has {len(train.steps)}; they must be the same "
            f"columns. Different: {listed(different)}."
        )
    x, columns = read_columns(path, numbers=steps, others=list(roles), hint=_text_hint)
    return _Table(x=x, labels=columns[label], groups=columns.get(options.group or ""), steps=steps)


def _read_npz(path: Path, options: DataOptions, train: _Table | None) -> _Table:
    """Return an NPZ file;  train: of the official test part, the training file that it must agree with."""
    label, group = options.label or "y", options.group or "group"
    arrays, names = read_arrays(path, {"x", label, "lengths", group})
    for name in ("x", label, *([group] if options.group and train is None else [])):
        if name not in arrays:
            raise DataError(f"{path}: no array {name!r}. Arrays: {listed(names)}.")
    check_arrays(path, arrays, None if train is None else train.x.shape[1:])
    return _Table(x=arrays["x"], labels=arrays[label], lengths=arrays.get("lengths"), groups=arrays.get(group))


def check_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], shape: tuple[int, ...] | None) -> None:
    """Raise DataError where x is no sequences of finite numbers, or another array does not fit it.

    shape: that x must have behind its first axis; None for any.
    """
    x = arrays["x"]
    if x.ndim not in {2, 3} or 0 in x.shape or x.dtype.kind not in "fiub":
        raise DataError(f"{path}: x has shape {x.shape} and type {x.dtype}; needs numbers, (N, T) or (N, T, C).")
    if shape is not None and x.shape[1:] != shape:
        raise DataError(f"{path}: x has shape {x.shape}; the training file has (N, {', '.join(map(str, shape))}).")
    for name, array in arrays.items():
        if name != "x" and array.shape != x.shape[:1]:
            raise DataError(
                f"{path}: {name} has shape {array.shape}; x has {len(x):,} rows, so it must be ({len(x)},)."
            )
    steps = x.shape[1]
    lengths = arrays.get("lengths", np.full(len(x), steps))
    wrong = (lengths < 1) | (lengths > steps) if lengths.dtype.kind in "iu" else np.ones(len(x), dtype=np.bool_)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(f"{path}: lengths, row {row + 1}: got {lengths[row]}; needs a whole number, 1 to {steps}.")
    valid = np.arange(steps) < lengths[:, None]
    with np.errstate(over="ignore"):
        bad = ~np.isfinite(x.astype(np.float32)).reshape(len(x), steps, -1).all(axis=2) & valid
    if bad.any():
        row, step = np.argwhere(bad)[0]
        advice = ""
        if "lengths" not in arrays and np.isnan(x[row, step:]).all():
            advice = " If sequences differ in length, give their lengths in an array `lengths`."
        raise DataError(
            f"{path}: x, row {row + 1}, time step {step + 1}: got {x[row, step]}; needs finite numbers.{advice}"
        )
