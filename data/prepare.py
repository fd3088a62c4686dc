"""From a DataConfig to arrays on disk: loaded, split and balanced once, then reused."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from data.balance import check_balance
from data.balanced_parts import write_balanced
from data.catalogue import CATALOGUE, OWN, resolve
from data.chosen_classes import load
from data.config import DataConfig, Kind, TextRule
from data.content import Content, PreparationProgress
from data.files import SourceFile, file_names, fingerprint
from data.manifest import TEST, TRAINING, Manifest, identity, key
from data.scaling import check_scale
from data.split_parts import write_raw
from data.store import building, find
from data.texts import FIRST

LIBRARIES = ("numpy", "scikit-learn", "imbalanced-learn", "pyarrow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Arrays on disk, for ``open_arrays`` and ``open_test``.  reused: they existed, nothing was loaded."""

    directory: Path
    manifest: Manifest
    reused: bool

    @property
    def sha256(self) -> str:
        """Identity of a trial's arrays."""
        return self.manifest.sha256


def ignore(_message: str) -> None:
    """Show no progress."""


def prepare(
    config: DataConfig,
    *,
    datasets: Path | None,
    store: Path,
    progress: PreparationProgress = ignore,
    verify: bool = True,
) -> Prepared:
    """Return the arrays of ``config`` under ``store``; prepare them there if they do not exist.

    datasets: folder of the data sets, or None.  verify: compare the hashes of existing arrays (0.15 s for 129 MiB);
    without it only file sizes are compared.  Damaged directories are prepared again.  Every balance is derived from
    the raw directory of the same split, and shares its files.

    Raises:
        DataError: the data cannot be found, read, split or balanced, or the arrays not written; no partial directory
            remains.
    """
    data_set = resolve(config)
    check_balance(config, data_set.kind)
    check_scale(config, data_set.kind)
    paths = data_set.find(config, datasets)
    files = file_names(paths)
    if files:
        progress(f"{config.dataset}: hashing {files}")
    sources = tuple(fingerprint(path) for path in paths)
    obtain = partial(_obtain, kind=data_set.kind, sources=sources, store=store, verify=verify)

    raw_config = config.model_copy(update={"balance": "raw"})

    def raw_parts(folder: Path) -> Content:
        progress(f"{config.dataset}: reading {files or 'built-in rows'}")
        return write_raw(raw_config, load(data_set, config, paths), folder, progress)

    def balanced_parts(folder: Path) -> Content:
        raw = obtain(raw_config, write=raw_parts)
        return write_balanced(config, raw.directory, raw.manifest, folder, progress)

    return obtain(config, write=raw_parts if config.balance == "raw" else balanced_parts)


def _obtain(
    config: DataConfig,
    *,
    kind: Kind,
    sources: tuple[SourceFile, ...],
    store: Path,
    verify: bool,
    write: Callable[[Path], Content],
) -> Prepared:
    """Return an existing prepared directory, or let ``write`` fill an empty folder."""
    own = OWN.get(config.dataset)
    name = key(
        config,
        sources,
        kind=kind,
        catalogued=own is not None or config.dataset in CATALOGUE,
        code=None if own is None else own.sha256,
    )
    directory = store.absolute() / f"{config.balance}-{name[:24]}"  # workers run in other working directories
    existing = find(directory, name, verify=verify)
    if existing is not None:
        return Prepared(directory=directory, manifest=existing, reused=True)
    start = time.perf_counter()
    with building(directory, name, verify=verify) as folder:
        content = write(folder)
        rule = config.text_rule if content.words else TextRule()
        identity_of = partial(
            identity,
            content.class_names,
            content.arrays,
            words=content.words,
            rule=rule,
            scale=content.scale,
            scaling=content.scaling,
        )
        manifest = Manifest(
            key=name,
            sha256=identity_of(names=TRAINING),
            test_sha256=identity_of(names=TEST),
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
            rule=rule,
            scale=content.scale,
            scaling=content.scaling,
            inputs=content.inputs,
            target=content.target,
        )
        manifest.write(folder)
    return Prepared(directory=directory, manifest=manifest, reused=False)
