"""A data set looked at before a campaign: its columns, their probable roles, its overview and what follows from it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.catalogue import CATALOGUE, resolve
from data.column_roles import Roles, guess_roles
from data.config import DataConfig, DataOptions
from data.datasets.table import TABLE
from data.errors import DataError
from data.findings import Finding, findings
from data.formats import PARQUET_SUFFIXES
from data.overview import Opened, Overview, overview, read
from data.table_profile import ColumnProfile, profile

COLUMNED = (".csv", *PARQUET_SUFFIXES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was found.

    keys: of ``[data]`` as they were used, ``dataset`` first.  columns: of a table, else none.  roles: of a table's
    columns; None where none were guessed.  opened, overview: None if ``error`` says why the rows could not be loaded.
    """

    keys: dict[str, Any]
    paths: tuple[Path, ...]
    columns: tuple[ColumnProfile, ...]
    roles: Roles | None
    opened: Opened | None
    overview: Overview | None
    findings: tuple[Finding, ...]
    error: DataError | None = None


def inspect(options: DataOptions, datasets: Path | None, *, split_seed: int, guess: bool = True) -> Inspection:
    """Look at a data set; writes nothing.

    guess: find the roles of a table's columns that ``options`` leaves open, and split by what was found.

    Raises:
        DataError: the file cannot be found, or not even its columns can be read.
    """
    path = _table(options, datasets)
    columns = () if path is None else profile(path)
    keys = {key: value for key, value in options if key in options.model_fields_set}
    roles, opened, seen, error = None, None, None, None
    try:
        if guess and path is not None:
            roles = guess_roles(path, columns, options)
            keys |= roles.options
        if guess and "split" not in keys and (split := _split(keys)) is not None:
            keys["split"] = split
        numbered = {"fold": 1} if keys.get("folds") or keys.get("splits") else {}
        config = DataConfig(**keys | numbered, split_seed=split_seed, balance_seed=split_seed)
        opened = read(config, datasets)
        seen = overview(opened)
    except DataError as fault:
        if not columns:
            raise
        error = fault
    paths = (path,) if opened is None and path is not None else opened.paths if opened is not None else ()
    return Inspection(
        keys=keys,
        paths=paths,
        columns=columns,
        roles=roles,
        opened=opened,
        overview=seen,
        findings=() if seen is None else findings(seen, roles, scaled=keys.get("scale") is not None),
        error=error,
    )


def _table(options: DataOptions, datasets: Path | None) -> Path | None:
    """Return the path of a CSV or Parquet file, None for other data.  DataError where there is none."""
    plain = DataOptions(dataset=options.dataset)  # its kind may depend on roles that are not known yet
    if Path(options.dataset).suffix not in COLUMNED or resolve(plain) is not TABLE:
        return None
    return TABLE.find(plain, datasets)[0]


def _split(keys: dict[str, Any]) -> str | None:
    """Return the split that suits a data set, None for the default."""
    if keys.get("group") is not None or keys.get("segment") is not None:
        return "grouped"
    series = "target" in keys or getattr(CATALOGUE.get(keys["dataset"]), "kind", None) == "series"
    return "chronological" if series else None
