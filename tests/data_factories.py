"""Tiny tables and configurations for the tests of data/."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from data.arrays import Part
from data.config import DataConfig


def config(dataset: str = "synthetic", **changes: Any) -> DataConfig:
    return DataConfig(**{"dataset": dataset, "split_seed": 1, "balance_seed": 2, **changes})


def part(y: NDArray[np.int64], *, steps: int = 6, seed: int = 0) -> Part:
    x = np.random.default_rng(seed).normal(size=(len(y), steps, 1)).astype(np.float32)
    return Part(x=x, lengths=np.full(len(y), steps, dtype=np.int64), y=y)


def columns(
    counts: tuple[int, ...] = (30, 12, 10), *, steps: int = 4, seed: int = 0, names: str = "abc"
) -> dict[str, list[Any]]:
    """A table's columns: t0, t1, ... and label; every sequence is different."""
    rng = np.random.default_rng(seed)
    labels = [names[k] for k, count in enumerate(counts) for _ in range(count)]
    values = rng.normal(size=(len(labels), steps)).astype(np.float32).astype(np.float64)
    return {**{f"t{step}": values[:, step].tolist() for step in range(steps)}, "label": labels}


def write_csv(path: Path, table: dict[str, list[Any]]) -> Path:
    lines = [",".join(table), *(",".join(map(str, row)) for row in zip(*table.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_parquet(path: Path, table: dict[str, Any]) -> Path:
    parquet.write_table(pa.table(table), path)
    return path


def write_npz(path: Path, table: dict[str, list[Any]]) -> Path:
    x = np.column_stack([values for name, values in table.items() if name != "label"])
    np.savez(path, x=x, y=np.array(table["label"]))
    return path


def beats(folder: Path, layout: str, *, rows: int = 30, width: int = 188) -> Path:
    """Write heartbeats in one of the three layouts: the same float32 values in each, classes 0..4 in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(("train", "test")):
        values = np.random.default_rng(seed).random((rows, width)).astype(np.float32)
        values[:, -1] = np.arange(rows) % 5
        if layout == "csv":
            np.savetxt(folder / f"mitbih_{name}.csv", values, delimiter=",", fmt="%.18e")
        else:
            table = {**{str(step): values[:, step] for step in range(width - 1)}, "target": values[:, -1]}
            stem = f"mitbih_{name}.parquet" if layout == "parquet" else f"heart_big_{name}.parq"
            write_parquet(folder / stem, table)
    return folder


def records(folder: Path, *, rows: int = 30) -> None:
    """Write the records beside the beats of layout parquet: 201 and 202 are one patient."""
    for name in ("train", "test"):
        record = [(100, 101, 201, 202, 103, 105)[row // 5 % 6] for row in range(rows)]
        write_parquet(folder / f"mitbih_{name}_meta.parquet", {"record": pa.array(record, pa.int16())})
