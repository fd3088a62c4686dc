"""What goes into a prepared directory: the parts of a split, and a balance of its training part."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.arrays import Counts, Part, open_arrays
from data.balance import class_weights, epoch_order, refuse_smote, smote_rows
from data.config import DataConfig
from data.duplicates import conflicting, first_of_equals, sequence_digests, verify_rows
from data.manifest import ArrayFile, Manifest
from data.rows import Rows
from data.split import sample, split
from data.store import rows_of, share, write

Progress = Callable[[str], None]
"""Told what is being done, one short line at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What was written into a folder.  notes: what a user should know before believing a score."""

    arrays: dict[str, ArrayFile]
    class_names: tuple[str, ...]
    steps: int
    channels: int
    counts: Counts
    notes: tuple[str, ...]


def write_split(config: DataConfig, rows: Rows, folder: Path, progress: Progress) -> Content:
    """Write the parts of a data set: duplicates dropped, then sampled, then split; every training row once an epoch."""
    progress(f"{config.dataset}: splitting {len(rows.rows.y):,} rows")
    digests = sequence_digests(rows.rows)
    kept, notes = _distinct(digests, rows.rows.y, config)
    if config.max_rows is not None:
        kept = kept[sample(rows.rows.y[kept], config.max_rows, config.split_seed)]
    parts = split(
        rows.rows.y[kept],
        None if rows.groups is None else rows.groups[kept],
        config,
        class_names=rows.class_names,
        official_test=rows.test is not None,
    )
    train, valid = kept[parts.train], kept[parts.valid]
    if rows.test is None:
        tested, test = rows.rows, kept[parts.test]
        test_digests = [digests[row] for row in test]
    else:
        tested, test = rows.test, np.arange(len(rows.test.y))
        test_digests = sequence_digests(tested)
    known = {digests[row] for row in train}
    ours = config.duplicates == "drop"
    notes += verify_rows(known, "validation", [digests[row] for row in valid], clean=ours)
    notes += verify_rows(known, "test", test_digests, clean=ours and rows.test is None)
    progress(f"{config.dataset}: writing {len(train):,} + {len(valid):,} + {len(test):,} rows")
    y = rows.rows.y[train]
    order = epoch_order(y, config)
    arrays = {
        **_write_part(folder, "train", rows.rows, train),
        **_write_part(folder, "valid", rows.rows, valid),
        **_write_part(folder, "test", tested, test),
        "order": _write_one(folder, "order", order),
    }
    names = rows.class_names
    counts = Counts(
        train=_counts(y, names),
        valid=_counts(rows.rows.y[valid], names),
        test=_counts(tested.y[test], names),
        epoch=_counts(y[order], names),
    )
    notes += [f"the test part has no rows of class {name}." for name, count in counts.test.items() if count == 0]
    _, steps, channels = rows.rows.x.shape
    return Content(arrays=arrays, class_names=names, steps=steps, channels=channels, counts=counts, notes=tuple(notes))


def write_balanced(config: DataConfig, raw: Path, manifest: Manifest, folder: Path, progress: Progress) -> Content:
    """Write a balance of the raw directory's training part; what it does not change is shared with ``raw``."""
    source = open_arrays(raw)
    names = source.class_names
    arrays: dict[str, ArrayFile] = {}
    y = source.train.y
    if config.balance == "smote":
        refuse_smote(source.train, config, names)
        progress(f"{config.dataset}: SMOTE, up to {np.bincount(y).max():,} rows a class")
        arrays, y = _write_smote(folder, source.train, config)
    else:
        progress(f"{config.dataset}: balance {config.balance}")
    order = epoch_order(y, config)
    arrays["order"] = _write_one(folder, "order", order)
    if config.balance == "weighted":
        arrays["class_weights"] = _write_one(folder, "class_weights", class_weights(y, source.classes))
    for name, recorded in manifest.arrays.items():
        if name not in arrays:
            share(name, raw, folder)
            arrays[name] = recorded
    return Content(
        arrays=arrays,
        class_names=names,
        steps=source.steps,
        channels=source.channels,
        counts=replace(manifest.counts, train=_counts(y, names), epoch=_counts(y[order], names)),
        notes=manifest.notes,
    )


def _distinct(digests: list[bytes], y: NDArray[np.int64], config: DataConfig) -> tuple[NDArray[np.int64], list[str]]:
    """Return the rows to go on with, and what to say about equal ones."""
    first = first_of_equals(digests)
    repeated = len(digests) - len(first)
    if not repeated:
        return first, []
    done = "dropped" if config.duplicates == "drop" else "kept"
    notes = [f"{repeated:,} of {len(digests):,} rows equal an earlier one; {done} (data.duplicates)."]
    conflicts = conflicting(digests, y)
    if conflicts:
        notes.append(f"{conflicts:,} sequences occur with more than one class.")
    return (first if config.duplicates == "drop" else np.arange(len(digests))), notes


def _write_smote(folder: Path, train: Part, config: DataConfig) -> tuple[dict[str, ArrayFile], NDArray[np.int64]]:
    """Write the training part followed by its synthetic rows, class by class; return the files and the classes."""
    counts = np.bincount(train.y)
    shape = (len(counts) * int(counts.max()), *train.x.shape[1:])
    labels = [train.y]

    def blocks() -> Iterator[NDArray[np.float32]]:
        yield train.x
        for number, rows in smote_rows(train, config):
            labels.append(np.full(len(rows), number, dtype=np.int64))
            yield rows

    x = write(folder / "train_x.npy", blocks(), shape=shape, dtype=np.float32)
    y = np.concatenate(labels)
    lengths = np.full(len(y), shape[1], dtype=np.int64)
    arrays = {
        "train_x": x,
        "train_lengths": _write_one(folder, "train_lengths", lengths),
        "train_y": _write_one(folder, "train_y", y),
    }
    return arrays, y


def _write_part(folder: Path, name: str, part: Part, rows: NDArray[np.int64]) -> dict[str, ArrayFile]:
    shape = (len(rows), *part.x.shape[1:])
    return {
        f"{name}_x": write(folder / f"{name}_x.npy", rows_of(part.x, rows), shape=shape, dtype=np.float32),
        f"{name}_lengths": _write_one(folder, f"{name}_lengths", part.lengths[rows]),
        f"{name}_y": _write_one(folder, f"{name}_y", part.y[rows]),
    }


def _write_one(folder: Path, name: str, values: NDArray[Any]) -> ArrayFile:
    return write(folder / f"{name}.npy", [values], shape=values.shape, dtype=values.dtype)


def _counts(y: NDArray[np.int64], names: tuple[str, ...]) -> dict[str, int]:
    return dict(zip(names, np.bincount(y, minlength=len(names)).tolist(), strict=True))
