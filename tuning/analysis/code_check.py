"""Checks of a user's code: the contract of models, and what metrics, spaces and data sets are relied on for."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from data.arrays import Part
from data.config import DataOptions
from data.errors import DataError
from data.rows import DataSet, Rows
from models.catalogue import build
from models.configs import ModelConfigBase, NeuralConfig
from models.contract import CONTRACT, STEPS, NotCheckedError, batch
from models.registered import OWN
from search_spaces.families import family_name
from search_spaces.space import Space
from tuning.campaign.code_files import Source
from tuning.campaign.objective import Metric
from tuning.campaign.own_code import tables_of
from tuning.campaign.trial import TrainConfig
from tuning.training.own_metrics import value

SAMPLES = 10
"""Of a space, each built."""

SLACK = 1e-9
"""By which rounding may take a metric out of its bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """One check.  entry: as ``MODELS inception``;  reason: None where it passed."""

    entry: str
    check: str
    result: Literal["passed", "failed", "not checked"]
    reason: str | None
    seconds: float


def check_code(source: Source, *, datasets: Path | None, progress: Callable[[str], None]) -> list[CheckRow]:
    """Run every check of a file whose tables are registered.  datasets: folder of the data sets."""
    tables = tables_of(source)
    rows = []
    for entry, check, run in _checks(tables, datasets):
        progress(f"{entry}: {check}")
        begun = time.perf_counter()
        result: Literal["passed", "failed", "not checked"] = "passed"
        reason = None
        try:
            run()
        except NotCheckedError as why:
            result, reason = "not checked", str(why)
        except Exception as error:  # noqa: BLE001 - a user's code may raise anything, which is the answer
            result = "failed"
            kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
            reason = kind + (str(error).splitlines() or ["it fails without a message"])[0]
        seconds = round(time.perf_counter() - begun, 3)
        rows.append(CheckRow(entry=entry, check=check, result=result, reason=reason, seconds=seconds))
    return rows


def _checks(
    tables: Mapping[str, Mapping[str, Any]], datasets: Path | None
) -> Iterator[tuple[str, str, Callable[[], None]]]:
    for name in tables["MODELS"]:
        config = OWN[name].config()
        for check, promise in CONTRACT.items():
            yield f"MODELS {name}", check, partial(promise, config)
    for name, space in tables["SPACES"].items():
        yield f"SPACES {name}", f"{SAMPLES} samples build", partial(_samples_build, space)
    for name, metric in tables["METRICS"].items():
        yield f"METRICS {name}", "finite and within its bounds", partial(_within_bounds, name, metric)
        yield f"METRICS {name}", "the same twice, arguments untouched", partial(_pure, name, metric)
    for name, data_set in tables["DATASETS"].items():
        yield f"DATASETS {name}", "loads the same rows twice", partial(_loads_twice, name, data_set, datasets)


def _samples_build(space: Space) -> None:
    rng = np.random.default_rng(0)
    for _ in range(SAMPLES):
        values = space.complete(space.sample(rng))
        family = space.family(values)
        fields = {room: _under(room, values) for room in ("model", "train")}
        TrainConfig(**fields["train"])
        config: ModelConfigBase = family(**{**fields["model"], "family": family_name(family)})
        if isinstance(config, NeuralConfig):
            model = build(config, steps=STEPS, channels=1, outputs=2).eval()
            found = model(*batch((STEPS, 3)))
            if tuple(found.shape) != (2, 2):
                raise ValueError(f"{values}: outputs of shape {tuple(found.shape)}")


def _under(room: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {path.removeprefix(f"{room}."): found for path, found in values.items() if path.startswith(f"{room}.")}


def _cases(metric: Metric) -> Iterator[tuple[str, tuple[NDArray[Any], ...]]]:
    """Yield what a metric may meet: any prediction, a perfect one, an absent class, a single prediction."""
    rng = np.random.default_rng(0)
    if metric.of == "numbers":
        truth = rng.normal(10.0, 3.0, 40)
        yield "random predictions", (truth, rng.normal(10.0, 3.0, 40))
        yield "perfect predictions", (truth, truth.copy())
        yield "constant targets", (np.full(5, 2.0), rng.normal(2.0, 1.0, 5))
        return
    for classes in (2, 5):
        truth = (np.arange(40) % classes).astype(np.int64)
        chances = rng.dirichlet(np.ones(classes), 40).astype(np.float32)
        perfect = np.eye(classes, dtype=np.float32)[truth]
        absent = np.where(truth == classes - 1, 0, truth)
        alone = np.eye(classes, dtype=np.float32)[np.zeros(40, dtype=np.int64)]
        for what, y, scores in (
            ("random predictions", truth, chances),
            ("perfect predictions", truth, perfect),
            ("a class that is absent from the truth", absent, chances),
            ("one class predicted for all", truth, alone),
        ):
            counts = np.bincount(y * classes + scores.argmax(axis=1), minlength=classes**2).reshape(classes, classes)
            yield f"{what}, {classes} classes", (counts,) if metric.of == "counts" else (y, scores)


def _within_bounds(name: str, metric: Metric) -> None:
    for what, arguments in _cases(metric):
        found = value(name, metric, *arguments)
        if not metric.low - SLACK <= found <= metric.high + SLACK:
            raise ValueError(f"{what}: {found:g} is not from {metric.low:g} to {metric.high:g}")


def _pure(name: str, metric: Metric) -> None:
    for what, arguments in _cases(metric):
        given = [argument.copy() for argument in arguments]
        metric.function(*given)
        if not all(np.array_equal(before, after) for before, after in zip(arguments, given, strict=True)):
            raise ValueError(f"{what}: it changes its arguments")
        first, second = value(name, metric, *arguments), value(name, metric, *arguments)
        if first != second:
            raise ValueError(f"{what}: {first!r}, then {second!r} for the same arguments")


def _loads_twice(name: str, _data_set: DataSet, datasets: Path | None) -> None:
    from data.catalogue import OWN as DATA_SETS

    data_set = DATA_SETS[name].data_set
    options = DataOptions(dataset=name, split="chronological" if data_set.kind == "series" else "stratified")
    paths = data_set.find(options, datasets)
    first, second = (_content(data_set.load(options, paths)) for _ in range(2))
    if first != second:
        raise DataError("load returns other rows the second time. Seed its random numbers, sort its files")


def _content(rows: Any) -> list[bytes]:
    """Return the bytes of the arrays of rows or of a series."""
    if isinstance(rows, Rows):
        parts = [part for part in (rows.rows, rows.test) if isinstance(part, Part)]
        return [array.tobytes() for part in parts for array in (part.x, part.lengths, part.y)]
    return [rows.values.tobytes()]
