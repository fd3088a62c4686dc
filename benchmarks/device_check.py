"""Bitwise reproducibility of two runs on one device, and time per training step.

    python benchmarks/device_check.py --device cuda

Trains the two best configurations of the heartbeat report on a sample of real beats (SEQTUNE_DATASETS), in float32 and
bfloat16, each twice in fresh processes.  Prints one JSON line: whether curves and weights are equal, and the
milliseconds per step.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from benchmark_data import BEST, beats, trial

from data.prepared import open_arrays
from tuning.training.loop import Training


def once(model: str, precision: str, device: str, rows: int, store: Path) -> dict[str, object]:
    """Train two epochs; the second one is timed."""
    data, prepared = beats(store, rows=rows)
    best = BEST[model]
    config = trial(
        data,
        prepared,
        best["model"],
        seed=1,
        epochs=2,
        device=device,
        batch_size=best["batch_size"],
        precision=precision,
    )
    training = Training(config, open_arrays(prepared.directory))
    while not training.done:
        training.run_epoch()
    curve = [report.model_dump(exclude={"seconds"}) for report in training.history]
    return {"curve": curve, "seconds": training.history[-1].seconds, "steps": -(-rows * 4 // 5 // best["batch_size"])}


def main() -> None:
    """Run each configuration twice and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--rows", type=int, default=4000, help="rows of the sample")
    parser.add_argument(
        "--store",
        type=Path,
        default=Path(tempfile.gettempdir()) / "seqtune-benchmarks",
        help="folder of prepared arrays",
    )
    parser.add_argument("--once", nargs=2, metavar=("MODEL", "PRECISION"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        print(json.dumps(once(*options.once, options.device, options.rows, options.store)))
        return
    beats(options.store, rows=options.rows)
    rows = []
    for model in BEST:
        for precision in ("float32", "bfloat16"):
            command = [sys.executable, *sys.argv, "--once", model, precision]
            runs = [
                json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])
                for _ in range(2)
            ]
            rows.append(
                {
                    "model": model,
                    "precision": precision,
                    "exact": runs[0]["curve"] == runs[1]["curve"],
                    "ms_per_step": [round(1000 * run["seconds"] / run["steps"], 2) for run in runs],
                    "weights": runs[0]["curve"][-1]["weights_sha256"][:12],
                }
            )
    device = torch.cuda.get_device_name() if options.device == "cuda" else "cpu"
    print(json.dumps({"benchmark": "device_check", "device": device, "torch": torch.__version__, "pairs": rows}))


if __name__ == "__main__":
    main()
