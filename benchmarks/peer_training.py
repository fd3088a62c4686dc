"""Samples per second of training: seqtune, mltrainer, skorch and Lightning against the bare loop of torch.

    SEQTUNE_DATASETS=FOLDER python benchmarks/peer_training.py

The same networks on the same beats in memory: float32, one thread, batches of 32 shuffled rows, Adam with the same
options.  Each tool is used as its own documentation shows; what it does by default beside training (progress bars, a
logger, a checkpoint) is left as it is.  seqtune's epoch includes the validation of 32 rows and the hash of the weights.
After one epoch that is not timed, the tools train one epoch each in turns.

Prints one JSON line: for each network and tool, samples per second of wall and of processor time (medians), and the
median of the ratios of processor time to the bare loop of the same turn: 1.1 is a tenth faster than the bare loop.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from benchmark_data import beats, trial
from peer_process import OneArgument
from torch.utils.data import DataLoader, TensorDataset

from data.arrays import Arrays
from data.prepared import open_arrays
from models.catalogue import build
from models.configs import CNN2DConfig, CNNGRUConfig, NeuralConfig
from tuning.campaign.trial import TrialConfig
from tuning.training.loop import Training

NETWORKS: dict[str, NeuralConfig] = {
    "cnn2d": CNN2DConfig(hidden=62, layers=3, blocks=1, dropout=0.3),
    "cnn-gru": CNNGRUConfig(cnn_hidden=32, gru_hidden=64, gru_layers=2, blocks=1, dropout=0.3),
}
BATCH, VALIDATED = 32, 32
ADAM = {"lr": 1e-3, "weight_decay": 1e-5}

Clock = dict[str, float]
Epoch = Callable[[], Clock]
"""Trains one epoch and returns its seconds, of wall and of processor time."""


@contextmanager
def clock() -> Iterator[Clock]:
    """Fill in the wall and processor seconds of a block."""
    seconds: Clock = {}
    wall, processor = time.perf_counter(), time.process_time()
    yield seconds
    seconds |= {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}


def network(config: NeuralConfig, arrays: Arrays) -> torch.nn.Module:
    return OneArgument(
        build(config, steps=arrays.steps, channels=arrays.channels, outputs=arrays.outputs), arrays.steps
    )


def tensors(arrays: Arrays) -> TensorDataset:
    return TensorDataset(
        torch.from_numpy(np.array(arrays.train.x[arrays.order])),
        torch.from_numpy(np.array(arrays.train.y[arrays.order])),
    )


def bare(trial_config: TrialConfig, arrays: Arrays, _: Path) -> Epoch:
    """Return the loop that everybody writes, on tensors and without a DataLoader."""
    model = network(trial_config.model, arrays)  # type: ignore[arg-type]
    optimizer, loss = torch.optim.Adam(model.parameters(), **ADAM), torch.nn.CrossEntropyLoss()
    x, y = tensors(arrays).tensors

    def epoch() -> Clock:
        with clock() as seconds:
            model.train()
            for rows in torch.randperm(len(x)).split(BATCH):
                optimizer.zero_grad()
                loss(model(x[rows]), y[rows]).backward()
                optimizer.step()
        return seconds

    return epoch


def seqtune(trial_config: TrialConfig, arrays: Arrays, _: Path) -> Epoch:
    training = Training(trial_config, arrays)

    def epoch() -> Clock:
        torch.use_deterministic_algorithms(mode=True)  # as every trial is trained
        with clock() as seconds:
            training.run_epoch()
        torch.use_deterministic_algorithms(mode=False)
        return seconds

    return epoch


def mltrainer(trial_config: TrialConfig, arrays: Arrays, folder: Path) -> Epoch:
    from mltrainer import Trainer, TrainerSettings, metrics

    loader = DataLoader(tensors(arrays), batch_size=BATCH, shuffle=True)
    settings = TrainerSettings(
        epochs=1,
        metrics=[metrics.Accuracy()],
        logdir=folder,
        train_steps=len(loader),
        valid_steps=1,
        reporttypes=[],
        optimizer_kwargs=ADAM,
        earlystop_kwargs=None,
    )
    trainer = Trainer(
        model=network(trial_config.model, arrays),  # type: ignore[arg-type]
        settings=settings,
        loss_fn=torch.nn.CrossEntropyLoss(),
        optimizer=torch.optim.Adam,
        traindataloader=loader,
        validdataloader=loader,
        scheduler=None,
        device="cpu",
    )

    def epoch() -> Clock:
        with clock() as seconds:
            trainer.trainbatches()  # an epoch of its loop, without validation
        return seconds

    return epoch


def skorch(trial_config: TrialConfig, arrays: Arrays, _: Path) -> Epoch:
    from skorch import NeuralNetClassifier

    net = NeuralNetClassifier(
        network(trial_config.model, arrays),  # type: ignore[arg-type]
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        optimizer__lr=ADAM["lr"],
        optimizer__weight_decay=ADAM["weight_decay"],
        max_epochs=1,
        batch_size=BATCH,
        iterator_train__shuffle=True,
        train_split=None,
        classes=range(arrays.outputs),
    )
    x, y = (tensor.numpy() for tensor in tensors(arrays).tensors)

    def epoch() -> Clock:
        with clock() as seconds, redirect_stdout(sys.stderr):
            net.partial_fit(x, y)
        return seconds

    return epoch


def lightning(trial_config: TrialConfig, arrays: Arrays, folder: Path) -> Epoch:
    import lightning as pl

    class Classifier(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = network(trial_config.model, arrays)  # type: ignore[arg-type]

        def training_step(self, batch: Any, _: int) -> torch.Tensor:
            x, y = batch
            loss = torch.nn.functional.cross_entropy(self.network(x), y)
            self.log("train_loss", loss)
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam(self.parameters(), **ADAM)

    class Timed(pl.Callback):
        """Times the last epoch, without the start and the end of ``fit``."""

        def on_train_epoch_start(self, *_: Any) -> None:
            self.block = clock()
            self.seconds = self.block.__enter__()

        def on_train_epoch_end(self, *_: Any) -> None:
            self.block.__exit__(None, None, None)

    model, loader = Classifier(), DataLoader(tensors(arrays), batch_size=BATCH, shuffle=True)

    def epoch() -> Clock:
        timed = Timed()
        with redirect_stdout(sys.stderr):
            pl.Trainer(max_epochs=2, accelerator="cpu", default_root_dir=folder, callbacks=[timed]).fit(model, loader)
        return timed.seconds

    return epoch


TOOLS = {"bare": bare, "seqtune": seqtune, "mltrainer": mltrainer, "skorch": skorch, "lightning": lightning}


def available() -> list[str]:
    """Return the tools that are installed; the peers are in the extra ``bench``."""
    return [name for name in TOOLS if name in ("bare", "seqtune") or find_spec(name) is not None]


def measure(arrays: Arrays, configs: dict[str, TrialConfig], *, repeats: int, folder: Path) -> dict[str, Any]:
    """Return the figures of each network and tool."""
    torch.set_num_threads(1)
    rows, figures = len(arrays.order), {}
    for name, config in configs.items():
        epochs = {tool: TOOLS[tool](config, arrays, folder) for tool in available()}
        for epoch in epochs.values():
            epoch()
        turns: dict[str, list[Clock]] = defaultdict(list)
        for turn in range(repeats):
            tools = list(epochs)
            for tool in tools[turn % len(tools) :] + tools[: turn % len(tools)]:
                turns[tool].append(epochs[tool]())
        figures[name] = {
            tool: {
                "per_s": round(rows / median(each["wall"] for each in seconds)),
                "per_processor_s": round(rows / median(each["processor"] for each in seconds)),
                "ratio": round(
                    median(
                        own["processor"] / each["processor"] for own, each in zip(turns["bare"], seconds, strict=True)
                    ),
                    3,
                ),
            }
            for tool, seconds in turns.items()
        }
    return figures


def main() -> None:
    """Measure on a sample of real beats."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1600, help="training rows")
    parser.add_argument("--repeats", type=int, default=7, help="timed epochs of each tool")
    parser.add_argument("--began", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
        folder = Path(scratch)
        os.chdir(folder)
        data, prepared = beats(folder / "arrays", rows=2 * options.rows)
        arrays = open_arrays(prepared.directory)
        part = arrays.valid
        valid = replace(part, x=part.x[:VALIDATED], lengths=part.lengths[:VALIDATED], y=part.y[:VALIDATED])
        arrays = replace(arrays, order=arrays.order[: options.rows], valid=valid)
        configs = {
            name: trial(data, prepared, config.model_dump(), seed=1, epochs=1000, batch_size=BATCH, scheduler="none")
            for name, config in NETWORKS.items()
        }
        figures = measure(arrays, configs, repeats=options.repeats, folder=folder)
    print(json.dumps({"benchmark": "peer_training", "rows": options.rows, "repeats": options.repeats, **figures}))


if __name__ == "__main__":
    main()
