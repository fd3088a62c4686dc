"""New rows for a trained model: read from a user's file as the training data were, with labels or without.

Columns are found by their names: those that the model was trained on must be there, others are left out.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from data.arrays import Part
from data.config import DataOptions
from data.datasets.columns import LABELS, UNNAMED, column_names, label_column, read_columns, read_texts
from data.datasets.long_table import read_sequences
from data.datasets.npz import read_arrays
from data.datasets.table import check_arrays
from data.datasets.time_order import time_order_notes
from data.datasets.ucr import read_cases
from data.errors import DataError
from data.formats import TS_SUFFIX, unsupported
from data.memory import check_bytes
from data.messages import listed, nearest
from data.preparation import Preparation
from data.rows import distinct_labels, known_classes, label_name, part
from data.texts import UNKNOWN, Vocabulary, texts

# N rows, T time steps, C channels, R rows of a table

NO_LABELS = np.zeros(0, dtype=np.int64)
NO_NOTES: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRows:
    """N rows of a file as a model takes them.

    part: scaled or encoded, padded to the T steps that the model was trained with.  y holds the classes or standardised
    targets where the file was read with them, and else zeros.  ids: name of a column -> (N,) values that identify each
    row in the file.  notes: warnings for the user.
    """

    part: Part
    ids: dict[str, NDArray[Any]]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sequences:
    """Rows before scaling.  x: (N, t, C) with any t;  lengths: (N,);  y: (N,) or empty;  ids as in ``NewRows``."""

    x: NDArray[np.float32]
    lengths: NDArray[np.int64]
    y: NDArray[np.int64]
    ids: dict[str, NDArray[Any]]
    notes: tuple[str, ...] = ()


def read_rows(path: Path, options: DataOptions, preparation: Preparation, *, labelled: bool) -> NewRows:
    """Return the rows of a file, prepared as a model's training rows were.

    options: of the data that the model was trained on; they name the columns.  labelled: whether the true classes are
    read, too.  Of a series with ``labelled`` only the windows whose target is in the file.

    Raises:
        DataError: the file cannot be read, or its columns, lengths, channels, values or classes are not those that the
            model was trained on.
    """
    fault = unsupported(str(path))
    if fault is not None:
        raise DataError(f"{path}: {fault}")
    if not path.is_file():
        raise DataError(f"{path}: no such file.")
    if preparation.kind == "series":
        return _series(path, options, preparation, labelled=labelled)
    if preparation.kind == "texts":
        return _texts(path, options, preparation, labelled=labelled)
    if path.suffix == TS_SUFFIX:
        read = _cases
    elif path.suffix == ".npz":
        read = _arrays
    else:
        read = _wide if options.sequence is None else _long
    rows = read(path, options, preparation, labelled=labelled)
    lengths, steps = rows.lengths, preparation.steps
    if rows.x.shape[2] != preparation.channels:
        raise DataError(
            f"{path}: {rows.x.shape[2]} channels; the model was trained on sequences of {preparation.channels}."
        )
    if lengths.max() > steps:
        row = int(lengths.argmax())
        raise DataError(
            f"{path}: sequence {row + 1} has {lengths[row]:,} time steps; the model was trained on sequences of at "
            f"most {steps:,} ({(lengths > steps).sum():,} such sequences). Cut them as the training data were."
        )
    x = np.zeros((len(rows.x), steps, rows.x.shape[2]), dtype=np.float32)
    x[:, : rows.x.shape[1]] = rows.x[:, :steps]
    whole = part(x, rows.y if labelled else np.zeros(len(x), dtype=np.int64), lengths)
    if preparation.scaling is not None:
        whole = replace(whole, x=preparation.scaling.apply(np.asarray(whole.x, dtype=np.float32), whole.lengths))
    return NewRows(part=whole, ids=rows.ids, notes=rows.notes)


def _wide(path: Path, options: DataOptions, preparation: Preparation, *, labelled: bool) -> _Sequences:
    """Read a table with a row per sequence."""
    if preparation.channels != 1:
        raise DataError(
            f"{path}: a table with a row per sequence has one channel; the model was trained on sequences of "
            f"{preparation.channels}. Use an .npz or .ts file, or a long table with --sequence COLUMN."
        )
    names = column_names(path)
    label = _label(path, names, options, preparation) if labelled else None
    steps = _inputs(path, names, options, preparation, noun="time steps", wanted=preparation.steps)
    x, columns = read_columns(path, numbers=steps, others=[] if label is None else [label])
    y, notes = NO_LABELS, NO_NOTES
    if label is not None:
        y, notes = _classes(*distinct_labels(columns[label], str(path), preparation.class_names), preparation, path)
    return _Sequences(
        x=x[:, :, None],
        lengths=np.full(len(x), x.shape[1], dtype=np.int64),
        y=y,
        ids=_numbered(len(x)),
        notes=(*_left_out(names, [*steps, label or ""], options), *notes),
    )


def _long(path: Path, options: DataOptions, preparation: Preparation, *, labelled: bool) -> _Sequences:
    """Read a table with a row per time step, or the windows of its recordings."""
    names = column_names(path)
    channels = _inputs(path, names, options, preparation, noun="channels", wanted=preparation.channels)
    chosen = options.model_copy(update={"channels": channels, "columns": (), "ignore": (), "group": None})
    rows = read_sequences(path, chosen, labelled=labelled, class_names=preparation.class_names)
    ids = {"sequence": np.array([str(one) for one in rows.ids])}
    if options.segment is not None:
        ids["window"] = _within(rows.ids)
    noun = "sequence" if options.segment is None else "window"
    y, notes = _classes(rows.keys, rows.labels, preparation, path, noun=noun) if labelled else (NO_LABELS, ())
    return _Sequences(x=rows.x, lengths=rows.lengths, y=y, ids=ids, notes=notes)


def _arrays(path: Path, options: DataOptions, preparation: Preparation, *, labelled: bool) -> _Sequences:
    """Read an NPZ file."""
    label = options.label or "y"
    arrays, names = read_arrays(path, {"x", "lengths", *([label] if labelled else [])})
    for name in ("x", *([label] if labelled else [])):
        if name not in arrays:
            raise DataError(f"{path}: no array {name!r}. Arrays: {listed(names)}.")
    check_arrays(path, arrays, None)
    x = arrays["x"]
    if "lengths" not in arrays and x.shape[1] != preparation.steps:
        raise DataError(
            f"{path}: x has {x.shape[1]:,} time steps; the model was trained with {preparation.steps:,}. If sequences "
            "are shorter, give their lengths in an array `lengths`."
        )
    whole = part(x, NO_LABELS, arrays.get("lengths"))
    y, notes = NO_LABELS, NO_NOTES
    if labelled:
        y, notes = _classes(*distinct_labels(arrays[label], str(path), preparation.class_names), preparation, path)
    return _Sequences(
        x=np.asarray(whole.x, dtype=np.float32), lengths=whole.lengths, y=y, ids=_numbered(len(x)), notes=notes
    )


def _cases(path: Path, options: DataOptions, preparation: Preparation, *, labelled: bool) -> _Sequences:  # noqa: ARG001 - as the other readers
    """Read a .ts file."""
    x, lengths, labels = read_cases(path, labelled=labelled)
    y, notes = NO_LABELS, NO_NOTES
    if labelled:
        y, notes = _classes(*distinct_labels(labels, str(path), preparation.class_names), preparation, path)
    return _Sequences(x=x, lengths=lengths, y=y, ids=_numbered(len(x)), notes=notes)


def _texts(path: Path, options: DataOptions, preparation: Preparation, *, labelled: bool) -> NewRows:
    """Read a table of texts; they are cut after the words that the model was trained with."""
    names = column_names(path)
    column = options.text or "text"
    if column not in names:
        raise DataError(
            f"{path}: no column {column!r} with texts. Name it with --text. Columns: {listed(names)}."
            f"{nearest(column, names)}"
        )
    label = _label(path, names, options, preparation) if labelled else None
    raw, columns = read_texts(path, column, [] if label is None else [label])
    y, notes = np.zeros(len(raw), dtype=np.int64), NO_NOTES
    if label is not None:
        y, notes = _classes(*distinct_labels(columns[label], str(path), preparation.class_names), preparation, path)
    check_bytes(f"{path}, {len(raw):,} texts of {preparation.steps:,} words", len(raw) * preparation.steps * 4)
    words = texts(raw, y, str(path))
    whole = Vocabulary(words=preparation.words, rule=preparation.rule).encode(words, preparation.steps)
    valid = np.arange(preparation.steps) < whole.lengths[:, None]
    unknown = ((whole.x[:, :, 0] == UNKNOWN) | ~valid).all(axis=1)
    if unknown.all():
        raise DataError(
            f"{path}, column {column!r}: none of the words is in the vocabulary of the training texts "
            f"({len(preparation.words):,} words). Is it the right column, in the language of the training texts?"
        )
    if unknown.any():
        note = (
            f"{unknown.sum():,} of {len(raw):,} texts have no word of the vocabulary (row {int(unknown.argmax()) + 1} "
            "is the first): their predictions have no meaning."
        )
        notes = (*notes, note)
    return NewRows(part=whole, ids=_numbered(len(raw)), notes=notes)


def _series(path: Path, options: DataOptions, preparation: Preparation, *, labelled: bool) -> NewRows:
    """Read a series, and cut it into windows; a row is the one that is forecast, counted from 1."""
    if preparation.scale is None:
        raise TypeError("a series without the scale of its target")
    names = column_names(path)
    scaling, scale = preparation.scaling, preparation.scale
    recorded = preparation.inputs or (() if scaling is None else scaling.channels)
    known_inputs = preparation.model_copy(update={"inputs": recorded})
    inputs = _inputs(path, names, options, known_inputs, noun="inputs", wanted=preparation.channels)
    target = preparation.target or options.target or inputs[0]
    values, _ = read_columns(path, numbers=inputs, advice="fill the gap, or begin the series after it")
    window, horizon = options.window, options.horizon
    rows = len(values)
    count = rows - window + 1 - (horizon if labelled else 0)
    if count < 1:
        needed = window + (horizon if labelled else 0)
        raise DataError(f"{path}: {rows:,} rows; a forecast from a window of {window:,} needs at least {needed:,}.")
    check_bytes(f"{path}, {count:,} windows of {window:,} steps", count * window * len(inputs) * 4)
    each = scaling is not None and scaling.method == "per-sequence"
    steps = values if scaling is None or each else scaling.apply(values[None], np.array([rows]))[0]
    x = np.ascontiguousarray(sliding_window_view(steps, window, axis=0).transpose(0, 2, 1)[:count])
    lengths = np.full(count, window, dtype=np.int64)
    if scaling is not None and each:
        x = scaling.apply(x, lengths)
    first = window - 1 + horizon
    y = np.zeros(count, dtype=np.float32)
    if labelled:
        column = values[first : first + count, inputs.index(target)]
        y = ((column.astype(np.float64) - scale.mean) / scale.std).astype(np.float32)
    ids = {"row": np.arange(first, first + count) + 1}
    notes = _left_out(names, inputs, options)
    notes += time_order_notes(path, [name for name in names if name not in inputs], options.ignore)
    return NewRows(part=Part(x=x, lengths=lengths, y=y), ids=ids, notes=notes)


def _inputs(
    path: Path, names: list[str], options: DataOptions, preparation: Preparation, *, noun: str, wanted: int
) -> tuple[str, ...]:
    """Return the columns that a model takes.

    By name where the names are recorded, else all columns without another role, of which there must be ``wanted``.
    """
    if preparation.inputs:
        missing = [name for name in preparation.inputs if name not in names]
        if missing:
            raise DataError(
                f"{path}: {len(missing):,} of the {len(preparation.inputs):,} columns that the model was trained on "
                f"are missing: {listed(missing)}. Columns: {listed(names)}.{nearest(missing[0], names)}"
            )
        return preparation.inputs
    roles = {options.label, options.group, options.sequence, options.time, *options.ignore, *LABELS, *UNNAMED}
    found = tuple(options.columns or options.channels or [name for name in names if name not in roles])
    if len(found) != wanted:
        raise DataError(
            f"{path}: {len(found):,} columns of {noun}; the model was trained with {wanted:,}. Columns: "
            f"{listed(names)}."
        )
    return found


def _left_out(names: Sequence[str], used: Sequence[str], options: DataOptions) -> tuple[str, ...]:
    """Return a note about columns that are not used, but for those that have a role in the campaign's data."""
    roles = {*used, options.label, options.group, options.time, *options.ignore, *LABELS, *UNNAMED}
    others = [name for name in names if name not in roles]
    return (f"columns left out: {listed(others)}.",) if others else ()


