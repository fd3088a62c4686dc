"""Bitwise equality of the beats cut from PhysioNet's records and the published data set.

    SEQTUNE_DATASETS=FOLDER python benchmarks/physionet_rebuild.py

FOLDER contains mitdb/, and mitbih_heartbeat/ with its meta files, which state the record and the R peak of each row.
Prints one JSON line: rows compared, rows whose 187 float32 values and class are equal, and seconds for cutting the
beats.
"""

import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path

from data.config import DataOptions
from data.datasets.columns import read_columns
from data.datasets.heartbeats import STEPS, load
from data.datasets.physionet import cut_all
from data.datasets.physionet import find as find_records


def main() -> None:
    """Compare each row of the published files with the beat of the same record and R peak."""
    folder = os.environ.get("SEQTUNE_DATASETS")
    if not folder:
        sys.exit("SEQTUNE_DATASETS is not set. Set it to the folder of the data sets")
    datasets = Path(folder)
    start = time.perf_counter()
    headers = tuple(
        path for path in find_records(DataOptions(dataset="heartbeats-physionet"), datasets) if path.suffix == ".hea"
    )
    beats, records, peaks = cut_all(headers)
    seconds = time.perf_counter() - start
    place = {beat: row for row, beat in enumerate(zip(records.tolist(), peaks.tolist(), strict=True))}
    files = [datasets / "mitbih_heartbeat" / f"mitbih_{name}.parquet" for name in ("train", "test")]
    published = load(DataOptions(dataset="heartbeats"), tuple(files))
    rows = equal = 0
    for file, part in zip(files, (published.rows, published.test), strict=True):
        meta, _ = read_columns(file.with_name(f"{file.stem}_meta.parquet"), numbers=["record", "sample"])
        ours = [place.get((int(record), int(peak))) for record, peak in meta]
        equal += sum(
            bool(row is not None and beats.x[row].tobytes() == x.tobytes() and beats.y[row] == y)
            for row, x, y in zip(ours, part.x, part.y, strict=True)
        )
        rows += len(meta)
    print(
        json.dumps(
            {
                "benchmark": "physionet_rebuild",
                "rows": rows,
                "equal": equal,
                "rebuilt": len(beats.y),
                "samples": STEPS,
                "seconds": round(seconds, 1),
                "wfdb": version("wfdb"),
            }
        )
    )


if __name__ == "__main__":
    main()
