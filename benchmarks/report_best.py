"""The best configurations of the heartbeat report, trained on all real beats, compared with the reported scores.

    python benchmarks/report_best.py cnn2d --device cuda --epochs 30

Validates on a fifth of the training file.  The test file is read once, after the last epoch, with the weights of the
best validation epoch.  Prints one JSON line per epoch, and a last one with validation and test scores.  Metrics are
computed from counts over the whole part; the report averaged them over batches, and selected on the file on which it
evaluated.  ``by_batches`` evaluates the same predictions as the report did, in shuffled batches.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import torch
from benchmark_data import BEST, beats, trial

from data.prepared import open_arrays, open_test
from tuning.training.batches import BatchSource
from tuning.training.loop import Training
from tuning.training.metrics import confusion, from_counts

REPORTED = {
    "cnn2d": {"accuracy": 0.9888, "recall_macro": 0.9744},
    "cnn-gru": {"accuracy": 0.9858, "recall_macro": 0.9593},
}


@torch.no_grad()
def by_batches(training: Training, rows: BatchSource) -> dict[str, float]:
    """Return accuracy and macro recall as means over shuffled batches, over the classes present in each batch."""
    training.model.eval()
    size, classes = training.trial.train.batch_size, len(training.arrays.class_names)
    order = np.random.default_rng(training.trial.seed).permutation(len(rows.part.y))
    figures = []
    for start in range(0, len(order), size):
        x, lengths, y = rows.take(order[start : start + size])
        counts = confusion(y.cpu().numpy(), training.model(x, lengths).argmax(dim=1).cpu().numpy(), classes)
        figures.append(from_counts(counts, training.arrays.class_names))
    return {name: float(np.mean([each[name] for each in figures])) for name in ("accuracy", "recall_macro")}


def main() -> None:
    """Train, then evaluate on the test part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=sorted(BEST))
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--epochs", type=int, default=30, help="number of epochs")
    parser.add_argument("--seed", type=int, default=20250203, help="seed of the training")
    parser.add_argument("--balance", default="raw", help="method against class imbalance")
    parser.add_argument("--precision", default="float32", help="float32 or bfloat16")
    parser.add_argument("--rows", type=int, help="rows of a sample; default: all")
    parser.add_argument(
        "--store",
        type=Path,
        default=Path(tempfile.gettempdir()) / "seqtune-benchmarks",
        help="folder of prepared arrays",
    )
    options = parser.parse_args()
    data, prepared = beats(options.store, rows=options.rows, balance=options.balance)
    arrays = open_arrays(prepared.directory)
    best = BEST[options.model]
    config = trial(
        data,
        prepared,
        best["model"],
        seed=options.seed,
        epochs=options.epochs,
        device=options.device,
        batch_size=best["batch_size"],
        precision=options.precision,
    )
    training = Training(config, arrays)
    while not training.done:
        report = training.run_epoch()
        keys = ("accuracy", "recall_macro", "f1_macro", "loss")
        row = {"epoch": report.epoch, "train_loss": report.train_loss, "seconds": round(report.seconds, 1)}
        print(json.dumps(row | {key: round(report.metrics[key], 5) for key in keys}), flush=True)
    result = training.result()
    training.model.load_state_dict(training.best_weights)
    test_rows = BatchSource(open_test(prepared.directory), training.device)
    test, _ = training.evaluate(test_rows)
    print(
        json.dumps(
            {
                "benchmark": "report_best",
                "model": options.model,
                "seed": options.seed,
                "balance": options.balance,
                "precision": options.precision,
                "device": options.device,
                "reported": REPORTED[options.model],
                "best_epoch": result.best_epoch,
                "valid": result.best_metrics,
                "test": test,
                "by_batches": {
                    "valid": by_batches(training, training.valid_rows),
                    "test": by_batches(training, test_rows),
                },
                "weights_sha256": result.weights_sha256,
                "seconds": round(result.seconds),
            }
        )
    )


if __name__ == "__main__":
    main()
