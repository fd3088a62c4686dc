"""``seqtune doctor``: is this machine ready?"""

import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from tuning.campaign.errors import StoreError
from tuning.cli.options import EXIT_NEGATIVE, VAR, DatasetsOption, HomeOption, JsonOption

if TYPE_CHECKING:
    from rich.console import Console

    from tuning.journal.home import Home

TESTED = {
    "torch": "2.13.0",
    "ray": "2.60.0",
    "hyperopt": "0.3.0",
    "optuna": "5.0.0",
    "mlflow": "3.17.2",
    "numpy": "2.3.5",
    "scipy": "1.17.1",
    "pandas": "3.0.6",
    "scikit-learn": "1.9.1",
    "imbalanced-learn": "0.14.2",
    "pydantic": "2.14.3",
}
"""What constraints.txt pins of the libraries that results depend on; other versions may work, but give other bits."""

OLDEST_PYTHON = (3, 11)
DISK_GB = 2.0
"""Recommended free space: prepared arrays of a large set, checkpoints, the MLflow store."""
SHARED_MEMORY_MB = 256
"""Ray keeps its object store there; with less it falls back to slower files."""
WORKER_MB = 500
"""Resident memory of one worker that has imported torch and Ray, with a small model."""

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: what was found, and what to do about it."""

    name: str
    state: State
    found: str


def doctor(*, home: HomeOption = VAR, datasets: DatasetsOption = None, as_json: JsonOption = False) -> None:
    """Check whether this machine and installation are ready.

    Writes nothing.  Example: seqtune doctor --datasets ../datasets
    """
    from tuning.cli import tables
    from tuning.journal.home import Home

    checks = examine(Home(home.expanduser().absolute()), datasets)
    tables.emit(checks, as_json=as_json, show=lambda: show(checks, tables.console()))
    if any(check.state == "fail" for check in checks):
        raise typer.Exit(EXIT_NEGATIVE)


def examine(home: "Home", datasets: Path | None) -> list[Check]:
    """Check everything that a campaign needs; takes seconds, as torch and MLflow are imported."""
    return [
        _python(),
        *(_package(name, tested) for name, tested in TESTED.items()),
        _guarded("processor", _processor),
        _guarded("memory", _memory),
        *_home(home),
        _shared_memory(),
        _guarded("MLflow store", lambda: _store(home)),
        *_data_sets(datasets),
    ]


def show(checks: list[Check], target: "Console") -> None:
    """Print the checks and a summary."""
    from tuning.cli import tables
    from tuning.cli.tables import Column

    tables.table(
        target,
        [Column(head="check"), Column(head="state"), Column(head="found")],
        [[check.name, check.state, check.found] for check in checks],
    )
    failed = [check.name for check in checks if check.state == "fail"]
    warned = [check.name for check in checks if check.state == "warn"]
    target.print()
    if failed:
        tables.line(target, f"Not ready: {', '.join(failed)}", "bold red")
    elif warned:
        tables.line(target, f"Ready, with warnings: {', '.join(warned)}", "bold yellow")
    else:
        tables.line(target, "Ready", "bold green")


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    """A check that cannot even be made has failed."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with an installation shows here
        return Check(name=name, state="fail", found=f"{type(error).__name__}: {error}")


def _python() -> Check:
    fine = sys.version_info[:2] >= OLDEST_PYTHON
    wanted = "" if fine else f"; {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed"
    return Check(name="python", state="ok" if fine else "fail", found=f"{platform.python_version()}{wanted}")


def _package(name: str, tested: str) -> Check:
    try:
        found = version(name)
    except PackageNotFoundError:
        return Check(name=name, state="fail", found=f"absent; pip install {name}=={tested}")
    # A local part (+cpu, +cu130) says how it was built, not what it is.
    if found.partition("+")[0] == tested:
        return Check(name=name, state="ok", found=found)
    return Check(name=name, state="warn", found=f"{found}; tested with {tested}, and other versions give other bits")


def _processor() -> Check:
    from data.machine import cores
    from tuning.training.environment import current

    there = current()
    return Check(name="processor", state="ok", found=f"{there.processor}, {cores()} cores, {there.isa}")


def _memory() -> Check:
    from data.machine import machine_bytes

    total = machine_bytes() / 2**20
    found = f"{total / 1024:.1f} GiB"
    if total < 2 * WORKER_MB:
        return Check(
            name="memory", state="warn", found=f"{found}; a driver and a worker need about {2 * WORKER_MB} MiB"
        )
    return Check(name="memory", state="ok", found=found)


def _home(home: "Home") -> list[Check]:
    there = next(path for path in (home.path, *home.path.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"x")
        free = shutil.disk_usage(there).free / 1e9
    except OSError as error:
        found = f"{home.path} cannot be written: {error.strerror or error}; choose another --home"
        return [Check(name="home", state="fail", found=found)]
    enough = free >= DISK_GB
    advice = "" if enough else f"; less than {DISK_GB:.0f} GB, a campaign may run out of it"
    return [
        Check(
            name="home", state="ok", found=f"{home.path}{'' if there == home.path else ', made by the first launch'}"
        ),
        Check(name="disk", state="ok" if enough else "warn", found=f"{free:.1f} GB free{advice}"),
    ]


def _shared_memory() -> Check:
    place = Path("/dev/shm")  # noqa: S108 - the kernel's own, and only looked at
    if not place.is_dir():
        return Check(name="shared memory", state="ok", found="no /dev/shm; Ray uses files")
    free = shutil.disk_usage(place).free / 2**20
    if free < SHARED_MEMORY_MB:
        advice = f"{free:.0f} MiB in /dev/shm; give the container --shm-size={SHARED_MEMORY_MB}m or more"
        return Check(name="shared memory", state="warn", found=advice)
    return Check(name="shared memory", state="ok", found=f"{free / 1024:.1f} GiB in /dev/shm")


def _store(home: "Home") -> Check:
    from data.addresses import masked
    from tuning.tracking.client import Store, reachable

    uri = home.tracking_uri
    file = Path(uri.removeprefix("sqlite:///"))
    if uri.startswith("sqlite:///") and not file.exists():
        return Check(name="MLflow store", state="ok", found=f"{masked(str(file))}, made by the first launch")
    try:
        with reachable(uri):
            Store(uri).find_experiment("seqtune-doctor")
    except StoreError as error:
        return Check(name="MLflow store", state="fail", found=str(error))
    return Check(name="MLflow store", state="ok", found=masked(uri))


def _data_sets(datasets: Path | None) -> list[Check]:
    from data.catalogue import describe

    if datasets is not None and not datasets.is_dir():
        return [Check(name="data sets", state="fail", found=f"{datasets}: no such folder; set --datasets")]
    return [
        Check(name=f"data: {one.name}", state="ok" if one.found else "warn", found=one.where)
        for one in describe(datasets)
    ]
