"""Learning curves from the JSON lines of ``report_best.py``.

    python benchmarks/report_best.py cnn2d | tee cnn2d.jsonl
    python benchmarks/curves.py cnn2d.jsonl --out cnn2d.png

Plots the training and validation loss, and accuracy and macro recall on validation data.  The test scores are marked at
the best epoch.
"""

import argparse
import json
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from tuning.cli.plots import GREY, STYLE, TRAIN, VALID, WIDTH, save

METRICS = ("accuracy", "recall_macro")


def main() -> None:
    """Read the lines and plot them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", type=Path, help="output of report_best.py")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="PNG, PDF or SVG file to write")
    options = parser.parse_args()
    lines = [json.loads(line) for line in options.log.read_text().splitlines()]
    rows, end = [line for line in lines if "epoch" in line], lines[-1]
    epochs = [row["epoch"] for row in rows]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 2.6), layout="constrained")
        losses, *panels = figure.subplots(1, 1 + len(METRICS))
        losses.plot(epochs, [row["train_loss"] for row in rows], color=TRAIN, label="training")
        losses.plot(epochs, [row["loss"] for row in rows], color=VALID, label="validation")
        losses.set_ylabel("loss")
        losses.legend(frameon=False)
        for axes, metric in zip(panels, METRICS, strict=True):
            axes.plot(epochs, [row[metric] for row in rows], color=VALID, label="validation")
            axes.plot(end["best_epoch"], end["test"][metric], "D", color="black", markersize=4, label="test")
            axes.axhline(end["reported"][metric], color=GREY, linestyle=":", label="report")
            axes.set_ylabel(metric)
        panels[0].legend(frameon=False)
        for axes in (losses, *panels):
            axes.axvline(end["best_epoch"], color=GREY, linestyle="--", linewidth=0.8, zorder=0)
            axes.set_xlabel("epoch")
        save(figure, options.out)


if __name__ == "__main__":
    main()
