"""The data sets known by name.  To add one: a module with a ``DataSet``, its import here, its line below."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from data.config import DataOptions
from data.datasets.airline import AIRLINE
from data.datasets.bbc import BBC
from data.datasets.gestures import GESTURES
from data.datasets.heartbeats import HEARTBEATS
from data.datasets.long_table import LONG_TABLE, SEGMENTS
from data.datasets.mackey_glass import MACKEY_GLASS
from data.datasets.physionet import PHYSIONET
from data.datasets.series_table import SERIES_TABLE
from data.datasets.synthetic import SYNTHETIC
from data.datasets.table import TABLE
from data.datasets.text_table import TEXT_TABLE
from data.datasets.ucr import PREFIX, UCR, is_archive
from data.errors import DataError
from data.formats import ALLOWED_SUFFIXES, unsupported
from data.messages import as_list, nearest
from data.own_rows import checked
from data.rows import DataSet

LONG = ("sequence", "time", "channels", "segment")
"""Options of long tables."""
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
class OwnDataSet:
    """A data set of a user's code.  sha256: of the file that defines it; prepared arrays are kept under it."""

    data_set: DataSet
    sha256: str


OWN: dict[str, OwnDataSet] = {}
"""The data sets of the code in use."""


def register(name: str, data_set: object, *, sha256: str) -> None:
    """Add a data set of a user's code.

    Raises:
        ValueError: the name is taken or means a file, or the entry is not a data set.
    """
    if name in CATALOGUE or name in OWN:
        what = "a data set of this package" if name in CATALOGUE else "defined twice"
        raise ValueError(f"is {what}. Choose another name")
    if Path(name).suffix or is_archive(name):
        raise ValueError("would mean a file. Choose a name without a suffix")
    if not isinstance(data_set, DataSet):
        raise ValueError("must be a data.rows.DataSet")  # noqa: TRY004 - as for any other entry
    OWN[name] = OwnDataSet(data_set=checked(data_set), sha256=sha256)


def forget() -> None:
    """Remove every registered data set."""
    OWN.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """One line of ``seqtune datasets``.  where: the files found, or the places searched."""

    name: str
    about: str
    size: str
    found: bool
    where: str


def resolve(options: DataOptions) -> DataSet:
    """Return the data set that ``options.dataset`` names: one of the catalogue, or a file by its path.

    Raises DataError where there is none, or where an option is not for it.
    """
    _check_columns(options)
    data_set = _named(options)
    if options.split not in data_set.splits:
        allowed = " or ".join(f'split = "{split}"' for split in data_set.splits)
        why = "a series is split in order of time; " if data_set.kind == "series" else ""
        if data_set is SEGMENTS:
            why = "windows of one recording are alike or overlap, so they must be in one part; "
        raise DataError(f'data.split = "{options.split}": not for {options.dataset}: {why}use {allowed}.')
    return data_set


def _check_columns(options: DataOptions) -> None:
    if options.ignore and options.columns:
        raise DataError(
            "data.ignore and data.columns: use one of them. data.columns already leaves out all other columns."
        )
    if options.channels and (given := _given(options, ("ignore", "columns"))):
        raise DataError(
            f"data.channels and data.{given[0]}: use one of them. data.channels already leaves out all other columns."
        )
    lists = {"data.ignore": options.ignore, "data.columns": options.columns, "data.channels": options.channels}
    for key, names in lists.items():
        if len(set(names)) < len(names):
            raise DataError(f"{key} = {as_list(names)}: a column occurs more than once.")


def _given(options: DataOptions, keys: Iterable[str]) -> list[str]:
    return [key for key in keys if getattr(options, key) not in (None, ())]


def _named(options: DataOptions) -> DataSet:
    name = options.dataset
    known = CATALOGUE | {own: entry.data_set for own, entry in OWN.items()}
    if name in known:
        given = _given(options, ("label", "group", "text", "target", "test", "ignore", "columns", *LONG))
        if given:
            raise DataError(
                f"data.{given[0]}: {name} has its own columns and test part; data.{given[0]} is for tables only."
            )
        return known[name]
    if is_archive(name):
        given = _given(options, ("label", "group", "text", "target", "ignore", "columns", *LONG))
        if given:
            raise DataError(
                f"data.{given[0]}: a .ts file has no columns and contains its classes. Leave data.{given[0]} out."
            )
        return UCR
    meant = nearest(name, known)
    fault = unsupported(name)
    if fault is not None:
        raise DataError(f"data.dataset = {name!r}: {fault}{meant}")
    if Path(name).suffix:
        return _table(options)
    raise DataError(
        f"data.dataset = {name!r}: no such data set. Known: {', '.join(known)}, {PREFIX}NAME, or the path of a "
        f"file ({', '.join(ALLOWED_SUFFIXES)}).{meant}"
    )


def _table(options: DataOptions) -> DataSet:
    """Return the kind of a table: sequences, one per row or long; texts if there is a text column; else a series."""
    kinds = _given(options, ("text", "target", "sequence"))
    if len(kinds) > 1:
        held = {"text": "texts", "target": "a series", "sequence": "sequences with ids"}
        raise DataError(
            f"{options.dataset}: data.{kinds[0]} and data.{kinds[1]}: a table holds {held[kinds[0]]} or "
            f"{held[kinds[1]]}, not both."
        )
    if options.sequence is None and (given := _given(options, LONG)):
        raise DataError(
            f"{options.dataset}: data.{given[0]} is for long tables, with one row per time step. Name the column with "
            "the id of each row's sequence with data.sequence, or leave the key out."
        )
    lists = _given(options, ("ignore", "columns"))
    without_columns = [*kinds, *lists]
    if Path(options.dataset).suffix == ".npz" and without_columns:
        raise DataError(
            f"{options.dataset}: data.{without_columns[0]}: an .npz file has no columns. Use a .csv or .parquet file."
        )
    if kinds == ["text"] and lists:
        raise DataError(
            f"{options.dataset}: data.{lists[0]}: of a table of texts only the columns of data.text, data.label and "
            f"data.group are read. Leave data.{lists[0]} out."
        )
    if kinds == ["target"] and (given := _given(options, ("label", "group", "test"))):
        raise DataError(
            f"{options.dataset}: data.{given[0]}: a series has no label, group or second table; its last rows are the "
            f"test part. Leave data.{given[0]} out."
        )
    long = LONG_TABLE if options.segment is None else SEGMENTS
    return {"text": TEXT_TABLE, "target": SERIES_TABLE, "sequence": long}[kinds[0]] if kinds else TABLE


def describe(datasets: Path | None) -> list[Description]:
    """Return every data set of the catalogue and the files found for it; loads nothing."""
    return [_description(name, data_set, datasets) for name, data_set in CATALOGUE.items()]


def _description(name: str, data_set: DataSet, datasets: Path | None) -> Description:
    try:
        paths = data_set.find(DataOptions(dataset=name), datasets)
    except DataError as error:
        return Description(name=name, about=data_set.about, size=data_set.size, found=False, where=str(error))
    few = len(paths) <= 4  # noqa: PLR2004 - a line of text
    where = ", ".join(map(str, paths)) if few else f"{paths[0].parent} ({len(paths)} files)"
    return Description(name=name, about=data_set.about, size=data_set.size, found=True, where=where or "built in")
