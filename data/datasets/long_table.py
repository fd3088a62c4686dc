"""A user's own long table: CSV or Parquet, one row per time step, with the id of its sequence or recording."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.config import DataOptions, Segment
from data.datasets.columns import column_names, known, label_column, number_steps, read_arrow
from data.datasets.long_columns import Codes, coded, sortable
from data.datasets.segments import window_labels, window_starts, windows_at
from data.datasets.table import find
from data.errors import DataError
from data.memory import check_bytes
from data.messages import as_list, listed, quoted
from data.rows import (
    DataSet,
    Rows,
    check_classes,
    distinct_labels,
    known_classes,
    known_group_notes,
    label_name,
    named_classes,
    part,
)
from data.spellings import group_spelling_notes, label_spelling_notes

ADVICE = "fill it in, or drop the row"
SEGMENT = 'data.segment = { length = 128, step = 64, label = "majority" }'

# R rows of the table, N sequences, T time steps, C channels, K labels


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recordings:
    """One file, its rows sorted by sequence and time.

    ids: of the N sequences.  values: (R, C).  channels: C names.  starts, lengths: (N,) of each sequence in the rows.
    keys: the K different labels.  labels: (R,) places among them.  groups: (N,), or None where ``data.group`` is not
    set; group_values: the different ones.
    """

    path: Path
    ids: list[Any]
    values: NDArray[np.float32]
    channels: tuple[str, ...]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    keys: NDArray[Any]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64] | None
    group_values: list[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sequences:
    """What is trained on.  x: (N, T, C);  lengths, labels, and the recording that each is of: (N,)."""

    x: NDArray[np.float32]
    lengths: NDArray[np.int64]
    labels: NDArray[np.int64]
    recordings: NDArray[np.int64]
    notes: list[str]


def load(options: DataOptions, paths: tuple[Path, ...]) -> Rows:
    """Return the sequences of a long table, in order of their first rows, or the windows of its recordings.

    Columns: ``options.sequence``, ``options.time``, ``options.group``, a label, and the channels, which must be
    numbers: ``options.channels`` or ``options.columns``, or all other columns but ``options.ignore``.
    """
    first = _read(paths[0], options, None)
    names = tuple(map(label_name, first.keys))
    files = [first, *(_read(path, options, first, class_names=names) for path in paths[1:])]
    if options.segment is None:
        steps = max(int(file.lengths.max()) for file in files)
        loaded, *others = [_padded(file, steps, options) for file in files]
    else:
        loaded, *others = [_windows(file, options.segment) for file in files]
    y, class_names = named_classes(first.keys, loaded.labels, str(first.path))
    tests, notes = [], [*_time_notes(first, options), *loaded.notes, *label_spelling_notes(class_names)]
    for file, other in zip(files[1:], others, strict=True):
        noun = "sequence" if options.segment is None else "window"
        known_y = known_classes(file.keys, other.labels, class_names, str(file.path), noun=noun)
        tests.append(part(other.x, known_y, other.lengths))
        notes += [f"test part: {note}" for note in other.notes]
        notes += known_group_notes(first.group_values, file.group_values, options.group or "")
    groups, group_values = first.groups, first.group_values
    if groups is None and options.segment is not None:
        groups, group_values = np.arange(len(first.lengths)), first.ids
    notes += group_spelling_notes(group_values, options.group or options.sequence or "")
    return Rows(
        rows=part(loaded.x, y, loaded.lengths),
        class_names=class_names,
        groups=None if groups is None else groups[loaded.recordings],
        group_name=options.group or options.sequence,
        test=tests[0] if tests else None,
        notes=tuple(notes),
        channels=first.channels,
    )


LONG_TABLE = DataSet(about="a long table of your own: one row per time step", size="any", find=find, load=load)
SEGMENTS = replace(
    LONG_TABLE, about="a long table of your own: windows of recordings", splits=("grouped", "leave-one-group-out")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LongRows:
    """The N sequences or windows of a file.

    x: (N, T, C);  lengths: (N,).  ids: (N,) of the sequence or recording that each is of.  keys, labels: as for
    ``known_classes``; of a file without labels every row has the same.
    """

    x: NDArray[np.float32]
    lengths: NDArray[np.int64]
    ids: list[Any]
    keys: NDArray[Any]
    labels: NDArray[np.int64]


def read_sequences(path: Path, options: DataOptions, *, labelled: bool, class_names: tuple[str, ...]) -> LongRows:
    """Return the sequences of one file, padded to the longest, or the windows of its recordings.

    labelled: whether a label column is read; windows of recordings without one are all kept.  class_names: of the
    labels.
    """
    file = _read(path, options, None, labelled=labelled, class_names=class_names)
    longest = int(file.lengths.max())
    found = _padded(file, longest, options) if options.segment is None else _windows(file, options.segment)
    return LongRows(
        x=found.x,
        lengths=found.lengths,
        ids=[file.ids[recording] for recording in found.recordings.tolist()],
        keys=file.keys,
        labels=found.labels,
    )


def _read(
    path: Path,
    options: DataOptions,
    train: _Recordings | None,
    *,
    labelled: bool = True,
    class_names: tuple[str, ...] = (),
) -> _Recordings:
    """Return a file;  train: of the official test part, the training file that it must agree with.

    class_names: of its labels, where they are known beforehand.
    """
    names = column_names(path)
    sequence = known(path, names, options.sequence or "", "data.sequence")
    roles = {sequence: "data.sequence"}
    if options.time is not None:
        _add_role(path, roles, known(path, names, options.time, "data.time"), "data.time")
    label: str | None = None
    if labelled:
        unused = (*options.ignore, *options.columns, *options.channels, *roles)
        label = label_column(path, names, options.label, unused=unused)
        _add_role(path, roles, label, "data.label" if options.label is not None else "the label")
    group = options.group if train is None or options.group in names else None  # a test part needs no groups
    if group is not None and group != sequence:
        _add_role(path, roles, known(path, names, group, "data.group"), "data.group")
    channels = tuple(number_steps(path, names, options, roles, official_test=train is not None))
    if train is not None and channels != train.channels:
        different = sorted(set(channels) ^ set(train.channels)) or ["their order"]
        raise DataError(
            f"{path}: {len(channels)} channels, the training file has {len(train.channels)}; they must be the same "
            f"columns. Different: {listed(different)}."
        )
    values, columns = read_arrow(path, numbers=channels, others=list(roles), advice=ADVICE, hint=_hint)
    ids = coded(columns[sequence], path, sequence, "id of a sequence")
    rows = _sorted(path, ids, options.time, columns)
    lengths = np.bincount(ids.codes)
    starts = np.cumsum(lengths) - lengths
    keys, labels = np.array([""]), np.zeros(len(rows), dtype=np.int64)
    if label is not None:
        found = coded(columns[label], path, label, "label")
        check_classes(len(found.values), str(path))
        keys, place = distinct_labels(np.array(found.values), str(path), class_names)
        labels = place[found.codes]
    if options.segment is None:
        if label is not None:
            _check_one(path, ids, rows, (label, labels, list(map(label_name, keys))), SEVERAL_LABELS)
        if labelled and (lengths == 1).all():
            raise DataError(
                f"{path}: data.sequence = {quoted(sequence)}: each of its {len(lengths):,} values occurs in one row: "
                "every sequence would have one time step. Is it the right column? A table with one sequence per row "
                "needs no data.sequence."
            )
    groups, group_values = None, []
    if group is not None:
        own = coded(columns[group], path, group, "group")
        _check_one(path, ids, rows, (group, own.codes, own.values), SEVERAL_GROUPS)
        ranks = {name: rank for rank, name in enumerate(sorted(set(map(str, own.values))))}
        of_value = np.array([ranks[str(value)] for value in own.values])
        groups, group_values = of_value[own.codes[rows[starts]]], own.values
    return _Recordings(
        path=path,
        ids=ids.values,
        values=values[rows],
        channels=channels,
        starts=starts,
        lengths=lengths,
        keys=keys,
        labels=labels[rows],
        groups=groups,
        group_values=group_values,
    )


def _add_role(path: Path, roles: dict[str, str], column: str, key: str) -> None:
    if column in roles:
        raise DataError(f"{path}: {key} = {quoted(column)}: it is the column of {roles[column]}.")
    roles[column] = key


def _hint(column: str) -> str:
    return (
        f" If {quoted(column)} is no channel, leave it out with data.ignore = {as_list([column])}, or list the "
        "channels in data.channels."
    )


def _sorted(path: Path, ids: Codes, time: str | None, columns: Mapping[str, Any]) -> NDArray[np.int64]:
    """Return (R,) the rows by sequence, in each by time or else in order of the file."""
    if time is None:
        return np.argsort(ids.codes, kind="stable")
    times = sortable(columns[time], path, time)
    rows: NDArray[np.int64] = np.lexsort((times, ids.codes))
    own, at = ids.codes[rows], times[rows]
    repeated = (own[1:] == own[:-1]) & (at[1:] == at[:-1])
    if repeated.any():
        place = int(repeated.argmax())
        value = str(columns[time][int(rows[place])])
        raise DataError(
            f"{path}: sequence {ids.values[own[place]]!r}: rows {rows[place] + 1} and {rows[place + 1] + 1} have the "
            f"same {quoted(time)}, {value} ({repeated.sum():,} such pairs). A sequence has one row per time step: "
            "drop one of them, or correct the ids."
        )
    return rows


SEVERAL_LABELS = f"A sequence has one label. To cut labelled recordings into windows, use {SEGMENT}."
SEVERAL_GROUPS = "A sequence belongs to one group, so that it is in one part of the split."


def _check_one(
    path: Path, ids: Codes, rows: NDArray[np.int64], column: tuple[str, NDArray[np.int64], list[Any]], advice: str
) -> None:
    """Raise DataError for the first sequence with several values.  column: name, (R,) codes, values.  rows: sorted."""
    name, codes, values = column
    own = ids.codes[rows]
    changed = (own[1:] == own[:-1]) & (codes[rows][1:] != codes[rows][:-1])
    if changed.any():
        place = int(changed.argmax())
        before, after = rows[place], rows[place + 1]
        several = len(np.unique(own[1:][changed]))
        raise DataError(
            f"{path}: sequence {ids.values[own[place]]!r}, column {name!r}: {values[codes[before]]!r} in row "
            f"{before + 1}, {values[codes[after]]!r} in row {after + 1} ({several:,} such sequences). {advice}"
        )


def _padded(file: _Recordings, steps: int, options: DataOptions) -> _Sequences:
    """Return the sequences, each padded to ``steps``."""
    shape = (len(file.lengths), steps, len(file.channels))
    check_bytes(f"{file.path}, {shape[0]:,} sequences of up to {steps:,} steps", math.prod(shape) * 4)
    x = np.zeros(shape, dtype=np.float32)
    x[np.arange(steps) < file.lengths[:, None]] = file.values
    short = int((file.lengths == 1).sum())
    notes = [f"{short:,} of {len(x):,} sequences ({options.sequence}) have one time step."] if short else []
    recordings = np.arange(len(x))
    return _Sequences(x=x, lengths=file.lengths, labels=file.labels[file.starts], recordings=recordings, notes=notes)


def _windows(file: _Recordings, segment: Segment) -> _Sequences:
    """Return the windows of the recordings, with a label each."""
    first, recordings, notes = window_starts(file.starts, file.lengths, segment, str(file.path))
    kept, labels, more = window_labels(file.labels, first, segment, str(file.path))
    check_bytes(
        f"{file.path}, {len(kept):,} windows of {segment.length:,} steps",
        len(kept) * segment.length * len(file.channels) * 4,
    )
    return _Sequences(
        x=windows_at(file.values, first[kept], segment.length),
        lengths=np.full(len(kept), segment.length, dtype=np.int64),
        labels=labels,
        recordings=recordings[kept],
        notes=[*notes, *more],
    )


def _time_notes(file: _Recordings, options: DataOptions) -> list[str]:
    """Return a note about channels that are probably times: they increase from row to row in every sequence."""
    if options.channels or options.columns:
        return []
    inside = np.ones(len(file.values), dtype=np.bool_)
    inside[file.starts] = False
    notes = []
    for channel, name in enumerate(file.channels):
        if (np.diff(file.values[:, channel]) > 0)[inside[1:]].all():
            notes.append(
                f"column {quoted(name)} increases in every sequence and is used as a channel. If it is the time, use "
                f"data.time = {quoted(name)}, or leave it out with data.ignore = {as_list([*options.ignore, name])}."
            )
    return notes