def _label(path: Path, names: list[str], options: DataOptions, preparation: Preparation) -> str:
    unused = (*preparation.inputs, *([options.text] if options.text else []))
    return label_column(path, names, options.label, unused=unused, key="--label")


def _classes(
    keys: NDArray[Any], codes: NDArray[np.int64], preparation: Preparation, path: Path, *, noun: str = "row"
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return (N,) classes of labels, and a note where labels are the numbers of classes that have other names."""
    names = preparation.class_names
    labels, numbers = [label_name(key) for key in keys], [str(number) for number in range(len(names))]
    if not set(labels) & set(names) and set(labels) <= set(numbers):
        meant = ", ".join(f"{number} is {name}" for number, name in zip(numbers, names, strict=True))
        return known_classes(keys, codes, tuple(numbers), str(path), noun=noun), (
            f"labels are numbers of classes: {meant}.",
        )
    return known_classes(keys, codes, names, str(path), noun=noun), ()


def _numbered(rows: int) -> dict[str, NDArray[Any]]:
    return {"row": np.arange(1, rows + 1)}


def _within(recordings: Sequence[Any]) -> NDArray[np.int64]:
    """Return (N,) the place of each window in its recording, from 1."""
    counts: Counter[Any] = Counter()
    places = []
    for recording in recordings:
        counts[recording] += 1
        places.append(counts[recording])
    return np.array(places, dtype=np.int64)
