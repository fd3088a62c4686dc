"""From a DataConfig to arrays on disk: loaded, split and balanced once, then found again."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from data.balance import refuse_balance
from data.build import write_balanced
from data.catalogue import CATALOGUE, resolve
from data.config import DataConfig
from data.content import Content, Progress
from data.files import SourceFile, fingerprint, named
from data.manifest import TEST, TRAINING, Manifest, identity, key
from data.raw import write_raw
from data.rows import Kind
from data.store import building, find
from data.texts import FIRST

LIBRARIES = ("numpy", "scikit-learn", "imbalanced-learn", "pyarrow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Arrays on disk, for ``open_arrays`` and ``open_test``.  reused: they were there, nothing was loaded."""

    directory: Path
    manifest: Manifest
    reused: bool

    @property
    def sha256(self) -> str:
        """Identity of what a trial sees."""
        return self.manifest.sha256


def ignore(_message: str) -> None:
    """Show no progress."""


def prepare(
    config: DataConfig, *, datasets: Path | None, store: Path, progress: Progress = ignore, verify: bool = True
) -> Prepared:
    """Return the arrays of ``config``, prepared under ``store``, or found there.

    datasets: folder of the data sets, or None.  verify: read what is found and compare its hash (0.15 s for 129 MiB);
    without it a file counts as whole by its size.  Damaged directories are made again.  Every balance is made from
    the raw directory of the same split, and shares its files.

    Raises:
        DataError: the data cannot be found, read, split or balanced, or the arrays not written; nothing is left behind.
    """
    data_set = resolve(config)
    refuse_balance(config, data_set.kind)
    paths = data_set.find(config, datasets)
    files = named(paths)
    if files:
        progress(f"{config.dataset}: hashing {files}")
    sources = tuple(fingerprint(path) for path in paths)
    obtain = partial(_obtain, kind=data_set.kind, sources=sources, store=store, verify=verify)

    def make_raw(folder: Path) -> Content:
        progress(f"{config.dataset}: reading {files or 'built-in rows'}")
        return write_raw(config, data_set.load(config, paths), folder, progress)

    def make_balanced(folder: Path) -> Content:
        raw = obtain(config.model_copy(update={"balance": "raw"}), make=make_raw)
        return write_balanced(config, raw.directory, raw.manifest, folder, progress)

    return obtain(config, make=make_raw if config.balance == "raw" else make_balanced)


def _obtain(
    config: DataConfig,
    *,
    kind: Kind,
    sources: tuple[SourceFile, ...],
    store: Path,
    verify: bool,
    make: Callable[[Path], Content],
) -> Prepared:
    """Return a prepared directory that is found, or made by ``make`` in an empty folder."""
    name = key(config, sources, kind=kind, catalogued=config.dataset in CATALOGUE)
    directory = store.absolute() / f"{config.balance}-{name[:24]}"  # workers run in other working directories
    found = find(directory, name, verify=verify)
    if found is not None:
        return Prepared(directory=directory, manifest=found, reused=True)
    start = time.perf_counter()
    with building(directory, name, verify=verify) as folder:
        content = make(folder)
        named = partial(identity, content.class_names, content.arrays, words=content.words, scale=content.scale)
        manifest = Manifest(
            key=name,
            sha256=named(names=TRAINING),
            test_sha256=named(names=TEST),
            class_names=content.class_names,
            steps=content.steps,
            channels=content.channels,
            counts=content.counts,
            notes=content.notes,
            sources=sources,
            seconds=round(time.perf_counter() - start, 3),
            versions={library: version(library) for library in LIBRARIES},
            arrays=content.arrays,
            tokens=len(content.words) + FIRST if content.words else None,
            words=content.words,
            scale=content.scale,
            inputs=content.inputs,
        )
        manifest.write(folder)
    return Prepared(directory=directory, manifest=manifest, reused=False)
