"""Tables of texts: CSV or Parquet, one row per text with a label."""

from collections.abc import Sequence
from pathlib import Path

from data.config import DataOptions
from data.datasets.columns import column_names, known, label_column, read_texts
from data.datasets.table import find
from data.rows import DataSet, Rows, encode_as, encode_groups, encode_labels, known_group_notes
from data.spellings import group_spelling_notes, label_spelling_notes
from data.texts import Texts, texts


def load(options: DataOptions, paths: tuple[Path, ...]) -> Rows:
    """Return a user's texts: reads the columns ``options.text``, label and, if given, group, and no other."""
    path = paths[0]
    names = column_names(path)
    text = known(path, names, options.text or "", "data.text")
    label = label_column(path, names, options.label, unused=(text,))
    group = None if options.group is None else known(path, names, options.group, "data.group")
    raw, columns = read_texts(path, text, [label] if group is None else [label, group])
    y, class_names = encode_labels(columns[label], str(path))
    test = read_classes(paths[1], text, label, class_names) if len(paths) > 1 else None
    notes = label_spelling_notes(class_names)
    if group is not None:
        notes += group_spelling_notes(columns[group].tolist(), group)
    if group is not None and len(paths) > 1 and group in column_names(paths[1]):  # a test part needs no groups
        tested = read_texts(paths[1], text, [group])[1][group]
        notes += known_group_notes(columns[group].tolist(), tested.tolist(), group)
    return Rows(
        rows=texts(raw, y, str(path)),
        class_names=class_names,
        groups=None if group is None else encode_groups(columns[group], str(path)),
        group_name=group,
        test=test,
        notes=notes,
    )


def read_classes(path: Path, text: str, label: str, class_names: Sequence[str]) -> Texts:
    """Return the texts of a file whose classes are known beforehand."""
    names = column_names(path)
    known(path, names, text, "data.text")
    known(path, names, label, "data.label")
    raw, columns = read_texts(path, text, [label])
    return texts(raw, encode_as(columns[label], tuple(class_names), str(path)), str(path))


TEXT_TABLE = DataSet(about="a table of your own: one row per text", size="any", find=find, load=load, kind="texts")
