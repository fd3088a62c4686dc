"""A balanced training part, in its own directory that shares all unchanged files with the raw one."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.arrays import Part
from data.balance import check_smote, check_weights, class_weights, epoch_order, smote_rows
from data.config import DataConfig
from data.content import Content, PreparationProgress, class_counts, write_array
from data.manifest import ArrayFile, Manifest
from data.prepared import open_arrays
from data.rows import classes
from data.store import share, write


def write_balanced(
    config: DataConfig, raw: Path, manifest: Manifest, folder: Path, progress: PreparationProgress
) -> Content:
    """Write the balanced training part of the raw directory; unchanged files are shared with ``raw``."""
    source = open_arrays(raw)
    names = source.class_names
    arrays: dict[str, ArrayFile] = {}
    y = classes(source.train)
    if config.balance == "smote":
        check_smote(source.train, config, names)
        progress(f"{config.dataset}: SMOTE, up to {np.bincount(y).max():,} rows per class")
        arrays, y = _write_smote(folder, source.train, config)
    else:
        progress(f"{config.dataset}: balance {config.balance}")
    order = epoch_order(y, config)
    arrays["order"] = write_array(folder, "order", order)
    if config.balance == "weighted":
        check_weights(y, config, names)
        arrays["class_weights"] = write_array(folder, "class_weights", class_weights(y, source.classes))
    for name, recorded in manifest.arrays.items():
        if name not in arrays:
            share(name, raw, folder)
            arrays[name] = recorded
    return Content(
        arrays=arrays,
        class_names=names,
        steps=source.steps,
        channels=source.channels,
        counts=replace(manifest.counts, train=class_counts(y, names), epoch=class_counts(y[order], names)),
        notes=manifest.notes,
        words=manifest.words,
        scaling=manifest.scaling,
        inputs=manifest.inputs,
        target=manifest.target,
    )


def _write_smote(folder: Path, train: Part, config: DataConfig) -> tuple[dict[str, ArrayFile], NDArray[np.int64]]:
    """Write the training part followed by its synthetic rows, class by class; return the files and the classes."""
    counts = np.bincount(classes(train))
    shape = (len(counts) * int(counts.max()), *train.x.shape[1:])
    labels = [classes(train)]

    def blocks() -> Iterator[NDArray[np.float32]]:
        yield train.x.astype(np.float32, copy=False)
        for number, rows in smote_rows(train, config):
            labels.append(np.full(len(rows), number, dtype=np.int64))
            yield rows

    x = write(folder / "train_x.npy", blocks(), shape=shape, dtype=np.float32)
    y = np.concatenate(labels)
    lengths = np.full(len(y), shape[1], dtype=np.int64)
    arrays = {
        "train_x": x,
        "train_lengths": write_array(folder, "train_lengths", lengths),
        "train_y": write_array(folder, "train_y", y),
    }
    return arrays, y
