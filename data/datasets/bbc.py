"""BBC news: 2,225 articles of 2004 and 2005 in five topics.

Source: Greene and Cunningham, "Practical Solutions to the Problem of Diagonal Dominance in Kernel Document
Clustering", ICML 2006; as the table `bbc-text.csv`: title and text in one column, lower case.
"""

from pathlib import Path

from data.config import DataOptions
from data.datasets.text_table import read_classes
from data.files import find_file
from data.rows import DataSet, Rows

CLASS_NAMES = ("business", "entertainment", "politics", "sport", "tech")
PLACES = ("bbc/bbc-text.csv", "bbc-text.csv")


def find(_options: DataOptions, datasets: Path | None) -> tuple[Path, ...]:
    """Return the file."""
    return (find_file("bbc", PLACES, datasets),)


def load(_options: DataOptions, paths: tuple[Path, ...]) -> Rows:
    """Return the articles."""
    return Rows(rows=read_classes(paths[0], "text", "category", CLASS_NAMES), class_names=CLASS_NAMES)


BBC = DataSet(about="BBC news topics (texts)", size="2,225 texts, 5 classes", find=find, load=load, kind="texts")
