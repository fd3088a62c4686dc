"""The data sets known by name.  Adding one: a module with a ``DataSet``, its import here, its line below."""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from data.airline import AIRLINE
from data.bbc import BBC
from data.config import DataOptions
from data.errors import DataError
from data.gestures import GESTURES
from data.heartbeats import HEARTBEATS
from data.mackey_glass import MACKEY_GLASS
from data.physionet import PHYSIONET
from data.rows import DataSet
from data.series_table import SERIES_TABLE
from data.synthetic import SYNTHETIC
from data.table import SUFFIXES, TABLE
from data.text_table import TEXT_TABLE
from data.ucr import PREFIX, SUFFIX, UCR, names

CATALOGUE: dict[str, DataSet] = {
    "heartbeats": HEARTBEATS,
    "heartbeats-physionet": PHYSIONET,
    "gestures": GESTURES,
    "bbc": BBC,
    "airline": AIRLINE,
    "mackey-glass": MACKEY_GLASS,
    "synthetic": SYNTHETIC,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """One line of ``seqtune datasets``.  where: the files found, or where they were looked for."""

    name: str
    about: str
    size: str
    found: bool
    where: str


def resolve(options: DataOptions) -> DataSet:
    """Return the data set that ``options.dataset`` names: one of the catalogue, or a file by its path.

    Raises DataError where there is none, or where an option means nothing for it.
    """
    data_set = _named(options)
    if options.split not in data_set.splits:
        allowed = " or ".join(f'split = "{split}"' for split in data_set.splits)
        why = "a series is split in order of time; " if data_set.kind == "series" else ""
        raise DataError(f'data.split = "{options.split}": not for {options.dataset}: {why}use {allowed}.')
    return data_set


def _named(options: DataOptions) -> DataSet:
    name = options.dataset
    if name in CATALOGUE:
        given = [key for key in ("label", "group", "text", "target", "test") if getattr(options, key) is not None]
        if given:
            raise DataError(f"data.{given[0]}: {name} knows its own columns and test part; only a table is told them.")
        return CATALOGUE[name]
    if names(name):
        return UCR
    if Path(name).suffix in SUFFIXES:
        return _table(options)
    near = get_close_matches(name, CATALOGUE, n=1)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    raise DataError(
        f"data.dataset = {name!r}: no such data set. Known: {', '.join(CATALOGUE)}, {PREFIX}NAME, or the path of a "
        f"table ({', '.join((*SUFFIXES, SUFFIX))}).{meant}"
    )


def _table(options: DataOptions) -> DataSet:
    """Return what a table's rows are: sequences, texts where a text column is named, or a series with a target."""
    kinds = [key for key in ("text", "target") if getattr(options, key) is not None]
    if not kinds:
        return TABLE
    if len(kinds) > 1:
        raise DataError(f"{options.dataset}: data.text and data.target: a table is of texts or a series, not both.")
    if Path(options.dataset).suffix == ".npz":
        raise DataError(
            f"{options.dataset}: data.{kinds[0]}: an .npz file has no columns. Use a .csv or .parquet file."
        )
    if kinds == ["text"]:
        return TEXT_TABLE
    for key in ("label", "group", "test"):
        if getattr(options, key) is not None:
            raise DataError(
                f"{options.dataset}: data.{key}: a series has its target alone, and its last rows are the test part. "
                f"Leave data.{key} out."
            )
    return SERIES_TABLE


def describe(datasets: Path | None) -> list[Description]:
    """Return every data set of the catalogue with where it was found; loads nothing."""
    return [_description(name, data_set, datasets) for name, data_set in CATALOGUE.items()]


def _description(name: str, data_set: DataSet, datasets: Path | None) -> Description:
    try:
        paths = data_set.find(DataOptions(dataset=name), datasets)
    except DataError as error:
        return Description(name=name, about=data_set.about, size=data_set.size, found=False, where=str(error))
    few = len(paths) <= 4  # noqa: PLR2004 - a line of text
    where = ", ".join(map(str, paths)) if few else f"{paths[0].parent} ({len(paths)} files)"
    return Description(name=name, about=data_set.about, size=data_set.size, found=True, where=where or "built in")
