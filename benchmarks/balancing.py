"""Time and memory of balancing: an index and SMOTE class by class, against imbalanced-learn on full copies.

    OMP_NUM_THREADS=1 python benchmarks/balancing.py --datasets FOLDER [--dataset heartbeats] [--repeats 3]

Each figure is the median over fresh processes, run in turn.  ``peak_mb`` is the increase of the peak resident memory
after the rows were opened and the libraries imported.  Both SMOTEs write their rows to an .npy file.  Prints one JSON
line.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np

from data.arrays import Part
from data.balance import epoch_order
from data.balanced_parts import write_balanced
from data.config import Balance, DataConfig
from data.manifest import MANIFEST, Manifest
from data.prepare import prepare
from data.prepared import open_arrays

MIB = 1024.0


def config(dataset: str, balance: Balance) -> DataConfig:
    return DataConfig(dataset=dataset, balance=balance, split_seed=1, balance_seed=2)


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB


def index(_train: Part, y: np.ndarray, _raw: Path, _out: Path) -> None:
    epoch_order(y, config("heartbeats", "oversample"))


def full_copy(train: Part, y: np.ndarray, _raw: Path, _out: Path) -> None:
    from imblearn.over_sampling import RandomOverSampler

    RandomOverSampler(random_state=2).fit_resample(train.x.reshape(len(y), -1), y)


def smote(_train: Part, _y: np.ndarray, raw: Path, out: Path) -> None:
    manifest = Manifest.model_validate_json((raw / MANIFEST).read_bytes())
    write_balanced(config("heartbeats", "smote"), raw, manifest, out, lambda _line: None)


def plain_smote(train: Part, y: np.ndarray, _raw: Path, out: Path) -> None:
    from imblearn.over_sampling import SMOTE

    x, _ = SMOTE(random_state=2).fit_resample(train.x.reshape(len(y), -1), y)
    np.save(out / "x.npy", x)


CASES: dict[str, Callable[[Part, np.ndarray, Path, Path], None]] = {
    "index": index,
    "full_copy": full_copy,
    "smote": smote,
    "plain_smote": plain_smote,
}


def measure_case(name: str, raw: Path) -> dict[str, float]:
    """Run one case in this process."""
    import_module("imblearn.over_sampling")  # not part of the measured time

    train = open_arrays(raw).train
    train.x.sum()  # loads all pages into memory
    y = np.array(train.y)
    with tempfile.TemporaryDirectory() as out:
        before, start = peak_mb(), time.perf_counter()
        CASES[name](train, y, raw, Path(out))
        return {"seconds": time.perf_counter() - start, "peak_mb": peak_mb() - before}


def measure_prepare(dataset: str, balance: Balance, datasets: Path | None, store: Path) -> dict[str, float]:
    """Prepare in this process; here peak_mb is that of the whole process."""
    start = time.perf_counter()
    prepare(config(dataset, balance), datasets=datasets, store=store)
    return {"seconds": time.perf_counter() - start, "peak_mb": peak_mb()}


def fresh(*arguments: str) -> dict[str, float]:
    """Run this file in a fresh process and return its figures."""
    command = [sys.executable, __file__, *arguments]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(run.stdout)
    return result


def median(runs: list[dict[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(run[key] for run in runs), 3) for key in runs[0]}


def compare(arguments: argparse.Namespace) -> dict[str, object]:
    shared = ["--dataset", arguments.dataset]
    if arguments.datasets is not None:
        shared += ["--datasets", str(arguments.datasets)]
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        prepared = {
            name: fresh(*shared, "--prepare", balance, "--store", str(store))
            for name, balance in {"raw": "raw", "raw_again": "raw", "smote": "smote", "smote_again": "smote"}.items()
        }
        raw = prepare(config(arguments.dataset, "raw"), datasets=arguments.datasets, store=store)
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in CASES}
        for _ in range(arguments.repeats):
            for name in CASES:
                runs[name].append(fresh("--case", name, "--store", str(raw.directory)))
    cases = {name: median(some) for name, some in runs.items()}
    pairs = {"index/full_copy": ("index", "full_copy"), "smote/plain_smote": ("smote", "plain_smote")}
    return {
        "dataset": arguments.dataset,
        "training_rows": sum(raw.manifest.counts.train.values()),
        "prepare": {name: median([run]) for name, run in prepared.items()},
        "cases": cases,
        "ratio": {
            pair: {key: round(cases[a][key] / cases[b][key], 3) for key in ("seconds", "peak_mb")}
            for pair, (a, b) in pairs.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="heartbeats", help="name of a data set")
    parser.add_argument("--datasets", type=Path, metavar="FOLDER", help="folder of the data sets")
    parser.add_argument("--repeats", type=int, default=3, help="fresh processes per case")
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--prepare", choices=["raw", "smote"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        print(json.dumps(measure_case(arguments.case, arguments.store)))
    elif arguments.prepare:
        print(json.dumps(measure_prepare(arguments.dataset, arguments.prepare, arguments.datasets, arguments.store)))
    else:
        print(json.dumps(compare(arguments)))


if __name__ == "__main__":
    main()
