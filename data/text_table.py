"""Tables of texts: CSV or Parquet, one row a text with a label."""

from collections.abc import Sequence
from pathlib import Path

from data.columns import column_names, known, label_column, read_texts
from data.config import DataOptions
from data.rows import DataSet, Rows, encode_as, encode_groups, encode_labels
from data.table import find
from data.texts import Texts, texts


def load(options: DataOptions, paths: tuple[Path, ...]) -> Rows:
    """Return a user's texts: the columns ``options.text``, label and, where it is named, group; no other is read."""
    path = paths[0]
    names = column_names(path)
    text = known(path, names, options.text or "", "data.text")
    label = label_column(path, names, options.label)
    others = [label, *([known(path, names, options.group, "data.group")] if options.group is not None else [])]
    raw, columns = read_texts(path, text, others)
    y, class_names = encode_labels(columns[label], str(path))
    groups = encode_groups(columns[options.group], str(path)) if options.group is not None else None
    test = read_classes(paths[1], text, label, class_names) if len(paths) > 1 else None
    return Rows(rows=texts(raw, y, str(path)), class_names=class_names, groups=groups, test=test)


def read_classes(path: Path, text: str, label: str, class_names: Sequence[str]) -> Texts:
    """Return the texts of a file whose classes are known beforehand."""
    names = column_names(path)
    known(path, names, text, "data.text")
    known(path, names, label, "data.label")
    raw, columns = read_texts(path, text, [label])
    return texts(raw, encode_as(columns[label], tuple(class_names), str(path)), str(path))


TEXT_TABLE = DataSet(about="a table of your own: one row a text", size="any", find=find, load=load, kind="texts")
